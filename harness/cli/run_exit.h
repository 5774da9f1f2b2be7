// With which code a run ends, from its outcomes. Tested by tests/cli/run_exit_test.cc.
#pragma once

#include "harness/cli/exit.h"
#include "harness/gate/runner.h"

namespace assay::cli {

/// 1 if a control failed, or a gate or kernel is mismatch, faulted or hung; 3 without driver, device or assembler. What
/// is refused or unproven is no failure.
Exit exit_of(const gate::RunResult&);

}  // namespace assay::cli
