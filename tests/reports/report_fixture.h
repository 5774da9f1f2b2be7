// Reports for the tests of this folder: of the recorded H100 run, and of bundles written for one thing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "reports/report.h"
#include "tests/evidence/fixtures.h"

namespace assay::reports {

Report report_of(const std::filesystem::path& folder);

inline const std::filesystem::path kH100 = std::filesystem::path(ASSAY_SOURCE_DIR) / "docs/results/h100/all-gates";

/// The report of a bundle that is written for the purpose.
Report report_of(const std::vector<evidence::Record>& records, const Json& environment);

Report report_of(const std::vector<evidence::Record>& records);

/// An emulated device answered as a real one would.
Report emulated_report();

/// Two kernels that were timed, one of which counted no operations, beside a plain read.
Report timed_report();

/// What a driver could call itself and its errors.
inline const std::string kHostile = "<script>alert(1)</script> | `x` **b** \"q\" 'a' &amp; \xE2\x80\xAEtxt.exe";
Report hostile_report();

}  // namespace assay::reports
