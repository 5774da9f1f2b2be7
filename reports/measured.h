// What the device questions found, in the few lines that a person reads first: reported beside measured, measured
// beside what the device's profile expects. Every value with its source is in the bundle. Tested by
// tests/reports/measured_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/evidence/verify.h"
#include "reports/profiles.h"

namespace assay::reports {

/// Label and text, in order; a line whose values were not read is left out.
using MeasuredLines = std::vector<std::pair<std::string, std::string>>;
/// `own_target` is the device's, "sm_90a"; `profile` that of its model, or null.
MeasuredLines measured_lines(std::span<const evidence::VerifiedRecord>, std::string_view own_target, const Profile*);

}  // namespace assay::reports
