#include "harness/cuda/facts.h"

#include <algorithm>

namespace assay::cuda {

std::int64_t DeviceFacts::attribute(std::string_view wanted, std::int64_t fallback) const {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::name);
  return found != attributes.end() && found->code == 0 ? found->value : fallback;
}

Target DeviceFacts::own_target() const { return {.sm = 10 * major + minor, .suffix = major >= 9 ? 'a' : ' '}; }

}  // namespace assay::cuda
