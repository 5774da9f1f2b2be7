// device.limits: which limits hold when they are used.
#pragma once

#include "harness/gate/question.h"

namespace assay::probes {

/// Shared memory three ways (what the driver reports, what launches and can be touched, what the assembler takes),
/// cluster sizes 1 to 16, and the multiprocessors that blocks really ran on. A refused size is an answer.
void ask_device_limits(gate::QuestionContext&);

}  // namespace assay::probes
