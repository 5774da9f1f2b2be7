// The part of a stand-in driver that every variant has: starting, and words for codes.
#include <cuda.h>

#include <utility>

namespace {

constexpr auto kInit = static_cast<CUresult>(STAND_IN_INIT);

// Codes of which the "driver" knows the name; 999 and 803 are left out, as a broken driver may name nothing.
constexpr std::pair<CUresult, const char*> kNames[] = {
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
};

}  // namespace

extern "C" {

CUresult cuInit(unsigned) { return kInit; }

CUresult cuDriverGetVersion(int* version) {
  *version = STAND_IN_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult code, const char** name) {
  for (const auto& [known, text] : kNames) {
    if (known == code) return *name = text, CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char** text) {
  if (code != CUDA_ERROR_NO_BINARY_FOR_GPU) return CUDA_ERROR_INVALID_VALUE;
  return *text = "no kernel image is available for execution on the device", CUDA_SUCCESS;
}

}  // extern "C"
