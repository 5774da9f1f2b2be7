#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/cuda/driver.h"
#include "harness/cuda/driver_identity.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

// Where distributions, NVIDIA's installer, its containers and WSL put the library.
constexpr std::array kLibraryFolders = {
    "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib",
    "lib/x86_64-linux-gnu",     "lib/aarch64-linux-gnu",     "lib64",     "usr/lib/wsl/lib",
    "usr/local/nvidia/lib64"};

std::string library_sign(const fs::path& root) {
  std::error_code failed;
  for (const char* folder : kLibraryFolders) {
    const auto file = root / folder / "libcuda.so.1";
    if (fs::exists(fs::symlink_status(file, failed))) return fmt::format("library {}", file.string());
  }
  if (root != "/") return {};
  const auto found = installed_libcuda();
  return found.empty() ? std::string{} : fmt::format("library {}", found.string());
}

std::vector<std::string> node_signs(const fs::path& root) {
  std::vector<std::string> signs;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(root / "dev", failed)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("nvidia")) signs.push_back(fmt::format("device node /dev/{}", name));
  }
  std::ranges::sort(signs);
  return signs;
}

int nvidia_pci_devices(const fs::path& root) {
  int count = 0;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(root / "sys/bus/pci/devices", failed)) {
    if (kernel_file(entry.path() / "vendor").starts_with("0x10de")) ++count;
  }
  return count;
}

}  // namespace

std::vector<std::string> nvidia_signs(const fs::path& root) {
  std::vector<std::string> signs;
  if (auto library = library_sign(root); !library.empty()) signs.push_back(std::move(library));
  for (auto& node : node_signs(root)) signs.push_back(std::move(node));
  if (auto module = kernel_module_version(root); !module.empty()) {
    signs.push_back(fmt::format("kernel module nvidia {}", module));
  }
  // The count and not the addresses: a sign ends up in logs, and an address identifies a machine.
  if (const int count = nvidia_pci_devices(root); count > 0) {
    signs.push_back(fmt::format("{} PCI device{} of vendor 0x10de", count, count == 1 ? "" : "s"));
  }
  return signs;
}

}  // namespace assay::cuda
