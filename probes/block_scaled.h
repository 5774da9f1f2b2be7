// Block-scaled matrix products, drawn and computed on the CPU: what the gates of FP4 matrix instructions share.
//
// D = (A scaled) (B scaled) + C, where each `block` elements along K of a row of A, and of a column of B, share one
// scale. For warp-level instructions the manual promises that intermediate values are accumulated in single precision
// or better, and leaves three things open: the order of accumulation, its rounding, and what becomes of subnormal
// inputs (PTX ISA 9.7.14.5.14). So there are two kinds of problems, as for unscaled operands (warp_mma.h).
//
// Exact: elements are integers times one unit, and so are the scales of one row of A or of one column of B. Then all
// products of one element of D are multiples of one u, and so is C there. |C| plus the sum of all |products| stays
// below 2^24 u, counted with the largest element and scale in every place: a unit that keeps 24 bits, as float32 does,
// loses nothing in whatever order it adds, and the result is compared bit for bit. The scales take what the elements
// leave of the 24 bits:
//   - powers of two: scales 2^0 .. 2^r, with r for A and for B adding up to as many bits as are left: 9 at K = 128 for
//     E2M1, whose elements are up to 12 units of 1/2;
//   - any: integers up to a limit, the product of A's limit and B's being what is left (some 900 at K = 128), so that
//     whole significands and several exponents meet in one sum.
// Every row and column has a unit of its own, so that exponents differ between rows too. Where UE4M3 scales are
// subnormal depends on the units: the least of `ue4m3_scales` make some so, those of `normal_ue4m3_scales` none, and
// those of `subnormal_ue4m3_scales` many. With the latter two apart, arithmetic that takes subnormal scales for zero is
// told from arithmetic that is wrong. E2M1's one subnormal, 0.5, is always among the elements: without it little is
// left of the format. No element and no scale is zero, so each of them matters.
//
// Wide: every element code, every scale code, C from as large as the products to 2^-12 of them, compared within a
// bound. Let G = |C| + the sum of all |products|, with each element and scale counted as at least its format's least
// normal: a unit that does not renormalise subnormals aligns them with that exponent, and one that sums a block before
// it scales it aligns the block with the exponent of its scales alone. No term and no partial sum is larger than G.
// Suppose that the unit adds products in chunks of two or more; that it truncates each product and the carried sum to
// 25 fraction bits below the largest in the chunk (units that are described keep 25 or 35); and that it truncates the
// sum of a chunk to float32. Then K products lose at most 2^-25 G each, and each of at most K/2 chunks loses 2^-25 G of
// the carried sum and 2^-23 G of the new one. One more 2^-23 G pays for rounding the oracle, and the bound, to float32:
//
//     |observed - expected| <= (K + K/2 + 4 K/2 + 4) 2^-25 G = (3.5 K + 4) 2^-25 G.
//
// Neighbours differ wherever a layout could confuse them: the two codes of a byte, the four scales of a word.
// The oracle is a triple loop over row-major codes and knows nothing of fragments, tiles and lanes.
// Tested by tests/probes/block_scaled_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/gate/challenge_stream.h"

namespace assay::probes {

/// The elements of one operand.
struct ElementFormat {
  float (*value)(std::uint8_t code) = nullptr;
  std::vector<std::uint8_t> exact;  ///< Codes of the exact problems: unit times 1 .. largest, of either sign.
  double unit = 0;
  std::int32_t largest = 0;        ///< In units.
  std::vector<std::uint8_t> wide;  ///< Codes of the wide problems.
  double least_normal = 0;
};

/// The scales of both operands.
struct ScaleFormat {
  float (*value)(std::uint8_t code) = nullptr;
  std::int32_t low_unit = 0, high_unit = 0;  ///< Units of exact problems: 2^low_unit .. 2^high_unit.
  std::vector<std::uint8_t> codes;           ///< Those that may be drawn.
  std::vector<std::uint8_t> wide;            ///< Those of the wide problems; every one occurs if there is room.
  double least_normal = 0;
};

struct BlockFormat {
  ElementFormat a, b;
  ScaleFormat scale;
  std::size_t block = 0;  ///< Elements along K that share a scale.
};

/// All codes of E2M1, in the exact problems all but the two zeros.
ElementFormat e2m1_elements();
inline constexpr std::int32_t kLowE4m3Unit = -6, kHighE4m3Unit = 4;
/// E4M3: 1 .. 15 units of 2^exponent in the exact problems, every code but NaN in the wide ones. All are normal and
/// finite for exponents from kLowE4m3Unit to kHighE4m3Unit.
ElementFormat e4m3_elements(std::int32_t unit_exponent);
/// The codes of UE4M3 but zero and NaN: 0x01 .. 0x7e.
ScaleFormat ue4m3_scales();
/// The same, but in exact problems multiples of 2^-6 or more, so that none is subnormal.
ScaleFormat normal_ue4m3_scales();
/// The same, but in exact problems multiples of 2^-9 .. 2^-7 up to 2^-4, so that many are subnormal.
ScaleFormat subnormal_ue4m3_scales();
/// Powers of two, so far from the ends that float32 holds every result: 2^-39 .. 2^39, in the wide problems 2^-24 ..
/// 2^24.
ScaleFormat ue8m0_scales();
/// NVFP4: E2M1 with a UE4M3 scale for each 16.
BlockFormat nvfp4_format();
/// MXFP4: E2M1 with a UE8M0 scale for each 32.
BlockFormat mxfp4_format();

/// One problem; codes one a byte.
struct ScaledMatrices {
  std::size_t m = 0, n = 0, k = 0, block = 0;
  std::vector<std::uint8_t> a;        ///< [row][k]
  std::vector<std::uint8_t> b;        ///< [column][k]: each column of B along K.
  std::vector<std::uint8_t> scale_a;  ///< [row][k / block]
  std::vector<std::uint8_t> scale_b;  ///< [column][k / block]
  std::vector<float> c;               ///< [row][column]
};

struct ProblemShape {
  std::size_t m = 0, n = 0, k = 0;
};

/// Which scales an exact problem has.
enum class ExactScales { powers_of_two, any };

/// K a multiple of four blocks, and at most 256: then at least four scales fit in what the elements leave.
ScaledMatrices draw_exact(gate::ChallengeStream&, const ProblemShape&, const BlockFormat&, ExactScales);
ScaledMatrices draw_wide(gate::ChallengeStream&, const ProblemShape&, const BlockFormat&);

/// D in double, rounded once to float32: [row][column].
std::vector<float> multiply(const ScaledMatrices&, const BlockFormat&);
/// The bound above for each element of D.
std::vector<float> error_bound(const ScaledMatrices&, const BlockFormat&);

/// Four-bit codes two a byte, the one of even k in the low half.
std::vector<std::uint8_t> two_a_byte(const std::vector<std::uint8_t>& codes);

}  // namespace assay::probes
