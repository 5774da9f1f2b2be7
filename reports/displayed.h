// Text of strangers as it may be shown: device names, drivers' messages and logs are untrusted bytes.
//
// Broken UTF-8 and every character that a reader cannot see (controls, format characters such as the right-to-left
// override, private and unassigned ones) become U+FFFD, so that what is shown is what is there and in that order.
// Escaping for a format comes on top of it: html.h, markdown.h. Tested by tests/reports/displayed_test.cc.
#pragma once

#include <string>
#include <string_view>

namespace assay::reports {

/// One line: newlines and tabs become spaces.
std::string displayed(std::string_view text);
/// JSON text in which characters that a reader cannot see are written as \uXXXX; means the same to a parser.
std::string with_visible_escapes(std::string_view json);

}  // namespace assay::reports
