// A bundle as `check` and `diff` take it: verified with every oracle made again, fit to speak from, and its claims
// judged. Tested by tests/cli/check_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/cli/exit.h"
#include "harness/evidence/verified_bundle.h"
#include "reports/guardrail.h"

namespace assay::cli {

struct JudgedBundle {
  evidence::VerifiedBundle bundle;
  reports::Judgement claims;
};

/// Opens and judges the folder; with a trust file, only what a trusted operator signed. Without a value the fault has
/// been told on standard error, and `end` is the code: `usage` where there is no such folder or trust file, `integrity`
/// where the bundle is damaged, unfit or not trusted.
std::optional<JudgedBundle> open_judged(std::string_view command, const std::string& folder, const std::string& trust,
                                        Exit& end);

}  // namespace assay::cli
