// What `assay check` shows a person. Tested by tests/cli/check_text_test.cc.
#pragma once

#include <cstddef>
#include <string>

#include "reports/check.h"

namespace assay::cli {

/// A line a row, what is not met first. Rows of a baseline that neither fail nor were gained are only counted.
std::string check_text(const reports::CheckReport&, int exit, std::size_t width, bool colour);

}  // namespace assay::cli
