// The rows that a run asks: the gates of probes/gates.cc, and after them the kernels that they admit. Tested by
// tests/cli/all_gates_test.cc.
#pragma once

#include <span>

#include "harness/gate/gate.h"

namespace assay::cli {

std::span<const gate::Gate> all_gates();

/// Whether the row is a kernel's.
bool is_kernel(const gate::Gate&);

}  // namespace assay::cli
