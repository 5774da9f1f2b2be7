#include "reports/lint/verbs.h"

namespace assay::lint {
namespace {

bool looks_like_adjective(std::string_view text) {
  return ends_with_any(text, {"ed", "ing", "ive", "al", "ic", "ous", "ary", "able", "less", "ful"});
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

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return text.ends_with(ending); });
}

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

}  // namespace assay::lint
