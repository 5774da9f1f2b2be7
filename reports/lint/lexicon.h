// The words that the rules know, read from data: subjects.json, predicates.json, allowances.json and language.json.
//
// A family has a tag and phrases. `verbs` are given in their base form and stand for all their forms; `nouns` for
// singular and plural; `words` for themselves. In a phrase, "a|b" is either, "a?" may be missing, "a*" is anything that
// begins so, "#" is a number, "#x" a number and what follows ("2x"), "^a" is written with a capital, "/a" and ".a" are
// joined to the word before by that mark, and "..." is up to six words. Tested by tests/lint/lexicon_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reports/lint/inflect.h"
#include "reports/lint/tags.h"
#include "reports/lint/words.h"

namespace assay::lint {

/// Some words of a sentence that are a phrase of a family.
struct Match {
  std::size_t begin = 0, end = 0;  ///< Words, half open.
  Tag tag = Tag::count;
  std::string_view of;  ///< Which device, feature or scope: "gb10"; empty where a family has one meaning.
};

/// Words with what they are.
struct TaggedWords {
  std::vector<Word> words;
  std::vector<Tags> tags;
  std::vector<Match> matches;

  bool is(std::size_t word, Tag tag) const { return has(tags[word], tag); }
};

class Lexicon {
 public:
  /// The built-in data. An error is a fault of the build.
  static Result<Lexicon> builtin();
  /// `texts`: name and JSON of each file.
  static Result<Lexicon> read(const std::vector<std::pair<std::string, std::string>>& texts);

  TaggedWords tag(std::vector<Word>) const;

  /// How many phrases a family has.
  std::size_t size(Tag) const;
  /// Words that end with a point and end no sentence: "e.g".
  const std::vector<std::string>& abbreviations() const { return abbreviations_; }

 private:
  /// One word of a phrase: its alternatives.
  struct Slot {
    std::vector<std::string> any_of;
    bool optional = false, capital = false, gap = false, prefix = false, number = false;
    char glue = 0;
  };
  struct Phrase {
    std::vector<Slot> slots;
    Tag tag = Tag::count;
    std::string of;
    bool verb = false;
  };
  friend class LexiconReader;

  static Slot slot_of(std::string_view text);
  static bool fits(const Slot&, const Word&);
  static std::size_t match(const Phrase&, std::size_t slot, const std::vector<Word>&, std::size_t word);
  static void quiet_identifiers(TaggedWords&);
  void add(Phrase);
  void try_phrase(std::size_t phrase, std::size_t at, TaggedWords&) const;

  std::vector<Phrase> phrases_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_first_;  ///< First word to phrases.
  std::vector<std::size_t> others_;  ///< Phrases whose first word is no plain word.
  std::vector<std::string> abbreviations_;
};

}  // namespace assay::lint
