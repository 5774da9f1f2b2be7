// Where a run took place: tool, machine, driver, device and toolchain, as environment.json holds them.
//
// A claim is no wider than this. What is wrong with an environment (a build of changed sources, a driver library that
// is not the installed one's) does not make a bundle forged, but unfit to publish from: fitness.h. Tested by
// tests/evidence/environment_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

struct Environment {
  static constexpr std::string_view kSchema = "environment/1";

  /// The program that recorded.
  struct Tool {
    std::string name, version;
    std::string git_commit;  ///< 40 hex digits.
    bool git_dirty = true;   ///< A tracked file differed from the commit.
    std::string compiler, build_type;
  };
  struct System {
    std::string kernel, arch, distribution;
  };
  /// The libcuda that answered.
  struct Driver {
    std::string driver_version;         ///< "580.159.04"; of the library.
    std::string kernel_module_version;  ///< Empty where there is none.
    std::int64_t api_version = 0;       ///< 13000
    DriverLibrary kind = DriverLibrary::none;
    std::string path_class;  ///< "system", "toolkit", "home", "other".
    std::string sha256;
    bool kernel_agrees = false;        ///< Library and kernel module are of one version.
    bool opened_device_nodes = false;  ///< The library opened /dev/nvidia*.
    bool says_emulated = false;
  };
  /// What opening a driver ended with, where one should have been there.
  struct DriverFailure {
    std::string message, call, name;
    std::int64_t code = 0;
  };
  struct Device {
    std::string name;                ///< "NVIDIA H100 80GB HBM3".
    std::string compute_capability;  ///< "9.0".
    std::int64_t multiprocessor_count = 0;
    std::int64_t total_bytes = 0;
    std::string uuid_token, pci_token;
  };
  /// A library or program of the toolkit.
  struct Part {
    std::string name, version, path_class, sha256;
  };
  /// A variable that changes what a driver does; `value` is "set" where it may name a path.
  struct Override {
    std::string name, value;
  };

  Tool tool;
  System system;
  std::vector<Part> toolchain;
  std::vector<Override> overrides;
  std::optional<Driver> driver;                 ///< Absent: none was opened.
  std::optional<DriverFailure> driver_failure;  ///< Why none was opened.
  std::optional<Device> device;
  bool is_private = false;  ///< Recorded without redaction: never to be published.

  /// "NVIDIA H100 80GB HBM3", or "no device".
  std::string device_name() const { return device ? device->name : "no device"; }
  /// The part of this name ("nvJitLink"), or null.
  const Part* part(std::string_view name) const;
};

/// Strict: unknown field, missing field or wrong type is an error that names the field.
Result<Environment> environment_from_json(const Json&, std::string_view where);

}  // namespace assay::evidence
