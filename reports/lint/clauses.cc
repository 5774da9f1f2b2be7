#include "reports/lint/clauses.h"

#include <algorithm>
#include <array>

#include "reports/lint/agents.h"
#include "reports/lint/verbs.h"

namespace assay::lint {
namespace {

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

}  // namespace

std::vector<Clause> clauses_of(const TaggedWords& tagged) {
  std::vector<Clause> clauses = Splitter(tagged).split();
  for (Clause& clause : clauses) read_clause(tagged, clause);
  return clauses;
}

}  // namespace assay::lint
