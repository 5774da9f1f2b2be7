// Opening the stand-in libraries from a test.
#pragma once

#include <filesystem>
#include <string>

#include "harness/cuda/driver.h"
#include "harness/cuda/shared_library.h"
#include "tests/cuda/stand_in/seen.h"

namespace assay::cuda {

inline std::string stand_in_path(const std::string& name) { return ASSAY_STAND_IN_DIR "/" + name + ".so"; }

inline Result<Driver> open_stand_in(const std::string& name) {
  return Driver::open({.kind = DriverChoice::Kind::path, .argument = stand_in_path(name)});
}

/// What the named stand-in saw so far; it stays loaded for the whole program.
inline StandInSeen& seen_by(const std::string& name) {
  auto library = SharedLibrary::open(stand_in_path(name));
  StandInSeen* (*fetch)() = nullptr;
  library->bind(fetch, "stand_in_seen");
  return *fetch();
}

}  // namespace assay::cuda
