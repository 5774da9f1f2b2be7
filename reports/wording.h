// Words and numbers as sentences hold them.
//
// A bundle's strings come from drivers, assemblers and whoever wrote the bundle, so what goes into a sentence is cut to
// one line of printable ASCII. Tested by
// tests/reports/wording_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"

namespace assay::reports {

/// "1 case", "14 cases".
std::string counted(std::int64_t count, std::string_view noun);
/// "an NVIDIA H100", "a Tesla V100".
std::string with_article(std::string_view noun);
/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& items);
/// The first letter in upper case.
std::string capitalised(std::string text);
/// A value with its unit as people read it: "232448 B", "3130.7 GB/s", "1980 MHz", "294.7 W", "42 C", "passed".
std::string measured(const Json& value, std::string_view unit);
/// `value` / `scale`, rounded to `digits` decimals, without floating point.
std::string decimal(std::int64_t value, std::int64_t scale, int digits);
/// A time: "123.4 us".
std::string time_of(std::int64_t ns);
/// A name of the outside world: one line, at most 80 characters.
std::string name_of(std::string_view text);
/// What software said, in quotation marks: its first line, at most 160 characters, inner quotation marks single.
std::string in_quotes(std::string_view text);

}  // namespace assay::reports
