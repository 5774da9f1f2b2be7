// What a word or phrase of a sentence may be to the linter. The words themselves are data (*.json of this folder); this
// is the list of families that the rules know, and every family of the data must be one of them.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::lint {

enum class Tag : std::uint8_t {
  // Subjects.
  device,   ///< A model of GPU or machine by one of its names.
  target,   ///< What an assembler is asked for: sm_121a.
  scope,    ///< Several models in one word: Blackwell, SM12x.
  generic,  ///< A device without a name: this GPU, the chip.
  feature,  ///< An instruction family, a number format of one, a hardware unit.
  // Predicates.
  capability,
  run,
  result,
  presence,
  absence,
  comparison,
  transfer,
  performance,
  performance_unit,
  sparse,
  dense,
  peak,
  unlock,
  enable,
  edit,
  silicon,
  fused,
  lock,
  metadata,
  emulated,
  modified_driver,
  yes_no,
  // What excuses.
  unproven,
  meta,
  hypothetical,
  software,
  toolchain,
  text,
  people,
  matter,
  toolchain_verb,
  inquiry,
  semantics,
  definition,
  logistics,
  imperative,
  warning,
  // Language.
  auxiliary,
  modal,
  copula,
  negation,
  preposition,
  determiner,
  pronoun,
  splitter,
  relative,
  subordinator,
  adverb,
  past,  ///< The past tense of an irregular verb.
  verb,  ///< A form that can be a finite verb; set for every form of a family's verbs.
  count
};

using Tags = std::bitset<static_cast<std::size_t>(Tag::count)>;

inline bool has(const Tags& tags, Tag tag) { return tags.test(static_cast<std::size_t>(tag)); }
inline void set(Tags& tags, Tag tag) { tags.set(static_cast<std::size_t>(tag)); }

/// The name by which the data calls a family.
std::string_view word(Tag);
std::optional<Tag> tag_of(std::string_view);

}  // namespace assay::lint
