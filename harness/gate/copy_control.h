// The positive control: a plain copy kernel in the probe's own process and context, before and after the probe.
// If it does not give the challenge's words back, nothing else that this process saw means anything.
// Tested by tests/gate/run_probe_test.cc.
#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"

namespace assay::gate {

/// Assembles, loads, launches and compares the first case of the copy probe. Error: the first thing that was not right.
Status run_copy_control(const Probe& copy, cuda::Device&, cuda::PtxAssembler&, Target, const Seed&);

}  // namespace assay::gate
