// Which word of a sentence is its finite verb, by the words around it: English has few forms that cannot be nouns too.
// Tested by tests/lint/clauses_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

#include "reports/lint/lexicon.h"

namespace assay::lint {

/// Families whose words are nouns that can act.
inline constexpr std::array kNouns = {Tag::software, Tag::text,   Tag::people,   Tag::matter,  Tag::toolchain,
                                      Tag::device,   Tag::target, Tag::scope,    Tag::generic, Tag::feature,
                                      Tag::pronoun,  Tag::edit,   Tag::emulated, Tag::metadata};
inline constexpr std::array kSubjects = {Tag::device, Tag::target, Tag::scope, Tag::generic, Tag::feature};

template <std::size_t N>
bool is_any(const Tags& tags, const std::array<Tag, N>& wanted) {
  return std::ranges::any_of(wanted, [&](Tag tag) { return has(tags, tag); });
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> endings);
inline bool is_and(const Word& word) { return word.text == "and" || word.text == "or"; }

/// Whether this word can be the finite verb of a clause.
bool is_finite_verb(const TaggedWords&, std::size_t word);
/// A past tense, regular or not.
bool is_past(const TaggedWords&, std::size_t word);
/// Before the word stands what makes a noun of it: "the runs", "of records", "two loads".
bool makes_noun(const TaggedWords&, std::size_t before);
bool is_preposition_after(const TaggedWords&, std::size_t word);

}  // namespace assay::lint
