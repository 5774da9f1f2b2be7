#include "reports/lint/clauses.h"

#include <algorithm>
#include <array>

namespace assay::lint {
namespace {

constexpr std::array kNouns = {Tag::software, Tag::text,   Tag::people,   Tag::matter,  Tag::toolchain,
                               Tag::device,   Tag::target, Tag::scope,    Tag::generic, Tag::feature,
                               Tag::pronoun,  Tag::edit,   Tag::emulated, Tag::metadata};
constexpr std::array kSubjects = {Tag::device, Tag::target, Tag::scope, Tag::generic, Tag::feature};

template <std::size_t N>
bool is_any(const Tags& tags, const std::array<Tag, N>& wanted) {
  return std::ranges::any_of(wanted, [&](Tag tag) { return has(tags, tag); });
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return text.ends_with(ending); });
}

bool looks_like_adjective(std::string_view text) {
  return ends_with_any(text, {"ed", "ing", "ive", "al", "ic", "ous", "ary", "able", "less", "ful"});
}

/// A word before which a verb form is a noun: "the runs", "of records", "two loads".
bool makes_noun(const TaggedWords& tagged, std::size_t before) {
  const Word& word = tagged.words[before];
  if (tagged.is(before, Tag::pronoun) && !tagged.is(before, Tag::determiner)) return false;
  return (tagged.is(before, Tag::determiner) && word.text != "that" && word.text != "which") ||
         tagged.is(before, Tag::preposition) ||
         (word.glue == ' ' && word.text.find_first_not_of("0123456789") == std::string::npos) || word.possessive;
}

bool is_past(const TaggedWords& tagged, std::size_t word) {
  return tagged.words[word].text.ends_with("ed") || tagged.is(word, Tag::past);
}

bool is_preposition_after(const TaggedWords& tagged, std::size_t word) {
  return word + 1 < tagged.words.size() && tagged.is(word + 1, Tag::preposition);
}

/// A base form is finite after a plural or a pronoun: "images load", "we run".
bool base_form_fits(const TaggedWords& tagged, std::size_t before) {
  const std::string& text = tagged.words[before].text;
  return (text.ends_with('s') && !tagged.words[before].possessive) || tagged.is(before, Tag::people) ||
         text == "they" || text == "we" || text == "that" || text == "which" || text == "who" ||
         tagged.is(before, Tag::adverb) || text == "never";
}

/// "Runs on an H100": a verb without an agent; "Reports never say": a noun.
bool begins_with_verb(const TaggedWords& tagged) {
  return tagged.words.size() > 1 &&
         (tagged.is(1, Tag::preposition) || tagged.is(1, Tag::determiner) || tagged.is(1, Tag::feature));
}

}  // namespace

bool is_finite_verb(const TaggedWords& tagged, std::size_t at) {
  if (tagged.is(at, Tag::modal)) return true;
  if (tagged.is(at, Tag::auxiliary)) return tagged.words[at].text != "be" && tagged.words[at].text != "been";
  const Word& word = tagged.words[at];
  if (!tagged.is(at, Tag::verb) || word.text.ends_with("ing")) return false;
  if (word.glue != ' ' || (at + 1 < tagged.words.size() && tagged.words[at + 1].glue != ' ')) return false;
  if (at + 1 < tagged.words.size() && tagged.words[at + 1].text == "of") return false;
  if (at == 0) return word.text.ends_with('s') && begins_with_verb(tagged);
  const std::size_t before = at - 1;
  if (tagged.words[before].is_mark() || makes_noun(tagged, before)) return false;
  if (word.text.ends_with("ed")) return !is_preposition_after(tagged, at) && !tagged.is(before, Tag::negation);
  if (word.text.ends_with('s') && !word.text.ends_with("ss"))
    return is_any(tagged.tags[before], kNouns) || !looks_like_adjective(tagged.words[before].text);
  return base_form_fits(tagged, before) || (is_past(tagged, at) && is_any(tagged.tags[before], kNouns));
}

namespace {

bool is_and(const Word& word) { return word.text == "and" || word.text == "or"; }

class Splitter {
 public:
  explicit Splitter(const TaggedWords& tagged) : tagged_(tagged), finite_(tagged.words.size()) {
    for (std::size_t i = 0; i < finite_.size(); ++i) finite_[i] = is_finite_verb(tagged, i);
  }

  std::vector<Clause> split() {
    std::size_t depth = 0;
    Clause aside;
    for (std::size_t i = 0; i < tagged_.words.size(); ++i) {
      const std::string& text = tagged_.words[i].text;
      if (text == "(") {
        ++depth;
      } else if (text == ")") {
        if (depth > 0 && --depth == 0) close_aside(aside);
      } else if (depth > 0) {
        aside.words.push_back(i);
      } else {
        take(i);
      }
    }
    if (!aside.words.empty()) close_aside(aside);
    close();
    return std::move(clauses_);
  }

 private:
  void close_aside(Clause& aside) {
    aside.aside = true;
    asides_.push_back(std::move(aside));
    aside = {};
  }
  void close() {
    if (!current_.words.empty()) clauses_.push_back(std::move(current_));
    current_ = {};
    for (Clause& aside : asides_) clauses_.push_back(std::move(aside));
    asides_.clear();
  }

  bool has_finite(const std::vector<std::size_t>& words) const {
    return std::ranges::any_of(words, [&](std::size_t i) { return finite_[i]; });
  }
  bool finite_before_mark(std::size_t from) const {
    for (std::size_t i = from; i < tagged_.words.size() && !tagged_.words[i].is_mark(); ++i)
      if (finite_[i]) return true;
    return false;
  }
  bool occurs(Tag tag) const {
    return std::ranges::any_of(current_.words, [&](std::size_t i) { return tagged_.is(i, tag); });
  }
  bool begins_with(Tag tag) const { return !current_.words.empty() && tagged_.is(current_.words.front(), tag); }

  /// A statement begins at `i`: a noun phrase with a verb behind it, or a verb that goes on with the same agent.
  bool begins_statement(std::size_t i) const {
    if (i >= tagged_.words.size()) return false;
    if (finite_[i] || is_bare_verb(i)) return true;
    const bool noun = is_any(tagged_.tags[i], kNouns) || tagged_.is(i, Tag::determiner);
    return (noun || !tagged_.is(i, Tag::preposition)) && finite_before_mark(i);
  }
  /// "and lacks": a verb form behind "and", which has no noun before it.
  bool is_bare_verb(std::size_t i) const {
    const Word& word = tagged_.words[i];
    return tagged_.is(i, Tag::verb) && !word.text.ends_with("ing") &&
           (word.text.ends_with('s') || is_past(tagged_, i)) &&
           !is_any(tagged_.tags[i], std::array{Tag::software, Tag::text, Tag::matter});
  }

  bool splits_at_word(std::size_t i) const {
    const Word& word = tagged_.words[i];
    if (current_.words.empty()) return false;
    const bool after_comma = i > 0 && tagged_.words[i - 1].text == ",";
    if (is_and(word)) return has_finite(current_.words) && begins_statement(i + 1) && !ends_list(i);
    if (tagged_.is(i, Tag::splitter)) {
      if (word.text == "still" || word.text == "yet" || word.text == "thus") return after_comma;
      if (word.text == "so") return after_comma || is_and(tagged_.words[i - 1]) || finite_before_mark(i + 1);
      return finite_before_mark(i + 1) || word.text == "but";
    }
    if (tagged_.is(i, Tag::hypothetical)) return finite_before_mark(i + 1);
    return splits_at_relative(i);
  }
  bool splits_at_relative(std::size_t i) const {
    if (!tagged_.is(i, Tag::relative) || !finite_before_mark(i + 1)) return false;
    const std::size_t before = i - 1;
    if (i == 0 || tagged_.is(before, Tag::preposition)) return false;
    if (tagged_.words[i].text == "that" && tagged_.is(before, Tag::verb)) return true;
    if (tagged_.words[before].text == ",") return true;
    return is_any(tagged_.tags[before], kSubjects) || tagged_.words[i].text == "that";
  }
  /// ", a B200 or an": the last of a list.
  bool ends_list(std::size_t i) const {
    constexpr std::size_t kLongestItem = 3;
    for (std::size_t back = 1; back <= kLongestItem + 1 && back <= i; ++back) {
      if (tagged_.words[i - back].text == ",") return back > 1;
      if (finite_[i - back]) return false;
    }
    return false;
  }
  /// "a Spark, a B200 or an H100 is": the verb is that of a list.
  bool goes_on_as_list(std::size_t i) const {
    for (; i < tagged_.words.size() && !tagged_.words[i].is_mark() && !finite_[i]; ++i)
      if (is_and(tagged_.words[i])) return true;
    return false;
  }
  bool splits_at_comma(std::size_t i) const {
    if (current_.words.empty()) return false;
    if (begins_with(Tag::subordinator) || begins_with(Tag::hypothetical) ||
        tagged_.words[current_.words.front()].text == "should")
      return has_finite(current_.words) || occurs(Tag::unproven);
    if (goes_on_as_list(i + 1)) return false;
    if (!has_finite(current_.words) && !occurs(Tag::unproven)) return false;
    return begins_statement(i + 1) && finite_before_mark(i + 1);
  }

  void take(std::size_t i) {
    const Word& word = tagged_.words[i];
    if (word.text == ";" || word.text == ":" || word.text == "-" || word.text == "!" || word.text == "?")
      return close();
    if (word.text == ",") {
      if (splits_at_comma(i)) close();
      return;
    }
    if (splits_at_word(i)) {
      const bool of_noun = is_any(tagged_.tags[i - 1], kSubjects) || (i + 1 < finite_.size() && finite_[i + 1]);
      const bool that = word.text == "that" && !of_noun;
      const bool relative = tagged_.is(i, Tag::relative) && !that;
      const bool conditional = tagged_.is(i, Tag::hypothetical);
      const std::size_t antecedent = last_noun();
      close();
      current_.complement = that;
      current_.conditional = conditional;
      if (relative) antecedent_of(antecedent);
      if (is_and(word)) return;
    }
    current_.words.push_back(i);
  }
  std::size_t last_noun() const { return current_.words.empty() ? 0 : current_.words.back(); }
  void antecedent_of(std::size_t noun) {
    current_.head = noun;
    current_.agent = tagged_.tags[noun];
  }

  const TaggedWords& tagged_;
  std::vector<bool> finite_;
  std::vector<Clause> clauses_, asides_;
  Clause current_;
};

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

std::vector<Clause> clauses_of(const TaggedWords& tagged) {
  std::vector<Clause> clauses = Splitter(tagged).split();
  for (Clause& clause : clauses) Reader(tagged, clause).read();
  return clauses;
}

}  // namespace assay::lint
