// One image attempt through the six stages, in the process that may die of it.
//
//   assemble   the text for the image's own target; the edit, on a copy; its bytes beside the native build's
//   load       the driver's loader judges
//   resolve    the kernel by name
//   launch     only if the row lets it be launched and the caller asked for that much; then as in run_probe.h
//
// An edit that does not fit the image is no attempt: the record says that it does not apply here. Tested by
// tests/probes/cubin_arch_patch_test.cc.
#pragma once

#include "harness/cuda/assembler.h"
#include "harness/gate/execution.h"
#include "harness/gate/image_attempt.h"

namespace assay::gate {

struct ImageTools {
  const ProbeTools& probe;
  const Result<std::unique_ptr<cuda::CudaCompiler>>& compiler;  ///< Its error refuses the assemble stage.
};

/// Fills stages, edit, cases, controls, measurements and artifacts of the record. `device` is the device's own target.
void run_image(const ImageAttempt&, const Seed&, Target device, PatchedLaunch allowed, const ImageTools&,
               evidence::Record&);

}  // namespace assay::gate
