// What `assay diff` shows a person. Tested by tests/cli/check_text_test.cc.
#pragma once

#include <cstddef>
#include <string>

#include "reports/baseline.h"

namespace assay::cli {

/// Environment, gates, speed, measurements and claims that differ; what is the same is only counted, and one change of
/// one gate for several targets or images is one line.
std::string diff_text(const reports::Comparison&, std::size_t width, bool colour);

}  // namespace assay::cli
