// environment.json: what a run was made with. Identifiers of the machine appear as tokens or not at all.
// Tested by tests/cli/environment_test.cc.
#pragma once

#include "harness/base/json_fwd.h"
#include "harness/evidence/redact.h"
#include "harness/gate/runner.h"

namespace assay::cli {

/// Tool, operating system, toolchain, overrides, and what the survey found of driver and device.
Json describe_environment(const gate::RunResult&, const evidence::Redactor&);

}  // namespace assay::cli
