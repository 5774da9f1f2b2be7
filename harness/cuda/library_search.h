// Where the toolkit's libraries are looked for: what the system's loader knows, the toolkit's folders, then the folder
// that scripts/setup fills. The newest major version wins wherever it lies, as an older one may not know the device's
// target.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/shared_library.h"

namespace assay::cuda {

/// The folders that are searched after the loader, existing ones only, in order.
std::vector<std::filesystem::path> toolkit_folders();

/// Opens the first of `names` (newest first) that can be. Error, call "dlopen": every name and place tried.
Result<SharedLibrary> find_library(std::string_view tool, std::span<const char* const> names);

/// The identity of an opened tool. Error: its file cannot be read.
Result<ToolIdentity> identify_tool(std::string_view tool, int major, int minor, const SharedLibrary&);

}  // namespace assay::cuda
