#include "harness/cuda/driver_identity.h"

#include <dlfcn.h>
#include <link.h>

#include <fstream>
#include <iterator>
#include <regex>

#include "harness/cuda/file_digest.h"
#include "harness/cuda/nvml.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

/// The first NVIDIA driver version in a text: three-part (580.159.04) or two-part (590.10).
std::string first_version(const std::string& text) {
  static const std::regex kVersion(R"((?:^|[^0-9.])(\d{3,4}\.\d{1,3}(?:\.\d{1,3})?)(?![0-9.]))");
  std::smatch found;
  return std::regex_search(text, found, kVersion) ? found[1].str() : std::string{};
}

}  // namespace

fs::path installed_libcuda() {
  void* handle = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return {};
  fs::path file;
  link_map* entry = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &entry) == 0 && entry != nullptr) {
    std::error_code failed;
    file = fs::canonical(entry->l_name, failed);
  }
  ::dlclose(handle);
  return file;
}

std::string version_in_file_name(const fs::path& file) {
  const auto name = file.filename().string();
  constexpr std::string_view kStem = "libcuda.so.";
  return name.starts_with(kStem) ? first_version(name.substr(kStem.size())) : std::string{};
}

std::string kernel_file(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string kernel_module_version(const fs::path& root) {
  auto version = first_version(kernel_file(root / "proc/driver/nvidia/version"));
  return version.empty() ? first_version(kernel_file(root / "sys/module/nvidia/version")) : version;
}

bool holds_device_node(const fs::path& descriptors) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(descriptors, failed)) {
    std::error_code gone;
    const auto target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with("/dev/nvidia") || target == "/dev/dxg") return true;
  }
  return false;
}

LibraryKind library_kind(const DriverIdentity& identity, bool is_installed_file) {
  if (identity.says_emulated) return LibraryKind::emulated;
  const bool genuine = is_installed_file && identity.kernel_agrees && identity.opened_device_nodes;
  return genuine ? LibraryKind::system : LibraryKind::unknown;
}

Result<DriverIdentity> identify(const SharedLibrary& library, const DriverTable& driver, const fs::path& installed) {
  const auto file = library.file();
  auto digest = cached_digest(file);
  if (!digest) return digest.error();
  DriverIdentity identity{.path_class = path_class(file), .sha256 = *digest};
  auto version = driver.check(driver.cuDriverGetVersion(&identity.api_version), "cuDriverGetVersion", "driver version");
  if (!version) return version.error();

  const bool is_installed_file = !installed.empty() && file == installed;
  const auto library_version = version_in_file_name(file);
  identity.opened_device_nodes = holds_device_node();  // before NVML, which opens some of its own
  identity.says_emulated = library.symbol("assay_emulated_device") != nullptr;
  identity.kernel_module_version = kernel_module_version();
  if (identity.kernel_module_version.empty() && is_installed_file && !identity.says_emulated) {
    // Sandboxes that pass the device nodes through may hide both files of the kernel's.
    if (auto told = nvml_driver_version()) identity.kernel_module_version = *told;
  }
  identity.driver_version = identity.kernel_module_version.empty() ? library_version : identity.kernel_module_version;
  identity.kernel_agrees = !library_version.empty() && library_version == identity.kernel_module_version;
  identity.kind = library_kind(identity, is_installed_file);
  return identity;
}

}  // namespace assay::cuda
