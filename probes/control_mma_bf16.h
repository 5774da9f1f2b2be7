// control.mma_bf16: does the warp-level BF16 matrix multiply, which every GPU from sm_80 on has, compute right?
// Tested by tests/probes/control_mma_bf16_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// K = 32 in two chained m16n8k16 steps.
gate::Probe make_control_mma_bf16(const gate::Seed&);

}  // namespace assay::probes
