// How `inspect` and `patch` read a file of machine code: once, whole, never through a link.
#pragma once

#include <filesystem>

#include "harness/base/file_system.h"

namespace assay::cli {

/// The largest library of CUDA 13.0 has 542 MB.
constexpr std::size_t kImageFileLimit = std::size_t{768} << 20;

inline Result<std::vector<std::byte>> read_image_file(const std::filesystem::path& path) {
  return read_bytes(path, kImageFileLimit);
}

}  // namespace assay::cli
