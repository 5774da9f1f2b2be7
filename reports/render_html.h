// report.html: one file that needs nothing else. No script is run and no request is made; the report's JSON lies in it
// for machines. Light and dark follow the reader's system, a table scrolls by itself on a phone, and on paper every
// claim is told, folded or not. Tested by tests/reports/render_html_test.cc and tests/browser/report_test.py.
#pragma once

#include "harness/base/result.h"
#include "reports/report.h"

namespace assay::reports {

/// Error: none but a fault of the build.
Result<std::string> render_html(const Report&);

}  // namespace assay::reports
