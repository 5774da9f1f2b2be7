#include "probes/control_copy.h"

#include "probes/word_map.h"
#include "ptx/texts.h"

namespace assay::probes {

gate::Probe make_control_copy(const gate::Seed& seed) {
  return make_word_map(seed, {.stem = "control_copy", .text = ptx_text("control_copy"), .floor = {6, 0}},
                       "control_copy", [](std::uint32_t in, std::uint32_t) { return in; }, {"LDG"});
}

}  // namespace assay::probes
