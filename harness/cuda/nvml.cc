#include "harness/cuda/nvml.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/cuda/shared_library.h"

namespace assay::cuda {
namespace {

// NVML's interface as its manual has it; the header belongs to a package that few machines have.
struct NvmlDeviceHandle;
using Handle = NvmlDeviceHandle*;
using Code = int;

constexpr Code kFunctionNotFound = 13;
constexpr int kClockSm = 1, kClockMemory = 2, kTemperatureGpu = 0;

struct MemoryV1 {
  unsigned long long total = 0, free = 0, used = 0;
};

struct NvmlApi {
  Code (*init)() = nullptr;
  Code (*shutdown)() = nullptr;
  const char* (*error_string)(Code) = nullptr;
  Code (*driver_version)(char*, unsigned) = nullptr;
  Code (*find_device)(const char*, Handle*) = nullptr;
  // Absent in some libraries; the reading then says so.
  Code (*memory)(Handle, MemoryV1*) = nullptr;
  Code (*clock)(Handle, int, unsigned*) = nullptr;
  Code (*max_clock)(Handle, int, unsigned*) = nullptr;
  Code (*power)(Handle, unsigned*) = nullptr;
  Code (*power_limit)(Handle, unsigned*) = nullptr;
  Code (*temperature)(Handle, int, unsigned*) = nullptr;
  Code (*clock_reasons)(Handle, unsigned long long*) = nullptr;
};

bool bind(const SharedLibrary& library, NvmlApi& api) {
  library.bind(api.memory, "nvmlDeviceGetMemoryInfo");
  library.bind(api.clock, "nvmlDeviceGetClockInfo");
  library.bind(api.max_clock, "nvmlDeviceGetMaxClockInfo");
  library.bind(api.power, "nvmlDeviceGetPowerUsage");
  library.bind(api.power_limit, "nvmlDeviceGetEnforcedPowerLimit");
  library.bind(api.temperature, "nvmlDeviceGetTemperature");
  // The first name is that of drivers since 535, the second that of all before.
  if (!library.bind(api.clock_reasons, "nvmlDeviceGetCurrentClocksEventReasons")) {
    library.bind(api.clock_reasons, "nvmlDeviceGetCurrentClocksThrottleReasons");
  }
  return library.bind(api.init, "nvmlInit_v2") && library.bind(api.shutdown, "nvmlShutdown") &&
         library.bind(api.error_string, "nvmlErrorString") &&
         library.bind(api.driver_version, "nvmlSystemGetDriverVersion") &&
         library.bind(api.find_device, "nvmlDeviceGetHandleByPciBusId_v2");
}

std::string code_name(Code code) {
  static constexpr std::array kNames = {
      "NVML_SUCCESS",
      "NVML_ERROR_UNINITIALIZED",
      "NVML_ERROR_INVALID_ARGUMENT",
      "NVML_ERROR_NOT_SUPPORTED",
      "NVML_ERROR_NO_PERMISSION",
      "NVML_ERROR_ALREADY_INITIALIZED",
      "NVML_ERROR_NOT_FOUND",
      "NVML_ERROR_INSUFFICIENT_SIZE",
      "NVML_ERROR_INSUFFICIENT_POWER",
      "NVML_ERROR_DRIVER_NOT_LOADED",
      "NVML_ERROR_TIMEOUT",
      "NVML_ERROR_IRQ_ISSUE",
      "NVML_ERROR_LIBRARY_NOT_FOUND",
      "NVML_ERROR_FUNCTION_NOT_FOUND",
      "NVML_ERROR_CORRUPTED_INFOROM",
      "NVML_ERROR_GPU_IS_LOST",
      "NVML_ERROR_RESET_REQUIRED",
      "NVML_ERROR_OPERATING_SYSTEM",
      "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
  };
  const bool known = code >= 0 && static_cast<std::size_t>(code) < kNames.size();
  return known ? kNames[static_cast<std::size_t>(code)] : fmt::format("NVML code {}", code);
}

Error refusal(const NvmlApi& api, Code code, const char* call) {
  return {.message = fmt::format("{} answered {} {}: {}", call, code, code_name(code), api.error_string(code)),
          .call = call,
          .code = code,
          .name = code_name(code)};
}

/// Opens and initialises the library; whoever gets the functions calls shutdown.
Result<NvmlApi> start(const std::string& name) {
  auto library = SharedLibrary::open(name);
  if (!library) return library.error();
  NvmlApi api;
  if (!bind(*library, api)) {
    return Error{.message = fmt::format("{} is not a usable NVML: a function is missing", name), .call = "dlsym"};
  }
  if (const Code code = api.init(); code != 0) return refusal(api, code, "nvmlInit_v2");
  return api;
}

Result<std::string> ask_driver_version(const NvmlApi& api) {
  std::array<char, 96> version{};
  const Code code = api.driver_version(version.data(), static_cast<unsigned>(version.size() - 1));
  if (code != 0) return refusal(api, code, "nvmlSystemGetDriverVersion");
  return std::string(version.data());
}

/// One reading: the function's answer times `scale`, or why there is none.
template <class Answer, class Function, class... Selector>
Reading<std::int64_t> read_number(Function* function, std::int64_t scale, Handle device, Selector... selector) {
  Answer answer = 0;
  const Code code = function == nullptr ? kFunctionNotFound : function(device, selector..., &answer);
  if (code != 0) return {.value = std::nullopt, .why_not = code_name(code)};
  return {.value = static_cast<std::int64_t>(answer) * scale, .why_not = {}};
}

class LoadedNvml final : public Nvml {
 public:
  LoadedNvml(const NvmlApi& api, Handle device, std::string driver_version)
      : api_(api), device_(device), driver_version_(std::move(driver_version)) {}
  ~LoadedNvml() override { api_.shutdown(); }

  std::string driver_version() const override { return driver_version_; }
  Reading<NvmlMemory> memory() const override {
    MemoryV1 answer;
    const Code code = api_.memory == nullptr ? kFunctionNotFound : api_.memory(device_, &answer);
    if (code != 0) return {.value = std::nullopt, .why_not = code_name(code)};
    return {.value = NvmlMemory{.total_bytes = answer.total, .free_bytes = answer.free, .used_bytes = answer.used},
            .why_not = {}};
  }
  // NVML speaks of MHz, CUDA of kHz; one unit for both.
  Reading<std::int64_t> sm_clock_khz() const override { return clock(api_.clock, kClockSm); }
  Reading<std::int64_t> memory_clock_khz() const override { return clock(api_.clock, kClockMemory); }
  Reading<std::int64_t> max_sm_clock_khz() const override { return clock(api_.max_clock, kClockSm); }
  Reading<std::int64_t> power_mw() const override { return read_number<unsigned>(api_.power, 1, device_); }
  Reading<std::int64_t> power_limit_mw() const override { return read_number<unsigned>(api_.power_limit, 1, device_); }
  Reading<std::int64_t> temperature_c() const override {
    return read_number<unsigned>(api_.temperature, 1, device_, kTemperatureGpu);
  }
  Reading<std::int64_t> throttle_reasons() const override {
    return read_number<unsigned long long>(api_.clock_reasons, 1, device_);
  }

 private:
  Reading<std::int64_t> clock(Code (*function)(Handle, int, unsigned*), int domain) const {
    return read_number<unsigned>(function, 1000, device_, domain);
  }

  NvmlApi api_;
  Handle device_;
  std::string driver_version_;
};

}  // namespace

Result<std::unique_ptr<Nvml>> open_nvml(std::string_view pci_bus_id, const std::string& library) {
  auto api = start(library);
  if (!api) return api.error();
  auto version = ask_driver_version(*api);
  Handle device = nullptr;
  const Code code = api->find_device(std::string(pci_bus_id).c_str(), &device);
  if (version && code == 0) return std::unique_ptr<Nvml>(std::make_unique<LoadedNvml>(*api, device, *version));
  api->shutdown();
  return version ? refusal(*api, code, "nvmlDeviceGetHandleByPciBusId_v2") : version.error();
}

Result<std::string> nvml_driver_version(const std::string& library) {
  auto api = start(library);
  if (!api) return api.error();
  auto version = ask_driver_version(*api);
  api->shutdown();
  return version;
}

std::string throttle_words(std::int64_t reasons) {
  static constexpr std::array kWords = {"gpu_idle",
                                        "applications_clocks_setting",
                                        "sw_power_cap",
                                        "hw_slowdown",
                                        "sync_boost",
                                        "sw_thermal_slowdown",
                                        "hw_thermal_slowdown",
                                        "hw_power_brake_slowdown",
                                        "display_clock_setting"};
  std::string words;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if ((static_cast<std::uint64_t>(reasons) >> bit & 1) == 0) continue;
    words += words.empty() ? "" : ", ";
    words += bit < kWords.size() ? kWords[bit] : fmt::format("bit_{}", bit);
  }
  return words.empty() ? "none" : words;
}

}  // namespace assay::cuda
