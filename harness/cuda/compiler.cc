#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/cuda/assembler.h"
#include "harness/cuda/library_search.h"

namespace assay::cuda {
namespace {

// NVRTC's interface as its manual has it; see assembler.cc for why it is declared here.
struct Program;
constexpr int kInvalidOption = 5, kCompilation = 6;

struct CompilerApi {
  int (*version)(int* major, int* minor) = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*create)(Program**, const char* source, const char* name, int headers, const char* const* texts,
                const char* const* names) = nullptr;
  int (*destroy)(Program**) = nullptr;
  int (*compile)(Program*, int count, const char* const* options) = nullptr;
  int (*cubin_size)(Program*, std::size_t*) = nullptr;
  int (*cubin)(Program*, char*) = nullptr;
  int (*log_size)(Program*, std::size_t*) = nullptr;
  int (*log)(Program*, char*) = nullptr;
};

bool bind(const SharedLibrary& library, CompilerApi& api) {
  return library.bind(api.version, "nvrtcVersion") && library.bind(api.error_string, "nvrtcGetErrorString") &&
         library.bind(api.create, "nvrtcCreateProgram") && library.bind(api.destroy, "nvrtcDestroyProgram") &&
         library.bind(api.compile, "nvrtcCompileProgram") && library.bind(api.cubin_size, "nvrtcGetCUBINSize") &&
         library.bind(api.cubin, "nvrtcGetCUBIN") && library.bind(api.log_size, "nvrtcGetProgramLogSize") &&
         library.bind(api.log, "nvrtcGetProgramLog");
}

/// One program: its source when made, destroyed with it.
class Compilation {
 public:
  Compilation(const CompilerApi& api, const std::string& source, const std::string& name) : api_(api) {
    created_ = api_.create(&program_, source.c_str(), name.c_str(), 0, nullptr, nullptr);
  }
  ~Compilation() {
    if (program_ != nullptr) api_.destroy(&program_);
  }
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;

  Result<Assembly> compile(Target target) {
    if (created_ != 0) return broken("nvrtcCreateProgram", created_);
    // The real target, not a virtual one: NVRTC then makes machine code, the same as nvcc's.
    const auto architecture = "--gpu-architecture=" + to_string(target);
    const std::array options = {architecture.c_str(), "--std=c++17"};
    const int code = api_.compile(program_, static_cast<int>(options.size()), options.data());
    if (code == kCompilation || code == kInvalidOption) return Assembly{.accepted = false, .cubin = {}, .log = log()};
    if (code != 0) return broken("nvrtcCompileProgram", code);
    return compiled();
  }

 private:
  Result<Assembly> compiled() {
    Assembly assembly{.accepted = true, .cubin = {}, .log = log()};
    std::size_t size = 0;
    if (int code = api_.cubin_size(program_, &size); code != 0) return broken("nvrtcGetCUBINSize", code);
    assembly.cubin.resize(size);
    if (int code = api_.cubin(program_, reinterpret_cast<char*>(assembly.cubin.data())); code != 0 || size == 0) {
      return broken("nvrtcGetCUBIN", code);
    }
    return assembly;
  }

  std::string log() const {
    std::size_t size = 0;
    if (api_.log_size(program_, &size) != 0 || size == 0) return {};
    std::string text(size, '\0');
    if (api_.log(program_, text.data()) != 0) return {};
    text.resize(text.find_last_not_of('\0') + 1);
    return text;
  }

  Error broken(const char* call, int code) const {
    return {.message = fmt::format("{} answered {} ({}): the compiler could not be asked", call, code,
                                   api_.error_string(code)),
            .call = call,
            .code = code,
            .name = api_.error_string(code),
            .log = program_ == nullptr ? std::string{} : log()};
  }

  const CompilerApi& api_;
  Program* program_ = nullptr;
  int created_ = 0;
};

class Nvrtc final : public CudaCompiler {
 public:
  Nvrtc(const CompilerApi& api, ToolIdentity identity) : api_(api), identity_(std::move(identity)) {}
  ToolIdentity identity() const override { return identity_; }
  Result<Assembly> compile(std::string_view source, std::string_view name, Target target) override {
    return Compilation(api_, std::string(source), std::string(name)).compile(target);
  }

 private:
  CompilerApi api_;
  ToolIdentity identity_;
};

}  // namespace

Result<std::unique_ptr<CudaCompiler>> open_cuda_compiler() {
  constexpr std::array kNames = {"libnvrtc.so.13", "libnvrtc.so.12"};
  auto library = find_library("NVRTC", kNames);
  if (!library) return library.error();
  CompilerApi api;
  int major = 0, minor = 0;
  if (!bind(*library, api) || api.version(&major, &minor) != 0) {
    return Error{.message = fmt::format("{} is not a usable NVRTC: a function is missing; install CUDA 12.3 or later",
                                        library->file().string()),
                 .call = "dlsym"};
  }
  // NVRTC opens its builtins by bare name; one that is loaded already is found wherever it lies (the wheels have no
  // rpath).
  const auto builtins = library->file().parent_path() / fmt::format("libnvrtc-builtins.so.{}.{}", major, minor);
  (void)SharedLibrary::open(builtins.string());
  auto identity = identify_tool("NVRTC", major, minor, *library);
  if (!identity) return identity.error();
  return std::unique_ptr<CudaCompiler>(std::make_unique<Nvrtc>(api, *identity));
}

}  // namespace assay::cuda
