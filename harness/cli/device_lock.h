// One run a device and host: two runs on one device would measure each other.
// Tested by tests/cli/device_lock_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/file_system.h"
#include "harness/base/result.h"
#include "harness/gate/attempt.h"

namespace assay::cli {

/// The lock's name: the same however the device was named on the command line, and telling nobody its UUID.
std::string device_lock_name(std::string_view uuid);

/// Error, code EWOULDBLOCK: another run holds the device.
Result<HostLock> lock_device(const gate::Survey&);

}  // namespace assay::cli
