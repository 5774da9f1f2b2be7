// report.md: the report for a repository, where a claim's marker stands before its sentence so that `assay lint` finds
// it, and what records hold in the words of drivers stands in fences. Tested by tests/reports/markdown_test.cc.
#pragma once

#include <string>

#include "reports/report.h"

namespace assay::reports {

std::string render_markdown(const Report&);

}  // namespace assay::reports
