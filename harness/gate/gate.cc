#include "harness/gate/gate.h"

#include <array>

namespace assay::gate {

std::span<const Target> assemble_targets() {
  static constexpr std::array kTargets = {Target{90, 'a'},  Target{100, 'a'}, Target{100, 'f'}, Target{103, 'a'},
                                          Target{110, 'a'}, Target{120, 'a'}, Target{120, 'f'}, Target{121, 'a'}};
  return kTargets;
}

}  // namespace assay::gate
