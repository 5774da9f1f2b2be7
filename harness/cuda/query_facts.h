// Asks a driver for everything it reports of one device.
#pragma once

#include "harness/base/result.h"
#include "harness/cuda/driver_table.h"
#include "harness/cuda/facts.h"

namespace assay::cuda {

/// Error: the device itself cannot be asked. An attribute that is refused is an Attribute with its code.
Result<DeviceFacts> query_facts(const DriverTable&, int ordinal);

/// "GPU-" and the UUID in the usual groups.
Result<std::string> query_uuid(const DriverTable&, int ordinal);

}  // namespace assay::cuda
