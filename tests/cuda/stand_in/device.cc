// Two devices made of host memory: enough to check that what the harness asks for arrives as the Driver API wants it.
#include <cuda.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tests/cuda/stand_in/seen.h"

#undef cuEventElapsedTime

namespace {

StandInSeen seen;
int some_object;

template <class Handle>
Handle some_handle() {
  return reinterpret_cast<Handle>(&some_object);
}

void copy_text(char* to, int size, const char* text) { std::snprintf(to, static_cast<std::size_t>(size), "%s", text); }

/// Writes into the log buffer that the options name, as the JIT does.
void write_log(CUjit_option wanted, const char* text, unsigned count, CUjit_option* options, void** values) {
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == wanted) std::strcpy(static_cast<char*>(values[i]), text);
  }
}

}  // namespace

extern "C" {

StandInSeen* stand_in_seen() { return &seen; }

CUresult cuDeviceGetCount(int* count) { return *count = 2, CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  if (ordinal < 0 || ordinal > 1) return CUDA_ERROR_INVALID_DEVICE;
  return *device = ordinal, CUDA_SUCCESS;
}
CUresult cuDeviceGetName(char* name, int size, CUdevice) { return copy_text(name, size, "Stand-in"), CUDA_SUCCESS; }
CUresult cuDeviceGetPCIBusId(char* id, int size, CUdevice) { return copy_text(id, size, "0000:01:00.0"), CUDA_SUCCESS; }
CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) {
  for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<char>(0xf0 + i);
  uuid->bytes[15] = static_cast<char>(device);
  return CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice) { return *bytes = std::size_t{5} << 30, CUDA_SUCCESS; }
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  const int number = attribute;
  if (number == 75) return *value = device == 0 ? 9 : 8, CUDA_SUCCESS;
  if (number == 76) return *value = device == 0 ? 0 : 6, CUDA_SUCCESS;
  // 16 is refused although it has a name; 150 is answered although it has none.
  if (number == 16 || (number > 147 && number != 150)) return *value = -5, CUDA_ERROR_INVALID_VALUE;
  return *value = 1000 + number, CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
  ++seen.contexts;
  return *context = some_handle<CUcontext>(), CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) { return --seen.contexts, CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }
CUresult cuCtxSynchronize() { return CUDA_SUCCESS; }
CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  ++seen.streams;
  seen.stream_flags = flags;
  return *stream = some_handle<CUstream>(), CUDA_SUCCESS;
}
CUresult cuStreamDestroy_v2(CUstream) { return --seen.streams, CUDA_SUCCESS; }
CUresult cuEventCreate(CUevent* event, unsigned) {
  return ++seen.events, *event = some_handle<CUevent>(), CUDA_SUCCESS;
}
CUresult cuEventRecord(CUevent, CUstream) { return CUDA_SUCCESS; }
CUresult cuEventSynchronize(CUevent) { return CUDA_SUCCESS; }
CUresult cuEventDestroy_v2(CUevent) { return --seen.events, CUDA_SUCCESS; }
CUresult cuEventElapsedTime(float* milliseconds, CUevent, CUevent) { return *milliseconds = 0.25F, CUDA_SUCCESS; }

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, CUjit_option* options, void** values) {
  const std::string_view text(static_cast<const char*>(image));
  seen.jit_options = static_cast<int>(count);
  seen.image_ends_in_zero = text == "accept" || text == "refuse";
  if (text == "refuse") {
    write_log(CU_JIT_ERROR_LOG_BUFFER, "ptxas error : no such SM", count, options, values);
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  write_log(CU_JIT_INFO_LOG_BUFFER, "compiled for sm_90a", count, options, values);
  return *module = some_handle<CUmodule>(), CUDA_SUCCESS;
}
CUresult cuModuleUnload(CUmodule) { return CUDA_SUCCESS; }
CUresult cuModuleGetFunction(CUfunction* function, CUmodule, const char* name) {
  if (std::string_view(name) != "entry") return CUDA_ERROR_NOT_FOUND;
  return *function = some_handle<CUfunction>(), CUDA_SUCCESS;
}
CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute attribute, int value) {
  if (attribute == CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED) return seen.non_portable = value, CUDA_SUCCESS;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value > 232448) return CUDA_ERROR_INVALID_VALUE;
  return seen.shared_opt_in = value, CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(std::size_t* free_bytes, std::size_t* total) {
  return *free_bytes = 3, *total = 7, CUDA_SUCCESS;
}
CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  return *address = reinterpret_cast<CUdeviceptr>(std::malloc(bytes)), CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr address) { return std::free(reinterpret_cast<void*>(address)), CUDA_SUCCESS; }
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
  return std::memcpy(reinterpret_cast<void*>(to), from, bytes), CUDA_SUCCESS;
}
CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
  return std::memcpy(to, reinterpret_cast<void*>(from), bytes), CUDA_SUCCESS;
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream) {
  ++seen.copies;
  return std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes), CUDA_SUCCESS;
}

}  // extern "C"
