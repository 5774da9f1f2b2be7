// Waivers: a person's word that a build may pass although something required does not hold.
//
// A waiver has an owner, a reason and a last day, and is of one row. It never makes evidence: the row stays what it is
// and is printed as WAIVED, no claim becomes supported, and what makes a bundle unreadable or a driver silent cannot be
// waived at all. A waiver that is expired, unnamed or of nothing is itself a failure, so that none outlives its reason.
// Schema: docs/schema/waivers.schema.json. Tested by tests/reports/waivers_test.cc.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reports/check.h"

namespace assay::reports {

struct Waiver {
  std::string requirement;  ///< Id of the row.
  std::string reason, owner, issue;
  std::string expires;  ///< "2026-12-31": its last day, in UTC.
};

inline constexpr std::string_view kWaiversSchema = "waivers/1";

/// Reads a file of waivers; `file` starts every message. Strict in its form; that nobody is named in one is not an
/// error of the form but a failure of the check.
Result<std::vector<Waiver>> parse_waivers(std::string_view text, std::string_view file);

/// Marks as waived the rows that failed or are unproven and have a good waiver, and appends a failed row for each
/// waiver that is expired, names no owner, reason or issue, or names no row. Notes name the waivers that were not
/// needed.
void apply_waivers(std::span<const Waiver>, std::chrono::sys_seconds now, CheckReport&);

}  // namespace assay::reports
