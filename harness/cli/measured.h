// What the device questions found, in the few lines that a person reads first: reported beside measured, measured
// beside what the device's profile expects. Every value with its source is in the bundle. Tested by
// tests/cli/measured_test.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/gate/runner.h"

namespace assay::cli {

/// Label and text, in order; a line whose values were not read is left out.
using MeasuredLines = std::vector<std::pair<std::string, std::string>>;
MeasuredLines measured_lines(const gate::RunResult&);

}  // namespace assay::cli
