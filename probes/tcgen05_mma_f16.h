// tcgen05.mma.f16: does the tensor-memory MMA of one CTA compute a right float16 product?
//
// 128 x N x K in steps of K = 16, both operands K-major in shared memory, in each of the four layouts that a descriptor
// of 16-byte units can name, A and B not always in the same. N and the accumulator's column come from the challenge
// where the manual leaves them free (N a multiple of 8; the column here one of 32). The host makes the images and the
// kernel only copies them, so an error of layout is an error of tcgen05_operands.cc or of the hardware, never of device
// code.
//
// All allocated columns hold values before the product and are given back after it. Where the first step must not
// accumulate, D's place holds a matrix that would change every element; where it must, the same kind of matrix counts;
// and the columns beside D must come back as they were.
//
// What no product can show is a permutation along K that A and B share: D is the same sum.
//
// Exact and wide inputs: f16_product.h. Tested by tests/probes/tcgen05_mma_f16_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Exact cases in four layouts, with and without accumulation, and a wide one. The negative case flips the sign of one
/// element of A, so that exactly the words of its row of D move.
gate::Probe make_tcgen05_mma_f16(const gate::Seed&);

}  // namespace assay::probes
