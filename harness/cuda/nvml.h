// NVML at run time: the device's state beside what CUDA says of it. Absent NVML, and every "Not Supported", is an
// answer. Tested by tests/cuda/nvml_test.cc with a stand-in library.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace assay::cuda {

/// A reading, or why there is none ("NVML_ERROR_NOT_SUPPORTED").
template <class T>
struct Reading {
  std::optional<T> value;
  std::string why_not;
};

struct NvmlMemory {
  std::uint64_t total_bytes = 0, free_bytes = 0, used_bytes = 0;
};

class Nvml {
 public:
  virtual ~Nvml() = default;
  virtual std::string driver_version() const = 0;
  virtual Reading<NvmlMemory> memory() const = 0;          ///< nvmlDeviceGetMemoryInfo
  virtual Reading<std::int64_t> sm_clock_khz() const = 0;  ///< Current, NVML_CLOCK_SM.
  virtual Reading<std::int64_t> memory_clock_khz() const = 0;
  virtual Reading<std::int64_t> max_sm_clock_khz() const = 0;
  virtual Reading<std::int64_t> power_mw() const = 0;
  virtual Reading<std::int64_t> power_limit_mw() const = 0;
  virtual Reading<std::int64_t> temperature_c() const = 0;
  /// Bits of nvmlDeviceGetCurrentClocksEventReasons (clocks throttle reasons).
  virtual Reading<std::int64_t> throttle_reasons() const = 0;
};

/// NVML for the device with this PCI bus id. Error: no library, no symbol, init refused, no such device.
Result<std::unique_ptr<Nvml>> open_nvml(std::string_view pci_bus_id, const std::string& library = "libnvidia-ml.so.1");

/// The driver version that NVML reports without any device. NVML does not start against a kernel module of another
/// version (NVML_ERROR_LIB_RM_VERSION_MISMATCH), so it is the module's version too.
Result<std::string> nvml_driver_version(const std::string& library = "libnvidia-ml.so.1");

/// "sw_power_cap, hw_slowdown" or "none"; a bit without a name is "bit_9".
std::string throttle_words(std::int64_t reasons);

}  // namespace assay::cuda
