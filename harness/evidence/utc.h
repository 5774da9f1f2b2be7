// Times as evidence spells them: whole seconds, UTC, "2026-11-22T21:59:05Z" and no other way.
// Tested by tests/evidence/utc_test.cc.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace assay::evidence {

std::string format_utc(std::chrono::sys_seconds);
/// Strict: every digit and letter in place, a date that the calendar has, no leap second.
Result<std::chrono::sys_seconds> parse_utc(std::string_view text);
/// The current time, cut to whole seconds.
std::chrono::sys_seconds utc_now();

}  // namespace assay::evidence
