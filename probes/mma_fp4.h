// mma.fp4: does the warp-level block-scaled FP4 matrix multiply compute right?
//
// NVFP4 (four UE4M3 scales for 64 elements) is the question; MXFP4 (two UE8M0 scales for 64) and E2M1 in bytes beside
// E4M3 or E2M1 (one UE8M0 scale for 32) are further cases of it, because the same targets take them from the same
// `.version` on.
//
// A case is 16 tiles of 16 x 8 x 128 with NVFP4, 8 with the others; what is exact and what bounded stands in
// block_scaled.h. NVFP4 is asked in steps, so that the first case that fails says what is wrong. All but the second
// name thread-id-a 0 and thread-id-b 0, and half of the exact tiles have powers of two as scales, half any:
//   1. normal scales                                     2. the same with every pair of thread-ids
//   3. subnormal scales: the manual leaves open what an input that is subnormal counts, so a device that takes it for
//      zero fails this case and the last, and no other
//   4. zeros among elements and scales                   5. a wide range of scales, subnormal ones among them
// All byte-ids, and all thread-ids again, occur with the other formats.
//
// What no operand can show is the order of k within a block of one scale, if it is the same wrong one for A and for B.
// Tested by tests/probes/mma_fp4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// K = 128 in chained m16n8k64 or m16n8k32 steps.
gate::Probe make_mma_fp4(const gate::Seed&);

}  // namespace assay::probes
