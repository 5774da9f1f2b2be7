#include "harness/cuda/assembler.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/cuda/library_search.h"

namespace assay::cuda {
namespace {

// nvJitLink's interface as its manual has it. Declared here because a machine with the library need not have the
// header, and because the header's inline functions bind to one release's versioned symbols.
struct Linker;
constexpr int kInputPtx = 2;
constexpr std::array kResultNames = {"NVJITLINK_SUCCESS",
                                     "NVJITLINK_ERROR_UNRECOGNIZED_OPTION",
                                     "NVJITLINK_ERROR_MISSING_ARCH",
                                     "NVJITLINK_ERROR_INVALID_INPUT",
                                     "NVJITLINK_ERROR_PTX_COMPILE",
                                     "NVJITLINK_ERROR_NVVM_COMPILE",
                                     "NVJITLINK_ERROR_INTERNAL",
                                     "NVJITLINK_ERROR_THREADPOOL",
                                     "NVJITLINK_ERROR_UNRECOGNIZED_INPUT",
                                     "NVJITLINK_ERROR_FINALIZE",
                                     "NVJITLINK_ERROR_NULL_INPUT",
                                     "NVJITLINK_ERROR_INCOMPATIBLE_OPTIONS",
                                     "NVJITLINK_ERROR_INCORRECT_INPUT_TYPE",
                                     "NVJITLINK_ERROR_ARCH_MISMATCH",
                                     "NVJITLINK_ERROR_OUTDATED_LIBRARY",
                                     "NVJITLINK_ERROR_MISSING_FATBIN",
                                     "NVJITLINK_ERROR_UNRECOGNIZED_ARCH",
                                     "NVJITLINK_ERROR_UNSUPPORTED_ARCH",
                                     "NVJITLINK_ERROR_LTO_NOT_ENABLED"};
constexpr int kInternal = 6, kThreadPool = 7;

struct LinkerApi {
  int (*version)(unsigned* major, unsigned* minor) = nullptr;
  int (*create)(Linker**, std::uint32_t count, const char** options) = nullptr;
  int (*destroy)(Linker**) = nullptr;
  int (*add_data)(Linker*, int type, const void* data, std::size_t size, const char* name) = nullptr;
  int (*complete)(Linker*) = nullptr;
  int (*cubin_size)(Linker*, std::size_t*) = nullptr;
  int (*cubin)(Linker*, void*) = nullptr;
  int (*error_log_size)(Linker*, std::size_t*) = nullptr;
  int (*error_log)(Linker*, char*) = nullptr;
  int (*info_log_size)(Linker*, std::size_t*) = nullptr;
  int (*info_log)(Linker*, char*) = nullptr;
};

bool bind(const SharedLibrary& library, LinkerApi& api) {
  return library.bind(api.version, "nvJitLinkVersion") && library.bind(api.create, "nvJitLinkCreate") &&
         library.bind(api.destroy, "nvJitLinkDestroy") && library.bind(api.add_data, "nvJitLinkAddData") &&
         library.bind(api.complete, "nvJitLinkComplete") &&
         library.bind(api.cubin_size, "nvJitLinkGetLinkedCubinSize") &&
         library.bind(api.cubin, "nvJitLinkGetLinkedCubin") &&
         library.bind(api.error_log_size, "nvJitLinkGetErrorLogSize") &&
         library.bind(api.error_log, "nvJitLinkGetErrorLog") &&
         library.bind(api.info_log_size, "nvJitLinkGetInfoLogSize") &&
         library.bind(api.info_log, "nvJitLinkGetInfoLog");
}

std::string result_word(int code) {
  const bool known = code >= 0 && static_cast<std::size_t>(code) < kResultNames.size();
  return known ? kResultNames[static_cast<std::size_t>(code)] : fmt::format("nvJitLink result {}", code);
}

/// Both logs are fetched the same way; their size counts the final zero.
std::string fetch_log(Linker* linker, int (*size_of)(Linker*, std::size_t*), int (*fetch)(Linker*, char*)) {
  std::size_t size = 0;
  if (size_of(linker, &size) != 0 || size == 0) return {};
  std::string text(size, '\0');
  if (fetch(linker, text.data()) != 0) return {};
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

/// One link: created for a target, destroyed with it.
class Link {
 public:
  Link(const LinkerApi& api, Target target) : api_(api) {
    const auto architecture = "-arch=" + to_string(target);
    const char* options[] = {architecture.c_str()};
    created_ = api_.create(&linker_, 1, options);
  }
  ~Link() {
    if (linker_ != nullptr) api_.destroy(&linker_);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Result<Assembly> assemble(std::string_view ptx) {
    if (created_ != 0) return refused("nvJitLinkCreate", created_);
    // A text without its final zero is read past its end by some releases.
    const std::string text(ptx);
    if (int code = api_.add_data(linker_, kInputPtx, text.c_str(), text.size() + 1, "ptx"); code != 0) {
      return refused("nvJitLinkAddData", code);
    }
    if (int code = api_.complete(linker_); code != 0) return refused("nvJitLinkComplete", code);
    return linked();
  }

 private:
  /// A refusal with the assembler's words, or an Error where the assembler itself broke down.
  Result<Assembly> refused(const char* call, int code) {
    auto log = linker_ == nullptr ? std::string{} : fetch_log(linker_, api_.error_log_size, api_.error_log);
    // A kernel over a resource limit is refused only at the end, as INTERNAL with the assembler's complaint in the log.
    const bool complained = code == kInternal && log.find("error") != std::string::npos;
    if ((code == kInternal && !complained) || code == kThreadPool) {
      return Error{.message = fmt::format("{} answered {}: the assembler could not be asked", call, result_word(code)),
                   .call = call,
                   .code = code,
                   .name = result_word(code),
                   .log = std::move(log)};
    }
    if (log.empty()) log = fmt::format("{}: {}", call, result_word(code));
    return Assembly{.accepted = false, .cubin = {}, .log = std::move(log)};
  }

  Result<Assembly> linked() {
    Assembly assembly{.accepted = true, .cubin = {}, .log = fetch_log(linker_, api_.info_log_size, api_.info_log)};
    std::size_t size = 0;
    if (int code = api_.cubin_size(linker_, &size); code != 0 || size == 0) return no_cubin(code);
    assembly.cubin.resize(size);
    if (int code = api_.cubin(linker_, assembly.cubin.data()); code != 0) return no_cubin(code);
    return assembly;
  }

  static Error no_cubin(int code) {
    return {.message = fmt::format("nvJitLink accepted the text and gave no cubin ({})", result_word(code)),
            .call = "nvJitLinkGetLinkedCubin",
            .code = code,
            .name = result_word(code)};
  }

  const LinkerApi& api_;
  Linker* linker_ = nullptr;
  int created_ = 0;
};

class NvJitLink final : public PtxAssembler {
 public:
  NvJitLink(const LinkerApi& api, ToolIdentity identity) : api_(api), identity_(std::move(identity)) {}
  ToolIdentity identity() const override { return identity_; }
  Result<Assembly> assemble(std::string_view ptx, Target target) override { return Link(api_, target).assemble(ptx); }

 private:
  LinkerApi api_;
  ToolIdentity identity_;
};

}  // namespace

Result<std::unique_ptr<PtxAssembler>> open_ptx_assembler() {
  constexpr std::array kNames = {"libnvJitLink.so.13", "libnvJitLink.so.12"};
  auto library = find_library("nvJitLink", kNames);
  if (!library) return library.error();
  LinkerApi api;
  unsigned major = 0, minor = 0;
  if (!bind(*library, api) || api.version(&major, &minor) != 0) {
    return Error{
        .message = fmt::format("{} is not a usable nvJitLink: a function is missing; install CUDA 12.3 or later",
                               library->file().string()),
        .call = "dlsym"};
  }
  auto identity = identify_tool("nvJitLink", static_cast<int>(major), static_cast<int>(minor), *library);
  if (!identity) return identity.error();
  return std::unique_ptr<PtxAssembler>(std::make_unique<NvJitLink>(api, *identity));
}

}  // namespace assay::cuda
