// The Device that talks to a libcuda.
#pragma once

#include <memory>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "harness/cuda/driver_table.h"

namespace assay::cuda {

/// Retains the device's primary context, makes it current on this thread and gives it a stream of its own.
Result<std::unique_ptr<Device>> open_device(std::shared_ptr<const DriverTable>, int ordinal);

}  // namespace assay::cuda
