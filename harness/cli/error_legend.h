// The legend under a run's table: what each code of this run shows, and what it does not. Tested by
// tests/cli/error_legend_test.cc.
#pragma once

#include <span>
#include <string>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"

namespace assay::cli {

/// A paragraph a code, each once, with the gates that met it; empty if no gate met any. Ends in an empty line.
std::string error_legend(std::span<const evidence::VerifiedRecord>, std::size_t width, bool colour);
/// The same for machines.
Json error_legend_json(std::span<const evidence::VerifiedRecord>);

}  // namespace assay::cli
