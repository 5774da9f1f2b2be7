#include "harness/cuda/driver_table.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace assay::cuda {
namespace {

/// Binds symbol after symbol and keeps the first name that the library does not export.
class Binder {
 public:
  explicit Binder(const SharedLibrary& library) : library_(library) {}

  template <class Function>
  void required(Function*& function, const char* name) {
    if (!library_.bind(function, name) && missing_.empty()) missing_ = name;
  }
  template <class Function>
  void optional(Function*& function, const char* name) {
    library_.bind(function, name);
  }
  const std::string& missing() const { return missing_; }

 private:
  const SharedLibrary& library_;
  std::string missing_;
};

void bind_queries(Binder& binder, DriverTable& table) {
  binder.required(table.cuInit, "cuInit");
  binder.required(table.cuDriverGetVersion, "cuDriverGetVersion");
  binder.required(table.cuGetErrorName, "cuGetErrorName");
  binder.required(table.cuGetErrorString, "cuGetErrorString");
  binder.required(table.cuDeviceGetCount, "cuDeviceGetCount");
  binder.required(table.cuDeviceGet, "cuDeviceGet");
  binder.required(table.cuDeviceGetName, "cuDeviceGetName");
  binder.required(table.cuDeviceGetAttribute, "cuDeviceGetAttribute");
  binder.required(table.cuDeviceGetPCIBusId, "cuDeviceGetPCIBusId");
  binder.required(table.cuDeviceGetUuid_v2, "cuDeviceGetUuid_v2");
  binder.required(table.cuDeviceTotalMem_v2, "cuDeviceTotalMem_v2");
}

void bind_context(Binder& binder, DriverTable& table) {
  binder.required(table.cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  binder.required(table.cuDevicePrimaryCtxRelease_v2, "cuDevicePrimaryCtxRelease_v2");
  binder.required(table.cuCtxSetCurrent, "cuCtxSetCurrent");
  binder.required(table.cuCtxSynchronize, "cuCtxSynchronize");
  binder.required(table.cuStreamCreate, "cuStreamCreate");
  binder.required(table.cuStreamDestroy_v2, "cuStreamDestroy_v2");
  binder.required(table.cuEventCreate, "cuEventCreate");
  binder.required(table.cuEventRecord, "cuEventRecord");
  binder.required(table.cuEventSynchronize, "cuEventSynchronize");
  binder.required(table.cuEventDestroy_v2, "cuEventDestroy_v2");
  binder.required(table.elapsed_time, "cuEventElapsedTime");
}

void bind_modules(Binder& binder, DriverTable& table) {
  binder.required(table.cuModuleLoadDataEx, "cuModuleLoadDataEx");
  binder.required(table.cuModuleUnload, "cuModuleUnload");
  binder.required(table.cuModuleGetFunction, "cuModuleGetFunction");
  binder.required(table.cuFuncSetAttribute, "cuFuncSetAttribute");
  binder.optional(table.cuLaunchKernelEx, "cuLaunchKernelEx");
  binder.optional(table.cuTensorMapEncodeTiled, "cuTensorMapEncodeTiled");
  binder.optional(table.cuOccupancyMaxActiveClusters, "cuOccupancyMaxActiveClusters");
}

/// Only what is timed needs these.
void bind_graphs(Binder& binder, DriverTable& table) {
  binder.optional(table.cuMemsetD8Async, "cuMemsetD8Async");
  binder.optional(table.cuStreamBeginCapture_v2, "cuStreamBeginCapture_v2");
  binder.optional(table.cuStreamEndCapture, "cuStreamEndCapture");
  binder.optional(table.cuGraphInstantiateWithFlags, "cuGraphInstantiateWithFlags");
  binder.optional(table.cuGraphDestroy, "cuGraphDestroy");
  binder.optional(table.cuGraphLaunch, "cuGraphLaunch");
  binder.optional(table.cuGraphExecDestroy, "cuGraphExecDestroy");
}

void bind_memory(Binder& binder, DriverTable& table) {
  binder.required(table.cuMemGetInfo_v2, "cuMemGetInfo_v2");
  binder.required(table.cuMemAlloc_v2, "cuMemAlloc_v2");
  binder.required(table.cuMemFree_v2, "cuMemFree_v2");
  binder.required(table.cuMemcpyHtoD_v2, "cuMemcpyHtoD_v2");
  binder.required(table.cuMemcpyDtoH_v2, "cuMemcpyDtoH_v2");
  binder.required(table.cuMemcpyDtoDAsync_v2, "cuMemcpyDtoDAsync_v2");
}

/// The names that matter when a driver is too broken to name its own codes.
std::string_view built_in_name(CUresult code) {
  static constexpr std::array kNames = {
      std::pair{CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
      std::pair{CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      std::pair{CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"},
      std::pair{CUDA_ERROR_STUB_LIBRARY, "CUDA_ERROR_STUB_LIBRARY"},
      std::pair{CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE"},
      std::pair{CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
      std::pair{CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
      std::pair{CUDA_ERROR_OPERATING_SYSTEM, "CUDA_ERROR_OPERATING_SYSTEM"},
      std::pair{CUDA_ERROR_SYSTEM_NOT_READY, "CUDA_ERROR_SYSTEM_NOT_READY"},
      std::pair{CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
      std::pair{CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"},
      std::pair{CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN"},
  };
  for (const auto& [value, name] : kNames) {
    if (value == code) return name;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const DriverTable>> DriverTable::load(const SharedLibrary& library) {
  auto table = std::make_shared<DriverTable>();
  Binder binder(library);
  bind_queries(binder, *table);
  bind_context(binder, *table);
  bind_modules(binder, *table);
  bind_memory(binder, *table);
  bind_graphs(binder, *table);
  if (binder.missing().empty()) return std::shared_ptr<const DriverTable>(std::move(table));
  return Error{.message = fmt::format("{} exports no {}: not a libcuda, or one older than CUDA 12.0; install a current "
                                      "NVIDIA driver or name another library",
                                      library.file().string(), binder.missing()),
               .call = "dlsym",
               .name = binder.missing()};
}

std::string result_name(const DriverTable& driver, CUresult code) {
  const char* name = nullptr;
  if (driver.cuGetErrorName(code, &name) == CUDA_SUCCESS && name != nullptr) return name;
  return std::string(built_in_name(code));
}

Status DriverTable::check(CUresult code, const char* call, std::string_view doing) const {
  if (code == CUDA_SUCCESS) return ok();
  auto name = result_name(*this, code);
  const char* sentence = nullptr;
  const bool told = cuGetErrorString(code, &sentence) == CUDA_SUCCESS && sentence != nullptr;
  return Error{
      .message = fmt::format("{}: {} answered {} {}{}{}", doing, call, static_cast<int>(code),
                             name.empty() ? "(a code without a name)" : name, told ? ": " : "", told ? sentence : ""),
      .call = call,
      .code = static_cast<int>(code),
      .name = std::move(name)};
}

Error absent(const char* function) {
  return Error{
      .message = fmt::format("driver has no {}: older than CUDA 12.0", function), .call = "dlsym", .name = function};
}

}  // namespace assay::cuda
