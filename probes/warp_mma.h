// What the gates of mma.sync share: 16 x 8 x K tiles, drawn, multiplied on the CPU, and made into a case.
//
// The manual leaves order, rounding and internal width of the accumulation open, so there are two kinds of cases.
//
// Exact: within a tile every product is a multiple of one unit u, and |C| plus the sum of all |products| stays below
// 2^n u. A unit of arithmetic that keeps n bits then loses nothing, in whatever order it adds, and the result is
// compared bit for bit. No operand is zero, so each of them moves its whole row or column. Each tile has units of its
// own, so that exponents matter too.
//
// Wide: operands and C over a wide range of exponents, compared within a bound. Let G = |C| + the sum of all
// |products|: no partial sum is larger, in any order. Suppose that the unit adds the products of a step in groups of
// two or more, truncates each term to f fraction bits below the largest, and the sum to f fraction bits again. Then
// every product is truncated once (K events), and in each of at most K/2 groups the carried sum is aligned and the new
// one is rounded (K events more); each event loses at most 2^-f G. With one event for rounding the oracle to float32
// (and the bound):
//
//     |observed - expected| <= (2 K + 1) 2^-f G.
//
// Subnormal operands are counted as if they were the least normal: a unit that does not renormalise aligns them with
// that exponent. The bound is loose on purpose; bits are what the exact case is for.
//
// The oracle is a triple loop over row-major matrices and knows nothing of fragments and lanes.
// Tested by tests/probes/control_mma_bf16_test.cc and mma_fp8_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/gate/gate.h"

namespace assay::probes {

inline constexpr std::size_t kTiles = 32, kRows = 16, kColumns = 8;

/// kTiles problems, one after the other. Values are those that the operand format represents.
struct Matrices {
  std::size_t k = 0;
  std::vector<float> a;  ///< [tile][row][k]
  std::vector<float> b;  ///< [tile][column][k]: each column of B along K.
  std::vector<float> c;  ///< [tile][row][column]
};

/// Integers times a unit that each tile draws for A and for B; C is on the grid of the products.
struct ExactRange {
  /// |A| in [1, larger] and |B| in [1, smaller] units, from tile to tile the other way round: a format's whole
  /// significand is used where both operands at once would leave the exact range.
  std::int32_t larger = 0, smaller = 0;
  std::int32_t c = 0;                        ///< |C| in [1, c] units of the product.
  std::int32_t low_unit = 0, high_unit = 0;  ///< Units are 2^low_unit .. 2^high_unit.
};

/// One operand format: how the wide range draws a value, and what bounds its error.
struct WideRange {
  float (*draw)(gate::ChallengeStream&) = nullptr;
  std::int32_t c_low = 0, c_high = 0;  ///< Exponents of C, whose significands are full.
  double least_normal = 0;
  int fraction_bits = 0;  ///< f above.
};

Matrices draw_exact(gate::ChallengeStream&, std::size_t k, const ExactRange&);
Matrices draw_wide(gate::ChallengeStream&, std::size_t k, const WideRange&);

/// D = A B + C in double, rounded once to float32: [tile][row][column].
std::vector<float> multiply(const Matrices&);
/// The bound above for each element of D.
std::vector<float> error_bound(const Matrices&, const WideRange&);

/// Packs operand values into the format's codes.
using Encode = std::vector<std::byte> (*)(const std::vector<float>& values);

/// The probe: an exact case, a wide case, and a negative case in which one element of A has its sign flipped, so that
/// exactly the eight words of its row move.
gate::Probe make_warp_mma(const gate::Seed&, gate::Source, std::size_t k, const ExactRange&, const WideRange&, Encode,
                          std::vector<std::string_view> mnemonics);

}  // namespace assay::probes
