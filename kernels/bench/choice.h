// Which row of the catalogue does a problem best on this device.
//
// Rows are written for a lane and for few or for many tokens: decoding waits for memory, prefill for the tensor cores.
// So among the rows that may run and take the problem, those for its number of tokens come first, then those of the
// latest lane, then the catalogue's order. A row that reads weights in fragment order needs one that prepares them, and
// what prepares them must take the problem too. Tested by tests/bench/choice_test.cc.
#pragma once

#include <span>

#include "harness/base/result.h"
#include "kernels/kernel.h"

namespace assay::kernels::bench {

struct Choice {
  const Kernel* product = nullptr;
  const Kernel* prepare = nullptr;  ///< Null where the product reads canonical weights.
};

/// Whether a row is for the few tokens of decoding: `assay run` asks it for no others.
bool decodes(const Kernel&);

/// Among the rows that may run. Error: none takes the problem, and why each does not.
Result<Choice> choose(std::span<const Kernel* const> admitted, const Problem&, const DeviceLimits&);

}  // namespace assay::kernels::bench
