#include "harness/evidence/record_words.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace assay::evidence {
namespace {

// The words of each closed vocabulary, in the order of its enumerators.
template <class E>
struct Words;
template <>
struct Words<Stage> {
  static constexpr std::array<std::string_view, 6> kAll{"assemble", "load", "resolve", "launch", "complete", "verify"};
};
template <>
struct Words<StageStatus> {
  static constexpr std::array<std::string_view, 4> kAll{"ok", "refused", "failed", "not-reached"};
};
template <>
struct Words<EvidenceClass> {
  static constexpr std::array<std::string_view, 4> kAll{"driver-signal", "patched-cubin", "real-execution", "emulated"};
};
template <>
struct Words<Level> {
  static constexpr std::array<std::string_view, 9> kAll{"none", "E1", "E2", "E3", "E4", "E5", "P1", "P2", "P3"};
};
template <>
struct Words<Verdict> {
  static constexpr std::array<std::string_view, 10> kAll{"proven",  "reported",      "agrees", "mismatch",
                                                         "refused", "faulted",       "hung",   "unresolved",
                                                         "not-run", "not-applicable"};
};
template <>
struct Words<DriverLibrary> {
  static constexpr std::array<std::string_view, 4> kAll{"system", "emulated", "unknown", "none"};
};
template <>
struct Words<ImageKind> {
  static constexpr std::array<std::string_view, 4> kAll{"native", "patched", "supplied", "none"};
};
template <>
struct Words<Stopped> {
  static constexpr std::array<std::string_view, 10> kAll{
      "no",           "no-device", "prerequisite", "foreign-target", "not-implemented", "not-applicable",
      "no-assembler", "run-limit", "load-only",    "not-selected"};
};
template <>
struct Words<Likeness> {
  static constexpr std::array<std::string_view, 3> kAll{"identical", "different", "not-compared"};
};
template <>
struct Words<ControlStatus> {
  static constexpr std::array<std::string_view, 3> kAll{"ok", "failed", "not-run"};
};

template <class E>
std::string_view word_of(E value) {
  return Words<E>::kAll.at(static_cast<std::size_t>(value));
}

}  // namespace

template <class E>
Result<E> parse_word(std::string_view text) {
  const auto& all = Words<E>::kAll;
  const auto found = std::find(all.begin(), all.end(), text);
  if (found == all.end()) {
    return Error{.message = fmt::format("unknown word '{}', expected one of {}", text, fmt::join(all, ", "))};
  }
  return static_cast<E>(found - all.begin());
}

std::string_view word(Stage value) { return word_of(value); }
std::string_view word(StageStatus value) { return word_of(value); }
std::string_view word(EvidenceClass value) { return word_of(value); }
std::string_view word(Level value) { return word_of(value); }
std::string_view word(Verdict value) { return word_of(value); }
std::string_view word(DriverLibrary value) { return word_of(value); }
std::string_view word(ImageKind value) { return word_of(value); }
std::string_view word(Stopped value) { return word_of(value); }
std::string_view word(ControlStatus value) { return word_of(value); }
std::string_view word(Likeness value) { return word_of(value); }

Result<EvidenceClass> parse_class(std::string_view text) { return parse_word<EvidenceClass>(text); }
Result<Level> parse_level(std::string_view text) { return parse_word<Level>(text); }
Result<Verdict> parse_verdict(std::string_view text) { return parse_word<Verdict>(text); }
Result<Stage> parse_stage(std::string_view text) { return parse_word<Stage>(text); }
Result<DriverLibrary> parse_driver_library(std::string_view text) { return parse_word<DriverLibrary>(text); }

template Result<Stage> parse_word(std::string_view);
template Result<StageStatus> parse_word(std::string_view);
template Result<EvidenceClass> parse_word(std::string_view);
template Result<Level> parse_word(std::string_view);
template Result<Verdict> parse_word(std::string_view);
template Result<DriverLibrary> parse_word(std::string_view);
template Result<ImageKind> parse_word(std::string_view);
template Result<Stopped> parse_word(std::string_view);
template Result<ControlStatus> parse_word(std::string_view);
template Result<Likeness> parse_word(std::string_view);

}  // namespace assay::evidence
