// A PTX target: the SM number and its suffix, as in `.target sm_100a`.
//
// The suffix is part of the name, not a detail: `a` code runs on exactly its own compute capability, `f` code on a
// family, and plain code has neither's instructions (PTX ISA, section 11.1.2).
// Tested by tests/base/target_test.cc.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace assay {

/// A PTX ISA version, as in `.version 8.7`.
struct PtxVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const PtxVersion&) const = default;
};

/// "8.7".
std::string to_string(PtxVersion);

/// One assembler target.
struct Target {
  int sm = 0;         ///< Compute capability as one number: 90, 100, 121.
  char suffix = ' ';  ///< 'a' architecture-specific, 'f' family-specific, ' ' plain.
  auto operator<=>(const Target&) const = default;
};

/// "sm_100a".
std::string to_string(Target);

/// Reads "sm_100a"; anything else is an error that quotes the text.
Result<Target> parse_target(std::string_view text);

/// The lowest `.version` that accepts `.target T` at all, as measured with ptxas 13.0.88; targets that are not in that
/// table get the version of the newest row.
PtxVersion ptx_version_floor(Target);

}  // namespace assay
