// report.json: the report for machines, `report/1` (docs/schema/report.schema.json). The page holds the same object.
// Tested by tests/reports/report_test.cc.
#pragma once

#include <string>

#include "harness/base/json_fwd.h"
#include "reports/report.h"

namespace assay::reports {

Json to_json(const Report&);
/// The file: sorted keys, a final newline, and what a reader cannot see as \uXXXX. Error: none but a fault of the
/// build.
Result<std::string> render_json(const Report&);

}  // namespace assay::reports
