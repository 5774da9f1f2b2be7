// What an NVFP4 artifact holds, and whether every rule that loaders rely on holds for it.
// Tested by tests/cli/quantize_test.cc.
#pragma once

#include <string>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"

namespace assay::cli {

/// artifact/1: format, algorithm, modules with their shapes and scales, what was left alone, bytes. Error: of the first
/// rule that the checkpoint breaks, naming file and module.
Result<Json> summarize_artifact(const std::string& folder);

/// The same for a person: modules of one shape in one line.
std::string artifact_text(const Json& summary, std::size_t columns, bool colour);

}  // namespace assay::cli
