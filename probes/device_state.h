// device.state: clocks, power and heat at rest and at work, and what the memory really moves.
#pragma once

#include "harness/gate/question.h"

namespace assay::probes {

/// NVML readings before and while a read kernel loads the memory for about half a second, and the read and copy
/// bandwidth: medians of repeats with the lowest and highest, from launches whose results were checked. An emulated
/// device has no bandwidth, so nothing is timed there.
void ask_device_state(gate::QuestionContext&);

}  // namespace assay::probes
