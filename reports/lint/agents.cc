#include "reports/lint/agents.h"

#include <algorithm>
#include <array>

#include "reports/lint/verbs.h"

namespace assay::lint {
namespace {

class Reader {
 public:
  Reader(const TaggedWords& tagged, Clause& clause) : tagged_(tagged), clause_(clause) {}

  void read() {
    for (const std::size_t i : clause_.words) clause_.tags |= tagged_.tags[i];
    for (const Match& match : tagged_.matches) {
      if (std::ranges::find(clause_.words, match.begin) == clause_.words.end()) continue;
      if (match.tag == Tag::device || match.tag == Tag::target || match.tag == Tag::scope)
        clause_.devices.insert(match.of);
      if (match.tag == Tag::feature) clause_.features.insert(match.of);
    }
    if (!clause_.words.empty() && begins_condition(clause_.words.front())) clause_.conditional = true;
    find_verb();
    if (!clause_.head) find_agent();
  }

 private:
  static bool is_holder(std::string_view noun) {
    return std::ranges::any_of(std::array<std::string_view, 4>{"owner", "user", "developer", "customer"},
                               [&](std::string_view one) { return noun.starts_with(one); });
  }
  bool begins_condition(std::size_t word) const {
    return tagged_.is(word, Tag::hypothetical) || (word == 0 && tagged_.words[word].text == "should");
  }
  void find_verb() {
    for (std::size_t at = 0; at < clause_.words.size(); ++at) {
      if (!is_finite_verb(tagged_, clause_.words[at])) continue;
      clause_.verb = at;
      return;
    }
    // "refused by", "loaded from": a participle, unless no other verb is there.
    for (std::size_t at = 1; at < clause_.words.size(); ++at) {
      const std::size_t word = clause_.words[at];
      if (!tagged_.is(word, Tag::verb) || !tagged_.words[word].text.ends_with("ed")) continue;
      if (tagged_.words[word].glue != ' ' || makes_noun(tagged_, word - 1) || at + 1 == clause_.words.size()) continue;
      clause_.verb = at;
      return;
    }
  }

  /// "On an H100, the driver ...": the phrase up to the comma is no agent.
  std::size_t after_introduction(std::size_t verb) const {
    if (!tagged_.is(clause_.words.front(), Tag::preposition)) return 0;
    for (std::size_t at = verb; at > 0; --at)
      if (tagged_.words[clause_.words[at] - 1].text == ",") return at;
    return 0;
  }

  void find_agent() {
    if (!clause_.verb) return;
    const std::size_t begin = after_introduction(*clause_.verb);
    if (begin >= *clause_.verb) {
      clause_.takes_over = true;
      return;
    }
    std::size_t end = *clause_.verb;
    const bool in_phrase = tagged_.is(clause_.words[begin], Tag::preposition);
    if (!in_phrase)
      for (std::size_t at = begin + 1; at < end; ++at)
        if (ends_noun_phrase(clause_.words[at]) && !counts_what_follows(clause_.words[at])) end = at;
    while (end > begin + 1 && is_filler(clause_.words[end - 1])) --end;
    const std::size_t head = clause_.words[end - 1];
    clause_.head = head;
    clause_.agent = tagged_.tags[head];
    if (head > 0 && tagged_.is(head - 1, Tag::emulated)) set(clause_.agent, Tag::emulated);
    // "Spark owners": what is said of them is said of the Spark.
    if (head > 0 && is_holder(tagged_.words[head].text) &&
        (tagged_.is(head - 1, Tag::device) || tagged_.is(head - 1, Tag::scope)))
      set(clause_.agent, Tag::device);
    widen(head);
    const bool of_device = std::any_of(clause_.words.begin() + static_cast<std::ptrdiff_t>(begin),
                                       clause_.words.begin() + static_cast<std::ptrdiff_t>(end), [&](std::size_t word) {
                                         return tagged_.is(word, Tag::device) || tagged_.is(word, Tag::scope);
                                       });
    if (!of_device) guess(tagged_.words[head]);

    const bool pronoun = (in_phrase || end == begin + 1) && tagged_.is(head, Tag::pronoun);
    clause_.takes_over = pronoun || is_filler(head);
  }
  /// "none of the images", "two of them": the noun behind "of" is what is spoken of.
  bool counts_what_follows(std::size_t word) const {
    if (tagged_.words[word].text != "of") return false;
    const Word& before = tagged_.words[word - 1];
    return before.is_number() || tagged_.is(word - 1, Tag::determiner) || before.text == "none" ||
           before.text == "most" || before.text == "half" || before.text == "rest" || before.text == "two" ||
           before.text == "three";
  }
  bool ends_noun_phrase(std::size_t word) const {
    const Word& text = tagged_.words[word];
    if (word > 0 && tagged_.words[word - 1].text == ",") return true;
    const bool participle = tagged_.is(word, Tag::verb) && (text.text.ends_with("ed") || text.text.ends_with("ing")) &&
                            is_preposition_after(tagged_, word);
    return text.glue == ' ' && (tagged_.is(word, Tag::preposition) || participle ||
                                (tagged_.is(word, Tag::relative) && text.text != "that"));
  }
  bool is_filler(std::size_t word) const {
    return tagged_.is(word, Tag::adverb) || tagged_.is(word, Tag::splitter) || tagged_.is(word, Tag::subordinator) ||
           tagged_.words[word].text == "not" || tagged_.words[word].text == "never" || is_and(tagged_.words[word]);
  }
  /// A noun that no family has: "decoder" acts for software, "rounding" and "conversion" are matters.
  void guess(const Word& head) {
    const std::string_view noun = head.text;
    if (is_any(clause_.agent, kNouns)) return;
    if (head.glue == '.' || head.glue == '_' || head.option) return set(clause_.agent, Tag::software);
    if (noun.size() < 6 || has(clause_.agent, Tag::verb)) return;
    if (ends_with_any(noun, {"er", "or", "ers", "ors"})) set(clause_.agent, Tag::software);
    if (ends_with_any(noun, {"tion", "tions", "ing", "ment", "ments"})) set(clause_.agent, Tag::matter);
  }
  /// The tags of a whole phrase or identifier count for its last word: "DGX Spark", `tcgen05.mma`.
  void widen(std::size_t head) {
    for (std::size_t word = head; tagged_.words[word].glue != ' ' && word > 0; --word) {
      if (tagged_.words[word].glue == '-') break;
      clause_.agent |= tagged_.tags[word - 1];
    }
  }

  const TaggedWords& tagged_;
  Clause& clause_;
};

}  // namespace

void read_clause(const TaggedWords& tagged, Clause& clause) { Reader(tagged, clause).read(); }

}  // namespace assay::lint
