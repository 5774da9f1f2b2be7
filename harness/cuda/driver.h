// A libcuda found at run time.
//
// Everything the harness knows of a driver goes through one table of function pointers, filled by dlopen and dlsym, so
// a missing library, a missing symbol, no device or an old driver is an answer and not a crash. Which library it is,
// and whether it is the installed driver's own, is decided here from the file, the kernel's word and the process's open
// files, never by a flag: see docs/design.md. Tested by tests/cuda/driver_test.cc with stand-in libraries.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "harness/cuda/facts.h"

namespace assay::cuda {

/// What the user asked for with --driver, or the default.
struct DriverChoice {
  enum class Kind { automatic, system, emulated, path } kind = Kind::automatic;
  std::string argument;  ///< The path, or the emulated profile.
};
/// Reads "system", "emulated", "emulated:b200" or a path (anything with a '/'). Error: usage.
Result<DriverChoice> parse_driver_choice(std::string_view text);

/// Signs that this machine has, or should have, an NVIDIA driver: a libcuda, a /dev/nvidia* node, a PCI device of
/// vendor 0x10de. `root` is "/" except in tests. Each sign is one line for a person.
std::vector<std::string> nvidia_signs(const std::filesystem::path& root = "/");

/// What the opened library turned out to be. `system`: the installed driver's own, agreeing with the kernel module.
/// `emulated`: it says so. `unknown`: anything else.
enum class LibraryKind { system, emulated, unknown };

/// What a record keeps of the library: path class, digest, version, kernel module version, whether they agree, whether
/// it says that it is emulated.
struct DriverIdentity {
  LibraryKind kind = LibraryKind::unknown;
  std::string path_class;             ///< system, toolkit, project, home or other
  std::string sha256;                 ///< Of the library file.
  int api_version = 0;                ///< cuDriverGetVersion, 13000 = 13.0.
  std::string driver_version;         ///< "580.159.04": the kernel module's, else the library file's, else empty.
  std::string kernel_module_version;  ///< From /proc/driver/nvidia/version or /sys/module/nvidia/version; from NVML
                                      ///< where a sandbox hides both.
  bool kernel_agrees = false;         ///< Library file version equals the kernel module's.
  bool opened_device_nodes = false;   ///< /proc/self/fd shows /dev/nvidia* after cuInit.
  bool says_emulated = false;         ///< Exports the marker symbol `assay_emulated_device`.
};

/// What kept a driver closed. Only `no_signs` and `not_built` say that this machine was not expected to have one.
enum class OpenFailure {
  no_signs,        ///< automatic: no sign of an NVIDIA driver or device, and no emulated driver in this build.
  not_built,       ///< emulated: this build has none.
  not_found,       ///< The loader refused the library.
  missing_symbol,  ///< Not a libcuda, or a very old one; the Error's name is the symbol.
  init_failed,     ///< cuInit, or a query right after it, refused; the Error has code, name and remedy.
  no_device,       ///< cuInit answered 100: a driver that works and sees no device.
  too_old,         ///< Answers for a CUDA older than 12.0.
};

/// The kind of failure that an Error of Driver::open is.
OpenFailure open_failure(const Error&);

struct DriverTable;  // one pointer per cu* function; driver_table.h, private to harness/cuda

class Driver {
 public:
  /// Opens the library and calls cuInit, with CUDA_MODULE_LOADING=EAGER and CUDA_CACHE_DISABLE=1 put in the
  /// environment. Errors: not found, missing symbol (named), cuInit's code with its name and a remedy in the message;
  /// see open_failure.
  static Result<Driver> open(const DriverChoice&);

  const DriverIdentity& identity() const;
  Result<int> device_count() const;
  /// `selector` is an index ("0") or a UUID ("GPU-..."). Error: no such device.
  Result<int> find_device(std::string_view selector) const;
  Result<DeviceFacts> facts(int ordinal) const;
  /// A context on the device, with JIT cache off and eager loading.
  Result<std::unique_ptr<Device>> open_device(int ordinal) const;

 private:
  Driver(std::shared_ptr<const DriverTable> table, DriverIdentity identity);
  std::shared_ptr<const DriverTable> table_;
  DriverIdentity identity_;
};

}  // namespace assay::cuda
