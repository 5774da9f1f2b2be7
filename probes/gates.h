// THE gate table.
#pragma once

#include <span>

#include "harness/gate/gate.h"

namespace assay::probes {

/// Every gate in run order. Ids are never renamed and never reused; the first row is device.query.
std::span<const gate::Gate> gates();

/// The copy probe, which every instruction gate runs before and after itself as its positive control.
gate::MakeProbe copy_control();

}  // namespace assay::probes
