#include "harness/cuda/blas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "harness/cuda/library_search.h"

namespace assay::cuda {
namespace {

// cuBLAS's interface as its manual has it; see assembler.cc for why it is declared here. Enumerators that are passed
// are int in C.
struct Context;
constexpr int kAsItIs = 0, kTransposed = 1;  // CUBLAS_OP_N, CUBLAS_OP_T
constexpr int kBf16 = 14, kFloat32 = 68;     // CUDA_R_16BF, CUBLAS_COMPUTE_32F
constexpr int kOwnChoice = -1;               // CUBLAS_GEMM_DEFAULT
constexpr int kFloat32Reductions = 16;       // CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION; 0 is the default
constexpr int kMajor = 0, kMinor = 1;        // MAJOR_VERSION, MINOR_VERSION

struct BlasApi {
  int (*create)(Context**) = nullptr;
  int (*destroy)(Context*) = nullptr;
  int (*property)(int which, int* value) = nullptr;
  const char* (*status_name)(int) = nullptr;
  int (*set_stream)(Context*, void* stream) = nullptr;
  int (*set_workspace)(Context*, void* workspace, std::size_t bytes) = nullptr;
  int (*set_math_mode)(Context*, int mode) = nullptr;
  int (*gemm)(Context*, int a_form, int b_form, int m, int n, int k, const void* alpha, const void* a, int a_type,
              int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc,
              int compute_type, int algorithm) = nullptr;
};

bool bind(const SharedLibrary& library, BlasApi& api) {
  return library.bind(api.create, "cublasCreate_v2") && library.bind(api.destroy, "cublasDestroy_v2") &&
         library.bind(api.property, "cublasGetProperty") && library.bind(api.status_name, "cublasGetStatusName") &&
         library.bind(api.set_stream, "cublasSetStream_v2") &&
         library.bind(api.set_workspace, "cublasSetWorkspace_v2") &&
         library.bind(api.set_math_mode, "cublasSetMathMode") && library.bind(api.gemm, "cublasGemmEx");
}

Status check(const BlasApi& api, int code, const char* call) {
  if (code == 0) return ok();
  const char* name = api.status_name(code);
  return Error{.message = fmt::format("{} answered {} {}", call, code, name == nullptr ? "" : name),
               .call = call,
               .code = code,
               .name = name == nullptr ? "" : name};
}

bool fits(const Bf16Product& product) {
  return std::max({product.m, product.n, product.k}) <= std::numeric_limits<int>::max();
}

class LoadedBlas final : public Blas {
 public:
  LoadedBlas(const BlasApi& api, Context* context, Address workspace, ToolIdentity identity)
      : api_(api), context_(context), workspace_(workspace), identity_(std::move(identity)) {}
  ~LoadedBlas() override { api_.destroy(context_); }
  LoadedBlas(const LoadedBlas&) = delete;
  LoadedBlas& operator=(const LoadedBlas&) = delete;

  ToolIdentity identity() const override { return identity_; }
  Enqueue product(const Bf16Product& product, Reductions reductions) override {
    return [this, product, reductions](Stream stream) { return enqueue(product, reductions, stream); };
  }

 private:
  Status enqueue(const Bf16Product& product, Reductions reductions, Stream stream) {
    if (!fits(product)) return Error{.message = "cuBLAS: an extent does not fit 32 bits"};
    if (auto settled = settle(stream); !settled) return settled;
    const int mode = reductions == Reductions::float32 ? kFloat32Reductions : 0;
    auto set = check(api_, api_.set_math_mode(context_, mode), "cublasSetMathMode");
    if (!set) return set;
    const auto m = static_cast<int>(product.m), n = static_cast<int>(product.n), k = static_cast<int>(product.k);
    const float beta = 0;
    const int code = api_.gemm(context_, kTransposed, kAsItIs, n, m, k, &product.alpha, pointer(product.w), kBf16, k,
                               pointer(product.x), kBf16, k, &beta, pointer(product.y), kBf16, n, kFloat32, kOwnChoice);
    return check(api_, code, "cublasGemmEx");
  }
  /// A new stream takes the workspace away, so it is given again.
  Status settle(Stream stream) {
    auto set = check(api_, api_.set_stream(context_, reinterpret_cast<void*>(stream)), "cublasSetStream_v2");
    if (!set) return set;
    return check(api_, api_.set_workspace(context_, pointer(workspace_), kBlasWorkspaceBytes), "cublasSetWorkspace_v2");
  }
  static void* pointer(Address address) { return reinterpret_cast<void*>(address); }

  BlasApi api_;
  Context* context_;
  Address workspace_;
  ToolIdentity identity_;
};

Result<std::unique_ptr<Blas>> open_found(Address workspace, const SharedLibrary& library) {
  BlasApi api;
  int major = 0, minor = 0;
  if (!bind(library, api) || api.property(kMajor, &major) != 0 || api.property(kMinor, &minor) != 0) {
    return Error{.message = fmt::format("{} is not a usable cuBLAS: a function is missing; install CUDA 12.0 or later",
                                        library.file().string()),
                 .call = "dlsym"};
  }
  auto identity = identify_tool("cuBLAS", major, minor, library);
  if (!identity) return identity.error();
  Context* context = nullptr;
  if (auto created = check(api, api.create(&context), "cublasCreate_v2"); !created) return created.error();
  return std::unique_ptr<Blas>(std::make_unique<LoadedBlas>(api, context, workspace, *identity));
}

}  // namespace

Result<std::unique_ptr<Blas>> open_blas(Address workspace) {
  constexpr std::array kNames = {"libcublas.so.13", "libcublas.so.12"};
  auto library = find_library("cuBLAS", kNames);
  if (!library) return library.error();
  return open_found(workspace, *library);
}

Result<std::unique_ptr<Blas>> open_blas(Address workspace, const std::string& library) {
  auto opened = SharedLibrary::open(library);
  if (!opened) return opened.error();
  return open_found(workspace, *opened);
}

}  // namespace assay::cuda
