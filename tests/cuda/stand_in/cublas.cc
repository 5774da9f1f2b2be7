// A cuBLAS of host memory: it multiplies by columns as the manual of cublasGemmEx says, and refuses what is not BF16 in
// and out with float32 sums, or a workspace that was not given after the stream.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/cuda/stand_in/blas_seen.h"

namespace {

BlasSeen seen;

float value(const void* matrix, std::ptrdiff_t at) {
  std::uint16_t code = 0;
  std::memcpy(&code, static_cast<const char*>(matrix) + at * 2, 2);
  const std::uint32_t bits = std::uint32_t{code} << 16;
  float number = 0;
  std::memcpy(&number, &bits, 4);
  return number;
}

void store(void* matrix, std::ptrdiff_t at, float number) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &number, 4);
  const auto code = static_cast<std::uint16_t>(bits >> 16);
  std::memcpy(static_cast<char*>(matrix) + at * 2, &code, 2);
}

}  // namespace

extern "C" {

BlasSeen* blas_seen() { return &seen; }

int cublasCreate_v2(void** context) {
  if (seen.refuse) return 1;
  ++seen.contexts;
  return *context = &seen, 0;
}
int cublasDestroy_v2(void*) { return --seen.contexts, 0; }
int cublasGetProperty(int which, int* number) { return *number = which == 0 ? 13 : 1, 0; }
const char* cublasGetStatusName(int code) {
  return code == 1 ? "CUBLAS_STATUS_NOT_INITIALIZED" : "CUBLAS_STATUS_NOT_SUPPORTED";
}
int cublasSetStream_v2(void*, void* stream) {
  seen.stream = stream;
  seen.workspace = nullptr;
  return 0;
}
int cublasSetWorkspace_v2(void*, void* workspace, std::size_t bytes) {
  seen.workspace = workspace;
  seen.workspace_bytes = bytes;
  return 0;
}
int cublasSetMathMode(void*, int mode) { return seen.math_mode = mode, 0; }
int cublasGemmEx(void*, int a_form, int b_form, int m, int n, int k, const void* alpha, const void* a, int a_type,
                 int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc,
                 int compute_type, int algorithm) {
  const bool known = a_form == 1 && b_form == 0 && a_type == 14 && b_type == 14 && c_type == 14 && compute_type == 68;
  if (!known || algorithm != -1 || seen.workspace == nullptr || *static_cast<const float*>(beta) != 0) return 15;
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0;
      for (int i = 0; i < k; ++i)
        sum += value(a, std::ptrdiff_t{row} * lda + i) * value(b, std::ptrdiff_t{column} * ldb + i);
      store(c, std::ptrdiff_t{column} * ldc + row, *static_cast<const float*>(alpha) * sum);
    }
  return 0;
}

}  // extern "C"
