// tcgen05.mma.f16: does the tensor-memory MMA of one CTA compute a right float16 product?
//
// 128 x N x K in steps of K = 16, both operands K-major in shared memory, in each of the four layouts that a descriptor
// can name for such operands, A and B not always in the same (tcgen05_f16.h).
// Tested by tests/probes/tcgen05_mma_f16_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Exact cases in four layouts, with and without accumulation onto D, and a wide one.
gate::Probe make_tcgen05_mma_f16(const gate::Seed&);

}  // namespace assay::probes
