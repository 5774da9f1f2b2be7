// The JSON of tests: read by the library's own parser, which is compiled once for all of them.
#pragma once

#include <string_view>

#include "harness/base/json.h"

namespace assay::test {

/// Throws at what is not JSON, which fails the test.
Json parsed(std::string_view text);

}  // namespace assay::test
