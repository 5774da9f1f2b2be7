// tcgen05.mma.pair: does the tensor-memory MMA compute right over a pair of CTAs?
//
// kind::f16 with cta_group::2: each CTA of a cluster of two holds half the rows of A and half the rows of B, and gets
// half of D; one thread of the even CTA issues, and the commit arrives at both CTAs' mbarriers. M = 256, where each CTA
// holds whole rows of D in 128 lanes, and M = 128, where a row is cut in two (tcgen05_operands.h). Layouts, inputs and
// what stands beside D: tcgen05_f16.h.
// Tested by tests/probes/tcgen05_mma_pair_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Exact cases with M = 256 and M = 128, with and without accumulation onto D, and a wide one of each M.
gate::Probe make_tcgen05_mma_pair(const gate::Seed&);

}  // namespace assay::probes
