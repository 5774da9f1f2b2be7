// What the tests of policies, baselines and their outputs share: reports of verified bundles, made without files.
#pragma once

#include <string>
#include <vector>

#include "harness/evidence/derive.h"
#include "harness/evidence/environment.h"
#include "reports/check.h"
#include "tests/evidence/fixtures.h"

namespace assay::reports {

evidence::Environment h100_environment();

/// As verification leaves it: the records labelled by the rules.
evidence::VerifyReport report_of(const std::vector<evidence::Record>& records,
                                 evidence::Environment environment = h100_environment());

/// device.query as it names the device's own target.
evidence::Record h100_query();

/// Everything as it must be, on an emulated GB10.
evidence::Record emulated_record(std::string gate = "tma.load");

evidence::Environment emulated_gb10_environment();

evidence::Environment no_device_environment();

CheckRow row(CheckOutcome outcome, std::string id = "gate tma.load", std::string family = "tma");

CheckReport check_of(std::vector<CheckRow> rows);

}  // namespace assay::reports
