// The legend under a run's table: what each code of this run shows, and what it does not. Tested by
// tests/cli/error_legend_test.cc.
#pragma once

#include <string>

#include "harness/base/json.h"
#include "harness/gate/runner.h"

namespace assay::cli {

/// A paragraph a code, each once, with the gates that met it; empty if no gate met any. Ends in an empty line.
std::string error_legend(const gate::RunResult&, std::size_t width, bool colour);
/// The same for machines.
Json error_legend_json(const gate::RunResult&);

}  // namespace assay::cli
