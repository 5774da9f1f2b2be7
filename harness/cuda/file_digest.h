// The SHA-256 of a library file, and what may be said of where the file lies.
//
// A libcuda or an NVRTC has a hundred megabytes and every child process of a run names its digest, so digests are kept
// between processes, keyed by what changes when a file does (path, size, modification time, inode). An entry that is
// not exactly what was written is a miss. Tested by tests/cuda/file_digest_test.cc.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"

namespace assay::cuda {

/// Lower-case hex of the file's SHA-256, from `cache` where it is known. An unwritable cache only costs time.
Result<std::string> cached_digest(const std::filesystem::path& file, const std::filesystem::path& cache);
/// The same with cache_folder()/digests.
Result<std::string> cached_digest(const std::filesystem::path& file);

/// project (beside the executable, or in a .deps folder above it), toolkit, system, home or other: the part of a path
/// that a record may keep.
std::string path_class(const std::filesystem::path& file);

/// The folder of this program.
std::filesystem::path program_folder();

}  // namespace assay::cuda
