// The functions of a libcuda that the harness calls, one pointer each, and the words for what they answer.
//
// Private to harness/cuda: the only place besides its .cc files that names a cu* function. cuda.h is used for its types
// alone, nothing links against libcuda. Symbols are loaded by their explicit, versioned names, because cuda.h's macros
// rename the functions and not the strings. Members carry the API's own names, so that a call site reads as the manual
// does. Tested by tests/cuda/driver_test.cc and tests/cuda/device_test.cc with stand-in libraries.
#pragma once

#include <cuda.h>

#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/cuda/shared_library.h"

namespace assay::cuda {

struct DriverTable {
  /// Fills the table. Error, call "dlsym": the library lacks a function that every driver since CUDA 12.0 has.
  static Result<std::shared_ptr<const DriverTable>> load(const SharedLibrary&);

  decltype(&::cuInit) cuInit = nullptr;
  decltype(&::cuDriverGetVersion) cuDriverGetVersion = nullptr;
  decltype(&::cuGetErrorName) cuGetErrorName = nullptr;
  decltype(&::cuGetErrorString) cuGetErrorString = nullptr;

  decltype(&::cuDeviceGetCount) cuDeviceGetCount = nullptr;
  decltype(&::cuDeviceGet) cuDeviceGet = nullptr;
  decltype(&::cuDeviceGetName) cuDeviceGetName = nullptr;
  decltype(&::cuDeviceGetAttribute) cuDeviceGetAttribute = nullptr;
  decltype(&::cuDeviceGetPCIBusId) cuDeviceGetPCIBusId = nullptr;
  decltype(&::cuDeviceGetUuid_v2) cuDeviceGetUuid_v2 = nullptr;
  decltype(&::cuDeviceTotalMem_v2) cuDeviceTotalMem_v2 = nullptr;

  decltype(&::cuDevicePrimaryCtxRetain) cuDevicePrimaryCtxRetain = nullptr;
  decltype(&::cuDevicePrimaryCtxRelease_v2) cuDevicePrimaryCtxRelease_v2 = nullptr;
  decltype(&::cuCtxSetCurrent) cuCtxSetCurrent = nullptr;
  decltype(&::cuCtxSynchronize) cuCtxSynchronize = nullptr;
  decltype(&::cuStreamCreate) cuStreamCreate = nullptr;
  decltype(&::cuStreamDestroy_v2) cuStreamDestroy_v2 = nullptr;
  decltype(&::cuEventCreate) cuEventCreate = nullptr;
  decltype(&::cuEventRecord) cuEventRecord = nullptr;
  decltype(&::cuEventSynchronize) cuEventSynchronize = nullptr;
  decltype(&::cuEventDestroy_v2) cuEventDestroy_v2 = nullptr;
  /// Loaded without a suffix: the function that every driver has, whatever name cuda.h gives its type today.
  decltype(&::cuEventElapsedTime) elapsed_time = nullptr;

  decltype(&::cuModuleLoadDataEx) cuModuleLoadDataEx = nullptr;
  decltype(&::cuModuleUnload) cuModuleUnload = nullptr;
  decltype(&::cuModuleGetFunction) cuModuleGetFunction = nullptr;
  decltype(&::cuFuncSetAttribute) cuFuncSetAttribute = nullptr;

  decltype(&::cuMemGetInfo_v2) cuMemGetInfo_v2 = nullptr;
  decltype(&::cuMemAlloc_v2) cuMemAlloc_v2 = nullptr;
  decltype(&::cuMemFree_v2) cuMemFree_v2 = nullptr;
  decltype(&::cuMemcpyHtoD_v2) cuMemcpyHtoD_v2 = nullptr;
  decltype(&::cuMemcpyDtoH_v2) cuMemcpyDtoH_v2 = nullptr;
  decltype(&::cuMemcpyDtoDAsync_v2) cuMemcpyDtoDAsync_v2 = nullptr;

  /// Null where the library does not export them; `absent` words the Error.
  decltype(&::cuLaunchKernelEx) cuLaunchKernelEx = nullptr;
  decltype(&::cuTensorMapEncodeTiled) cuTensorMapEncodeTiled = nullptr;
  decltype(&::cuOccupancyMaxActiveClusters) cuOccupancyMaxActiveClusters = nullptr;
  decltype(&::cuMemsetD8Async) cuMemsetD8Async = nullptr;
  decltype(&::cuStreamBeginCapture_v2) cuStreamBeginCapture_v2 = nullptr;
  decltype(&::cuStreamEndCapture) cuStreamEndCapture = nullptr;
  decltype(&::cuGraphInstantiateWithFlags) cuGraphInstantiateWithFlags = nullptr;
  decltype(&::cuGraphDestroy) cuGraphDestroy = nullptr;
  decltype(&::cuGraphLaunch) cuGraphLaunch = nullptr;
  decltype(&::cuGraphExecDestroy) cuGraphExecDestroy = nullptr;

  /// ok, or an Error that says what was being done, by which call, with the code, its name and the driver's own
  /// sentence.
  Status check(CUresult, const char* call, std::string_view doing) const;
};

/// "CUDA_ERROR_NO_DEVICE": the driver's word, else this build's own, else empty.
std::string result_name(const DriverTable&, CUresult);

/// "driver has no cuTensorMapEncodeTiled: older than CUDA 12.0".
Error absent(const char* function);

}  // namespace assay::cuda
