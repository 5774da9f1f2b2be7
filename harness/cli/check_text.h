// What `assay check` and `assay diff` show a person. Tested by tests/cli/check_text_test.cc.
#pragma once

#include <cstddef>
#include <string>

#include "reports/baseline.h"
#include "reports/check.h"

namespace assay::cli {

/// A line a row, what is not met first; rows of a baseline that are the same are only counted.
std::string check_text(const reports::CheckReport&, int exit, std::size_t width, bool colour);

/// Environment, gates, speed, measurements and claims that differ; what is the same is only counted.
std::string diff_text(const reports::Comparison&, std::size_t width, bool colour);

}  // namespace assay::cli
