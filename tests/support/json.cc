#include "tests/support/json.h"

namespace assay::test {

Json parsed(std::string_view text) { return Json::parse(text); }

}  // namespace assay::test
