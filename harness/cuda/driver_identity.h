// Which libcuda was opened, decided from its file, the kernel's word and the process's open files; no flag can change
// it.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"
#include "harness/cuda/driver.h"
#include "harness/cuda/driver_table.h"
#include "harness/cuda/shared_library.h"

namespace assay::cuda {

/// The file that the system's loader finds as libcuda.so.1, links resolved; empty if it finds none. To be asked before
/// any other libcuda is opened: afterwards the loader may answer with that one, by its soname.
std::filesystem::path installed_libcuda();

/// The version in a resolved file name: "580.159.04" of "libcuda.so.580.159.04"; empty if it holds none.
std::string version_in_file_name(const std::filesystem::path&);

/// The loaded NVIDIA kernel module's version; empty if there is none.
std::string kernel_module_version(const std::filesystem::path& root = "/");

/// A file of /proc or /sys, whole; empty if there is none. They report no size, so it is read as a stream.
std::string kernel_file(const std::filesystem::path&);

/// Whether one of this process's open files is an NVIDIA device node (or, under WSL, /dev/dxg).
bool holds_device_node(const std::filesystem::path& descriptors = "/proc/self/fd");

/// `emulated` if it says so; `system` if it is the installed file, agrees with the kernel module and
/// opened its device nodes; otherwise `unknown`.
LibraryKind library_kind(const DriverIdentity&, bool is_installed_file);

/// To be asked after cuInit. Error: the library file cannot be read.
Result<DriverIdentity> identify(const SharedLibrary&, const DriverTable&, const std::filesystem::path& installed);

}  // namespace assay::cuda
