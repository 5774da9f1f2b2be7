// control.arithmetic: do multiply, add, xor and byte permute on input, index and immediates come out right?
// Tested by tests/probes/control_arithmetic_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// What the kernel computes for one word; one-to-one in `in` for each index.
std::uint32_t arithmetic_word(std::uint32_t in, std::uint32_t index);

/// Some thousand random words, not a multiple of the block.
gate::Probe make_control_arithmetic(const gate::Seed&);

}  // namespace assay::probes
