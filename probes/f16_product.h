// What the float16 gates of tcgen05.mma share: D = A B^T or C + A B^T, drawn and multiplied on the CPU.
//
// Exact: every element is an integer times a unit; each row of A and of B has a unit of its own, 2^-8 .. 2^4, so that
// exponents matter. Of the two operands one has integers of 11 bits, a whole significand, the other of 5 bits, so the
// products of an element of D are integers below 2^16 times one unit; with K <= 64 and |C| < 2^22 units, |C| and the
// sum of all |products| stay below 2^23 units. Any unit of arithmetic that keeps 24 bits gives these bits in any order.
// Nothing is zero, so each element of an operand moves its whole row or column.
//
// Wide: full significands, exponents over 2^-6 .. 2^6 (C: 2^-8 .. 2^12), within a bound. Let G be |C|, where it counts,
// plus the sum of all |products| of an element; no partial sum is larger. Suppose that each step truncates its 16
// products and the carried sum to 24 fraction bits below the largest and then rounds toward zero to float32: at most 17
// * 2^-24 G
// + 2^-23 G a step, less than 2^-19 G. With rounding the oracle and the bound itself to float32,
//
//     |observed - expected| <= steps * 2^-18 G
//
// leaves a factor of two and more; one wrong product of average size is some 2^10 times larger.
//
// The oracle is a triple loop over row-major matrices, in double, which holds every sum of either kind without
// rounding. Tested by tests/probes/tcgen05_mma_f16_test.cc and tcgen05_mma_pair_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/gate/challenge_stream.h"

namespace assay::probes {

/// The operand whose integers are whole significands.
enum class Longer { a, b };

/// Values of a product; matrices are row-major, those of operands hold float16 codes.
struct F16Product {
  std::size_t m = 0, n = 0, k = 0;
  std::vector<std::uint16_t> a;  ///< [m][k]
  std::vector<std::uint16_t> b;  ///< [n][k]: each column of B along K.
  std::vector<float> c;          ///< [m][n]
  bool accumulate = false;       ///< C counts; where it does not, it is what D must not show.
};

F16Product draw_exact_f16(gate::ChallengeStream&, std::size_t m, std::size_t n, std::size_t k, Longer);
F16Product draw_wide_f16(gate::ChallengeStream&, std::size_t m, std::size_t n, std::size_t k);

/// D, rounded once to float32: [m][n].
std::vector<float> multiply(const F16Product&);
/// The bound above for each element of D.
std::vector<float> error_bound(const F16Product&);

/// The value of a float16 code that is neither infinite nor NaN.
double f16_value(std::uint16_t code);

}  // namespace assay::probes
