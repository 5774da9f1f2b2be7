// device.memory: what each interface says of the memory, and how much of it one allocation can have.
#pragma once

#include <cstdint>
#include <filesystem>

#include "harness/gate/question.h"

namespace assay::probes {

/// The host's memory as /proc/meminfo gives it, in bytes.
struct HostMemory {
  std::int64_t total_bytes = 0, available_bytes = 0;
};
/// Error: unreadable, or MemTotal or MemAvailable is missing.
Result<HostMemory> read_host_memory(const std::filesystem::path& meminfo);

/// cuMemGetInfo, NVML, cuDeviceTotalMem and the host side by side, and the largest single allocation whose first and
/// last bytes hold what was written. Where the device shares the host's memory nothing beyond 90 % of MemAvailable is
/// asked for.
void ask_device_memory(gate::QuestionContext&);
/// The same with another meminfo.
void ask_device_memory(gate::QuestionContext&, const std::filesystem::path& meminfo);

}  // namespace assay::probes
