// One block of NVFP4: sixteen weights that share a scale.
//
// A weight is e2m1(code) * (e4m3(scale) * s2), where s2 is a float32 for the whole tensor (or for all tensors that are
// served as one product). The scale's product with s2 is rounded first, then the code's with that: the order of the
// writers and readers of the format. Quantising takes these formulas, in float32 with true divisions:
//
//     s2 = amax / (6 * 448)              6 and 448 are the largest E2M1 and E4M3
//     t  = amax_of_the_block / (6 * s2), 1 if that is 0, clamped to 2^-9 .. 448
//     scale = E4M3(t)
//     code  = E2M1(x / (e4m3(scale) * s2)), its sign bit set only where that quotient is below zero
//
// `rtn` is just that. The other methods change which scale is taken and leave the format alone:
//   - `four_over_six`: E2M1's steps are coarse between 4 and 6, so each block is quantised twice, with its largest
//     value at 6 and at 4, and the better one is kept; s2 = amax / (6 * 256) leaves the scale room to grow by half.
//   - `sweep`: every scale from two codes below rtn's to six above is tried.
// Better is the smaller sum of squared errors, summed in float32 as a tree (i with i + 8, i + 4, i + 2, i + 1), so that
// every machine and every vector width takes the same one; a tie keeps rtn's, then the lower code.
// Source: ModelOpt's nvfp4_tensor.py for the formulas of rtn; arXiv 2512.02010 for four_over_six.
// Tested by tests/nvfp4/block_test.cc. Whole tensors: rows.h.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/nvfp4/formats.h"

namespace assay::nvfp4 {

inline constexpr std::size_t kBlock = 16;
inline constexpr float kLargestE2m1 = 6, kLargestE4m3 = 448;
/// The scale of a block of zeros: 1.
inline constexpr std::uint8_t kScaleOfZeros = 0x38;

enum class Method : std::uint8_t { rtn, four_over_six, sweep };
/// `pow2` rounds s2 up to a power of two: each weight is then exact in bf16, and 1 / s2 is exact too.
enum class TensorScale : std::uint8_t { amax, pow2 };

/// s2, of a tensor whose largest magnitude is `amax` (finite). At least 2^-126, the least normal: arithmetic units may
/// take what is smaller for zero. 1 for a tensor of zeros.
constexpr float tensor_scale(float amax, Method method, TensorScale kind) {
  constexpr float kLeastNormal = 0x1p-126f;
  if (amax == 0) return 1;
  const float scale = amax / (method == Method::four_over_six ? kLargestE2m1 * 256 : kLargestE2m1 * kLargestE4m3);
  if (scale < kLeastNormal) return kLeastNormal;
  if (kind == TensorScale::amax) return scale;
  const auto bits = std::bit_cast<std::uint32_t>(scale);
  const std::uint32_t power = bits & 0x7f800000;
  return std::bit_cast<float>(power == bits ? power : power + 0x00800000);
}

struct Block {
  std::uint8_t scale = 0;               ///< E4M3, 0x01 .. 0x7e.
  std::array<std::uint8_t, 8> codes{};  ///< Element 2i in the low half of byte i, element 2i + 1 in the high half.
  bool operator==(const Block&) const = default;
};

/// The scale of rtn for a block whose largest magnitude is `amax`.
constexpr std::uint8_t rtn_scale(float amax, float s2) {
  const float t = amax / (kLargestE2m1 * s2);
  if (t == 0) return kScaleOfZeros;
  return e4m3_nearest(std::clamp(t, 0x1p-9f, kLargestE4m3));
}

/// The scale that puts the block's largest value at 4 instead of 6.
constexpr std::uint8_t scale_at_four(float amax, float s2) {
  return e4m3_nearest(std::clamp(1.5f * (amax / (kLargestE2m1 * s2)), 0x1p-9f, kLargestE4m3));
}

/// The scale of a block, of those that the method tries: the first whose error is least, rtn's before the others, the
/// others in ascending order. `error_of(scale)` is squared_error with that scale.
template <class ErrorOf>
[[gnu::always_inline]] constexpr std::uint8_t choose_scale(float amax, float s2, Method method,
                                                           const ErrorOf& error_of) {
  const std::uint8_t rtn = rtn_scale(amax, s2);
  if (method == Method::rtn || amax == 0) return rtn;
  int first = std::max(rtn - 2, 1), last = std::min(rtn + 6, 0x7e);
  if (method == Method::four_over_six) first = last = scale_at_four(amax, s2);
  std::uint8_t best = rtn;
  float least = error_of(rtn);
  for (int scale = first; scale <= last; ++scale) {
    if (scale == rtn) continue;
    const float error = error_of(static_cast<std::uint8_t>(scale));
    if (error < least) best = static_cast<std::uint8_t>(scale), least = error;
  }
  return best;
}

/// The E2M1 code of `x` over the block's step; a negative zero, also one that the quotient is rounded to, becomes a
/// positive one.
constexpr std::uint8_t element_code(float x, float step) {
  const float quotient = x / step;
  return static_cast<std::uint8_t>((e2m1_nearest(quotient) & 7) | (quotient < 0 ? 8 : 0));
}

constexpr Block with_scale(std::span<const float, kBlock> x, std::uint8_t scale, float s2) {
  Block block{.scale = scale, .codes = {}};
  const float step = e4m3_value(scale) * s2;
  for (std::size_t i = 0; i < kBlock; i += 2)
    block.codes[i / 2] = static_cast<std::uint8_t>(element_code(x[i], step) | element_code(x[i + 1], step) << 4);
  return block;
}

constexpr void dequantize_block(const Block& block, float s2, std::span<float, kBlock> out) {
  const float step = e4m3_value(block.scale) * s2;
  for (std::size_t i = 0; i < kBlock; ++i)
    out[i] = e2m1_value(static_cast<std::uint8_t>(block.codes[i / 2] >> (4 * (i % 2)))) * step;
}

/// The sum of squared errors, in units of s2 (else the squares of small weights would vanish), as a tree.
constexpr float squared_error(std::span<const float, kBlock> x, const Block& block, float s2) {
  const float per_unit = 1 / s2;
  std::array<float, kBlock> error{};
  dequantize_block(block, s2, error);
  for (std::size_t i = 0; i < kBlock; ++i) {
    const float off = (error[i] - x[i]) * per_unit;
    error[i] = off * off;
  }
  for (std::size_t half = kBlock / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) error[i] += error[i + half];
  return error[0];
}

constexpr float largest_magnitude(std::span<const float, kBlock> x) {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, value < 0 ? -value : value);
  return largest;
}

/// Finite weights in, a block out. s2 is tensor_scale's, of an amax at least as large as the block's.
constexpr Block quantize_block(std::span<const float, kBlock> x, float s2, Method method) {
  const auto error_of = [&](std::uint8_t scale) { return squared_error(x, with_scale(x, scale, s2), s2); };
  return with_scale(x, choose_scale(largest_magnitude(x), s2, method, error_of), s2);
}

}  // namespace assay::nvfp4
