// The problems that are timed unless others are asked for: linears of models that people serve.
// Tested by tests/bench/problems_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/base/result.h"

namespace assay::kernels::bench {

/// A weight of N outputs and K inputs.
struct Shape {
  std::int64_t n = 0, k = 0;
  bool operator==(const Shape&) const = default;
};

std::span<const Shape> default_shapes();
/// Tokens of the problems that decoding meets, and of those that prefill meets.
std::span<const std::int64_t> decode_tokens();
std::span<const std::int64_t> prefill_tokens();

/// "4096x14336": N by K. Error: anything else, K no multiple of 16, or an extent outside 1 to 2^20.
Result<Shape> parse_shape(std::string_view text);

}  // namespace assay::kernels::bench
