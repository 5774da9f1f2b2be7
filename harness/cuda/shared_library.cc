#include "harness/cuda/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include <fmt/format.h>

namespace assay::cuda {

Result<SharedLibrary> SharedLibrary::open(const std::string& name) {
  if (void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) return SharedLibrary(handle);
  const char* reason = ::dlerror();
  return Error{.message = fmt::format("cannot open {}: {}", name, reason != nullptr ? reason : "no reason given"),
               .call = "dlopen"};
}

void* SharedLibrary::symbol(const char* name) const { return ::dlsym(handle_, name); }

std::filesystem::path SharedLibrary::file() const {
  link_map* entry = nullptr;
  if (::dlinfo(handle_, RTLD_DI_LINKMAP, &entry) != 0 || entry == nullptr || entry->l_name == nullptr) return {};
  std::error_code failed;
  auto resolved = std::filesystem::canonical(entry->l_name, failed);
  return failed ? std::filesystem::path{} : resolved;
}

}  // namespace assay::cuda
