// Observed outputs against the oracle's.
//
// Bit for bit as 32-bit words, unless the output carries bounds; then as float32 within them, where NaN is never within
// and an infinity only agrees with itself. Nothing compared is never agreement. Tested by tests/gate/compare_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/gate/probe.h"

namespace assay::gate {

struct Comparison {
  std::int64_t compared = 0;
  std::vector<std::size_t> mismatches;  ///< Indices of words or elements.
  std::string first;                    ///< "d[17]: expected 0x3f800000, observed 0x00000000"; empty if none differs.
};

/// One output. A size that differs from the oracle's is a mismatch of every word.
Comparison compare(const Output& expected, std::span<const std::byte> observed);

/// The outputs of a case in argument order.
std::vector<const Output*> outputs(const Case&);

/// Indices at which two oracles' words differ: what a changed operand is predicted to move.
std::vector<std::size_t> differing_words(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace assay::gate
