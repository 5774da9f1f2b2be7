// The kernels of a run, a row a problem: as a table for people, and for machines. Tested by
// tests/cli/kernel_text_test.cc.
#pragma once

#include <cstddef>
#include <string>

#include "harness/base/json_fwd.h"
#include "harness/gate/runner.h"

namespace assay::cli {

/// Empty where the run was asked for no kernel.
std::string kernel_text(const gate::RunResult&, std::size_t width, bool colour);
Json kernel_json(const gate::RunResult&);

/// Whether the outcome is a kernel's, which the table of gates leaves to the one of kernels.
bool is_of_kernel(const gate::GateOutcome&);
bool is_of_kernel(const evidence::Record&);

}  // namespace assay::cli
