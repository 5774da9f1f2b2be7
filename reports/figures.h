// Figures as people read them: three significant digits and a unit, from the integers of a record.
// Tested by tests/reports/figures_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/json_fwd.h"

namespace assay::reports {

/// "3.13 TB/s", "12.4 GB", "871 Top/s": decimal prefixes.
std::string figure(std::int64_t value, std::string_view unit);
/// "12.4 us", "1.20 ms".
std::string duration(std::int64_t nanoseconds);
/// "0.25", "12.3": a thousandth part, for intensities.
std::string thousandths(std::int64_t value);
/// A measured or expected value as a word: integers as they are, lists joined, "-" for null.
std::string value_text(const Json&);
/// The same with its unit: "232448 B".
std::string value_text(const Json&, std::string_view unit);

}  // namespace assay::reports
