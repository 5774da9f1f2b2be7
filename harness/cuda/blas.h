// cuBLAS at run time: the peer that a product is timed beside. Optional: not found is an answer.
//
// A product is handed out as work for a stream, so that it is warmed up, captured and replayed exactly as a kernel is.
// cuBLAS takes matrices by columns; a matrix by rows is the transposed one by columns, so y = x W^T by rows is asked
// for as y^T = W x^T. Its workspace is given before any capture, since it would otherwise allocate within one. Tested
// by tests/cuda/blas_test.cc with a stand-in library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"

namespace assay::cuda {

/// What partial sums are added in, where a product is split along K: what the library likes, which may be BF16, or
/// float32 throughout.
enum class Reductions { any, float32 };

/// y[M][N] = alpha * x[M][K] * w[N][K]^T, all three BF16 by rows, summed in float32.
struct Bf16Product {
  std::int64_t m = 0, n = 0, k = 0;
  Address x = 0, w = 0, y = 0;
  float alpha = 1;
};

class Blas {
 public:
  virtual ~Blas() = default;
  virtual ToolIdentity identity() const = 0;
  /// Work that holds no more than what it needs; the Blas must outlive it. A product that does not fit 32-bit sizes is
  /// refused when it is enqueued.
  virtual Enqueue product(const Bf16Product&, Reductions) = 0;
};

/// How much a caller of open_blas lends: what NVIDIA recommends for Hopper and later.
inline constexpr std::size_t kBlasWorkspaceBytes = 32u << 20;

/// Opens cuBLAS on the context that is current on this thread. `workspace` is kBlasWorkspaceBytes of device memory that
/// outlive the Blas. Error: not found, with every place that was tried, a missing function, or its own refusal.
Result<std::unique_ptr<Blas>> open_blas(Address workspace);
/// The same with a library of this name or path alone.
Result<std::unique_ptr<Blas>> open_blas(Address workspace, const std::string& library);

}  // namespace assay::cuda
