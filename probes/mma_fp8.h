// mma.fp8: does the warp-level E4M3 matrix multiply compute right?
//
// Which machine code that is depends on the target. Assembled with CUDA 13.0 it is QMMA on sm_89 and sm_120 and later;
// on sm_90, sm_100, sm_103 and sm_110 it is a conversion to FP16 (F2FP.F16.E4M3), HMMA and an FP32 addition of C. So a
// right answer speaks of the PTX form and its lowering there, not of an FP8 datapath.
// Tested by tests/probes/mma_fp8_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// K = 64 in two chained m16n8k32 steps.
gate::Probe make_mma_fp8(const gate::Seed&);

}  // namespace assay::probes
