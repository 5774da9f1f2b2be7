#include "probes/control_arithmetic.h"

#include "probes/word_map.h"
#include "ptx/texts.h"

namespace assay::probes {

std::uint32_t arithmetic_word(std::uint32_t in, std::uint32_t index) {
  const std::uint32_t x = in * 0x9e3779b1u + (index ^ 0x5bd1e995u);
  const std::uint32_t x3 = x >> 24, in2 = (in >> 16) & 0xff, x1 = (x >> 8) & 0xff, x0 = x & 0xff;
  return x3 | in2 << 8 | x1 << 16 | x0 << 24;
}

gate::Probe make_control_arithmetic(const gate::Seed& seed) {
  return make_word_map(seed, {.stem = "control_arithmetic", .text = ptx_text("control_arithmetic"), .floor = {6, 0}},
                       "control_arithmetic", arithmetic_word, {"PRMT"});
}

}  // namespace assay::probes
