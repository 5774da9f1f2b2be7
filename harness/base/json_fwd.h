// The name of a JSON value, for headers that only pass one on: the library's own header costs every source that
// includes it more than a second of compile time.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace assay {

using Json = nlohmann::json;

}  // namespace assay
