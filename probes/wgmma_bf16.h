// wgmma.bf16: does the Hopper warpgroup matrix multiply compute right?
//
// D = A B^T, 64 x 64 x K in steps of m64n64k16; both operands K-major in shared memory, in each of the four layouts
// that a matrix descriptor can name. The host makes the shared-memory images and the kernel only copies them, so an
// error of layout is an error of this file or of the hardware, never of device code; the oracle is a triple loop over
// row-major matrices and knows nothing of images. The accumulators hold NaN before the first step, whose scale-d is
// false.
//
// Exact cases: integers of at most 8 bits without zero. Every product and partial sum is an integer below 64 * 255^2
// < 2^24, and terms are at most 2^22 apart, so any unit that keeps 24 bits gives these bits in any order.
//
// Wide case: full 8-bit significands, exponents over 2^-8 .. 2^8, within a bound. Let G be the sum of all |products| of
// an element; no partial sum is larger. Suppose that each step truncates its 16 products and the carried sum to 24
// fraction bits below the largest and then rounds toward zero to float32: at most 17 * 2^-24 G + 2^-23 G a step, less
// than 2^-19 G. With rounding the oracle and the bound itself to float32,
//
//     |observed - expected| <= steps * 2^-18 G
//
// leaves a factor of two and more; one wrong product of average size is some 2^10 times larger.
//
// Layouts: PTX ISA, "Shared Memory Matrix Layout" and "Matrix Descriptor Format" of wgmma.
// Tested by tests/probes/wgmma_bf16_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/gate/gate.h"

namespace assay::probes {

inline constexpr std::size_t kWgmmaRows = 64;  ///< Of A and of B.

/// The shared-memory image of a row-major bfloat16 matrix of kWgmmaRows rows, K-major.
std::vector<std::uint16_t> wgmma_image(std::span<const std::uint16_t> matrix, cuda::Swizzle);
/// Its matrix descriptor without the start address.
std::uint64_t wgmma_descriptor(cuda::Swizzle);

/// Exact cases in four layouts and a wide one. The negative case flips the sign of one element of A, so that exactly
/// the words of its row move.
gate::Probe make_wgmma_bf16(const gate::Seed&);

}  // namespace assay::probes
