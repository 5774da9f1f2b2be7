// One problem of one kernel through the six stages, in the process that may die of it.
//
//   assemble   NVRTC compiles the plan's text for the device's target, and the form's text for the witness
//   load       the cubin, after a plain copy kernel has shown that the context works
//   resolve    every entry that the plan launches
//   launch     each trial, on fresh arrays between guard words, outputs poisoned from the challenge; the first one
//   twice complete   nothing faulted verify     what judge.h says; then the changed operand, and the copy kernel again
//
// Controls, as a gate has them (docs/design.md): positive is the copy kernel; home_target, the same text compiles for
// the row's home target; negative, the changed operand of trial.h; canary, guard words and inputs unchanged and the
// workspace left zeroed; witness, the opcodes of the row's form stand in the loaded image (forms.h).
//
// Weights in fragment order come from fragment_order() on the host, not from the device's prepare_weights: a record
// speaks of one row. That the device makes the same bytes is what prepare_weights' own record shows.
//
// What a plan depends on stands in the record as measurements, so that a verifier can make the plan again.
// Tested by tests/kernels/run_kernel_test.cc.
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/evidence/record.h"
#include "harness/gate/workload.h"
#include "kernels/kernel.h"

namespace assay::kernels {

/// Runs the problem that the record's variant names. A problem that the row refuses is recorded as not applicable.
void run_kernel(const Kernel&, const gate::WorkloadTools&, evidence::Record&);

/// The limits of a device, as its driver answers them.
DeviceLimits limits_of(const cuda::DeviceFacts&, Target);
/// The limits on which a record's plan was made. Error: it does not tell them.
Result<DeviceLimits> limits_of(const evidence::Record&);

/// The text of a plan. Error: it has no launch, or more than one text.
Result<std::string> text_of(const Plan&);

}  // namespace assay::kernels
