// tma.multicast: does one bulk or tensor copy reach the shared memory of several CTAs of a cluster?
//
// Every CTA poisons its shared memory with a pattern of its own. Each CTA that the mask names expects on its own
// mbarrier exactly the bytes that it is to receive, so that the end of its wait shows the count as well. A CTA outside
// the mask waits for the others (cluster barrier) and then shows its poison, untouched. The issuing rank is drawn, and
// need not be in the mask.
//
// On sm_120 and sm_121 the toolchain calls the driver in the instruction's place; the witness tells which it was.
// Tested by tests/probes/tma_multicast_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// What a CTA outside the mask writes as its status: it had nothing to wait for.
inline constexpr std::uint32_t kNotNamed = 0x600d0002u;

/// Bulk and tensor form, clusters of 2 and 4. The negative case drops one CTA from the first case's mask.
gate::Probe make_tma_multicast(const gate::Seed&);

}  // namespace assay::probes
