// The dot product of a row of A and a column of B, as references for kernels: exact, and as hardware is said to add it.
//
// What a block-scaled instruction computes is D = sum((a * scale_a) * (b * scale_b)) + C, without the tensor scales,
// which are one factor for the whole product. The manual leaves order and internal precision open, so there is no one
// right float32; there are these:
//
// Exact. E2M1 times UE4M3 is an integer of at most 2688 * 2^10, in units of 2^-10, so a product of two such is one of
// less than 2^43 in units of 2^-20, and 2^20 of them add up in an int64. The float64 reference is that sum, rounded
// once.
//
// Fixed-point model, of microsoft/MMA-Sim, which reports bit equality with the tensor cores of Blackwell (one report;
// not repeated here). A step of K = 64 adds five terms, C and one for each block:
//   - a block's term is the exact sum of its 16 products of codes, times the significands of both scales; its exponent
//   is
//     the sum of the scales' exponents, whatever the sum of codes is (a subnormal scale has exponent -6);
//   - each term is truncated, toward zero, to 35 fraction bits below the largest exponent of the five;
//   - their sum is truncated to float32, and is the C of the next step.
// A term is below 2^11 of its own exponent, so five of them are below 2^49 in units of the last bit kept.
//
// How far the model can be from exact. Let S = |C| + sum |products| and M the largest of S and the powers of two of the
// blocks' exponents. A step truncates its sum, by less than 2^-23 of it, and five terms, by less than 2^-35 times
// 2^(largest exponent) each. No carried sum is larger than S by more than the errors before it, so with the 5 * 2^-12
// of the latter rounded up to 2^-9, which pays for those too,
//
//     |model - exact| <= steps * 2^-23 * (S + 2^-9 M).
//
// An addition in float32, in any order, has |error| <= K 2^-24 S. If all products and C are multiples of some u and
// S < 2^24 u, nothing is ever lost: the model, float32 in every order and the exact sum are the same bits.
// Tested by tests/nvfp4/dot_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/nvfp4/block.h"

namespace assay::nvfp4 {

/// A row of A, or a column of B, along K: linear codes, two a byte, and a scale (0x00 to 0x7e) for each sixteen.
struct DotOperand {
  std::span<const std::uint8_t> codes, scales;

  constexpr std::size_t blocks() const { return scales.size(); }
  /// Element i of a block, in units of 1/2: -12 to 12.
  constexpr std::int32_t halves(std::size_t block, std::size_t i) const {
    constexpr std::array<std::int8_t, 8> kHalves = {0, 1, 2, 3, 4, 6, 8, 12};
    const int code = codes[block * (kBlock / 2) + i / 2] >> (i % 2 * 4);
    return (code & 8) != 0 ? -kHalves[code & 7] : kHalves[code & 7];
  }
};

/// A scale as an integer times a power of two: its significand in units of 1/8 (subnormal below 8), and its exponent.
struct ScaleParts {
  std::int32_t eighths = 0, exponent = 0;
};
constexpr ScaleParts scale_parts(std::uint8_t scale) {
  const std::int32_t exponent = scale >> 3 & 15, fraction = scale & 7;
  return exponent == 0 ? ScaleParts{fraction, -6} : ScaleParts{fraction | 8, exponent - 7};
}

/// The sum of a block's products of codes, in units of 1/4; or that of their magnitudes.
constexpr std::int32_t block_quarters(const DotOperand& a, const DotOperand& b, std::size_t block) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) sum += a.halves(block, i) * b.halves(block, i);
  return sum;
}
constexpr std::int32_t block_quarters_of_magnitudes(const DotOperand& a, const DotOperand& b, std::size_t block) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::int32_t product = a.halves(block, i) * b.halves(block, i);
    sum += product < 0 ? -product : product;
  }
  return sum;
}

/// K up to which exact_dot() cannot overflow.
inline constexpr std::size_t kLargestExactK = std::size_t{1} << 20;
inline constexpr double kExactUnit = 0x1p-20;

/// The exact sum of products, in units of 2^-20, of operands with as many blocks; K up to kLargestExactK.
constexpr std::int64_t exact_dot(const DotOperand& a, const DotOperand& b, bool of_magnitudes = false) {
  std::int64_t sum = 0;
  for (std::size_t block = 0; block < a.blocks(); ++block) {
    const ScaleParts of_a = scale_parts(a.scales[block]), of_b = scale_parts(b.scales[block]);
    const std::int64_t quarters =
        of_magnitudes ? block_quarters_of_magnitudes(a, b, block) : block_quarters(a, b, block);
    // 2^-2 of the codes and 2^-3 of each significand; exponents add up to -12 or more.
    sum += quarters * of_a.eighths * of_b.eighths * (std::int64_t{1} << (of_a.exponent + of_b.exponent + 12));
  }
  return sum;
}

/// The dot product in float64: exact, then rounded once.
constexpr double dot_f64(const DotOperand& a, const DotOperand& b) {
  return static_cast<double>(exact_dot(a, b)) * kExactUnit;
}

/// The sum of |products|.
constexpr double magnitude_of_dot(const DotOperand& a, const DotOperand& b) {
  return static_cast<double>(exact_dot(a, b, true)) * kExactUnit;
}

/// sum * 2^exponent, truncated toward zero to float32; infinite from 2^128 on.
constexpr float truncated_to_f32(std::int64_t sum, std::int32_t exponent) {
  const bool negative = sum < 0;
  std::uint64_t magnitude =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(sum) : static_cast<std::uint64_t>(sum);
  if (magnitude == 0) return 0;
  // The bit that is the result's last: 23 below the first, but not below 2^-149.
  const std::int32_t first = static_cast<std::int32_t>(std::bit_width(magnitude)) - 1;
  const std::int32_t drop = std::max(first - 23, -149 - exponent);
  if (drop >= 64) return 0;
  magnitude = drop >= 0 ? magnitude >> drop : magnitude << -drop;
  // As a subnormal's bits; the first bit of a normal one adds one to the exponent that stands there.
  const std::int32_t last = exponent + drop;
  if (last > 127 - 23)
    return negative ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  const auto bits = static_cast<std::uint32_t>(magnitude) + (static_cast<std::uint32_t>(last + 149) << 23);
  return std::bit_cast<float>(bits | std::uint32_t{negative} << 31);
}

/// Blocks in one step of the model.
inline constexpr std::size_t kStepBlocks = 4;
inline constexpr std::int32_t kModelFractionBits = 35;

/// A term of the model: an integer times 2^(exponent - fraction_bits).
struct ModelTerm {
  std::int64_t significand = 0;
  std::int32_t exponent = 0, fraction_bits = 0;

  /// In units of 2^(largest - kModelFractionBits), truncated toward zero.
  constexpr std::int64_t aligned(std::int32_t largest) const {
    const std::int32_t shift = largest - exponent;
    if (shift >= 63) return 0;
    const std::int64_t wide = (significand < 0 ? -significand : significand) << (kModelFractionBits - fraction_bits);
    return significand < 0 ? -(wide >> shift) : wide >> shift;
  }
};

constexpr ModelTerm model_term(float c) {
  const auto bits = std::bit_cast<std::uint32_t>(c);
  const std::int32_t exponent = static_cast<std::int32_t>(bits >> 23 & 0xff);
  const std::int64_t fraction = bits & 0x7fffff;
  ModelTerm term{.significand = fraction, .exponent = -126, .fraction_bits = 23};
  if (exponent != 0) term.significand |= 1 << 23, term.exponent = exponent - 127;
  if (bits >> 31 != 0) term.significand = -term.significand;
  return term;
}

constexpr ModelTerm model_term(const DotOperand& a, const DotOperand& b, std::size_t block) {
  const ScaleParts of_a = scale_parts(a.scales[block]), of_b = scale_parts(b.scales[block]);
  const std::int64_t quarters = block_quarters(a, b, block);
  // A scale of zero has no exponent; its term is zero and must not be the largest.
  constexpr std::int32_t kNone = -126;
  const bool zero = of_a.eighths == 0 || of_b.eighths == 0;
  return {.significand = quarters * of_a.eighths * of_b.eighths,
          .exponent = zero ? kNone : of_a.exponent + of_b.exponent,
          .fraction_bits = 2 + 3 + 3};
}

/// One step of the model: blocks first .. first + 3, and a finite C.
constexpr float dot_step(const DotOperand& a, const DotOperand& b, std::size_t first, float c) {
  std::array<ModelTerm, kStepBlocks + 1> terms = {model_term(c)};
  for (std::size_t i = 0; i < kStepBlocks; ++i) terms[i + 1] = model_term(a, b, first + i);
  std::int32_t largest = terms[0].exponent;
  for (const ModelTerm& term : terms) largest = std::max(largest, term.exponent);
  std::int64_t sum = 0;
  for (const ModelTerm& term : terms) sum += term.aligned(largest);
  return truncated_to_f32(sum, largest - kModelFractionBits);
}

/// The model over all of K, a multiple of 64, beginning with a finite C.
constexpr float dot_fixed_point(const DotOperand& a, const DotOperand& b, float c) {
  for (std::size_t first = 0; first < a.blocks(); first += kStepBlocks) c = dot_step(a, b, first, c);
  return c;
}

/// The bound above on the model's distance from the exact sum plus C.
constexpr double fixed_point_bound(const DotOperand& a, const DotOperand& b, float c) {
  const double sum = magnitude_of_dot(a, b) + (c < 0 ? -c : c);
  double largest = sum;
  for (std::size_t block = 0; block < a.blocks(); ++block) {
    const std::int32_t exponent = scale_parts(a.scales[block]).exponent + scale_parts(b.scales[block]).exponent;
    largest = std::max(largest, static_cast<double>(std::int64_t{1} << (exponent + 12)) * 0x1p-12);
  }
  const std::size_t steps = a.blocks() / kStepBlocks;
  return static_cast<double>(steps) * 0x1p-23 * (sum + 0x1p-9 * largest);
}

}  // namespace assay::nvfp4
