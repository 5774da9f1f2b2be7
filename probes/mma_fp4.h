// mma.fp4: does the warp-level block-scaled FP4 matrix multiply compute right?
//
// NVFP4 (four UE4M3 scales for 64 elements) is the question; MXFP4 (two UE8M0 scales for 64) and E2M1 in bytes beside
// E4M3 or E2M1 (one UE8M0 scale for 32) are further cases of it, because the same targets take them from the same
// `.version` on. All of thread-id-a and thread-id-b occur with NVFP4, all byte-ids with the others.
//
// A case is 32 tiles of 16 x 8 x 128 with NVFP4, 8 with the others. Exact NVFP4 tiles have powers of two as scales or
// any scales, and each pair of thread-ids both; what is exact and what bounded stands in block_scaled.h.
//
// What no operand can show is the order of k within a block of one scale, if it is the same wrong one for A and for B.
// Tested by tests/probes/mma_fp4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// K = 128 in chained m16n8k64 or m16n8k32 steps.
gate::Probe make_mma_fp4(const gate::Seed&);

}  // namespace assay::probes
