// device.query: what the driver and NVML report of the device.
#pragma once

#include "harness/gate/question.h"

namespace assay::probes {

/// Name, compute capability, versions, clocks and every attribute that the driver answers by name. Nothing is launched:
/// these are reports, and a report does not say that a limit can be used. Identifiers (UUID, PCI position) are left
/// out.
void ask_device_query(gate::QuestionContext&);

}  // namespace assay::probes
