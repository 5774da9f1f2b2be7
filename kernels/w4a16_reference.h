// The product of kernel.h in float64, and how far a right float32 kernel may be from it.
//
// A product of an activation (at most 11 bits), a code (2) and a block scale (4) has at most 17 bits, so it is exact in
// float64, with or without a fused multiply-add. They are added in eight sums whose order is fixed here, so that every
// host gets the same bits; the error of K additions in float64 is nothing beside the bounds below.
//
// The bound of an element y, with S the sum of |terms|, the tensor scale and the bias included, and u half a unit in
// the last place of the output type (2^-8 of BF16, 2^-11 of FP16):
//
//     |observed - y| <= u |y| + K 2^-23 S
//
// The first part is the one rounding at the end. The second is what K additions in float32 may lose in any order, when
// every one of them truncates, as tensor cores may; it also pays for the multiplication by the tensor scale, for the
// bias, and for rounding what is already wrong by it. FP16 has 2^-25 more, half its least subnormal.
//
// Of a gated pair y = s(g) * v, with s(g) = g / (1 + e^-g), g and v may be wrong by e_g = K 2^-23 S_g and e_v. The
// slope of s is at most 1.1, and a float32 s itself is right to r = (8 + |g|) 2^-22 of its value, because an
// exponential by ex2.approx takes its argument times log2(e), rounded to 2^-24 of it, and is right to two units, and
// the addition and the approximate division lose a few more. Where e^-g overflows, s is 0 or -0 in place of less than
// 2^-110. So
//
//     |observed - y| <= u |y| + 2 (1.1 e_g (|v| + e_v) + |s| e_v + (r |s| + 2^-110) (|v| + e_v))
//
// where the 2 pays for the rounding of what is wrong already and of the product.
//
// All compared elements together: the Frobenius norm of the differences is at most 2e-3 of that of the reference.
// Rounding alone gives some 1.7e-3 for BF16, but only where no few elements decide. Their number is (sum y^2)^2 / sum
// y^4, and this is asked where it is 256 or more: the norm then varies by three in a hundred, and the limit is six
// times that away.
//
// Tested by tests/kernels/w4a16_reference_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/gate/challenge_stream.h"
#include "kernels/inputs.h"
#include "kernels/kernel.h"

namespace assay::kernels {

/// One output, and what it must be.
struct Element {
  std::int64_t row = 0, column = 0;
  double value = 0;
  double bound = 0;
};

/// Fills value and bound of elements that are in order of their columns. `threads` changes how fast, never what.
void refer(const Problem&, const Inputs&, std::span<Element> elements, unsigned threads);

/// As many threads as are worth starting here.
unsigned reference_threads();

/// The elements that a record compares, in order of their columns: all of a small problem; else a sample of some 16384
/// that the challenge draws, with an element of every row, of the first and the last column, and of both columns beside
/// each multiple of 64, where tiles end.
std::vector<Element> compared_elements(const Problem&, const gate::Seed&);

inline constexpr double kLargestFrobenius = 2e-3;
inline constexpr double kFewestTogether = 256;
/// How many elements decide the norm of all of them.
double deciding_elements(std::span<const Element>);

}  // namespace assay::kernels
