// Findings as SARIF 2.1.0, for tools that show them beside a change. Tested by tests/lint/sarif_test.cc.
#pragma once

#include <span>
#include <string_view>

#include "harness/base/json_fwd.h"
#include "reports/lint/linter.h"

namespace assay::lint {

/// One run. A fingerprint is of rule, file, sentence and how often it occurred before, so that it stays when lines
/// move.
Json to_sarif(std::span<const Finding>, std::string_view version);

}  // namespace assay::lint
