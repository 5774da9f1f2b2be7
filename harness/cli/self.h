// The running program's own path, which `run` and `doctor` start again for their children.
#pragma once

#include <filesystem>
#include <string>

namespace assay::cli {

inline std::string own_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

}  // namespace assay::cli
