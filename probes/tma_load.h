// tma.load: does one tensor-map copy of one CTA land right, in both directions?
//
// The kernel never undoes a swizzle: it copies shared memory out, or in, linearly, and the oracle says where each
// element must physically lie. Shared memory is poisoned first, and 256 bytes behind the box come back too. The
// mbarrier expects the whole box, so that the wait ends only if elements outside the tensor are counted as well.
// Padding between rows holds other challenge bytes, which must not arrive where zeros belong.
//
// The destination is `.shared::cta`, which PTX has from 8.6 on. With `.shared::cluster` ptxas 13.0 adds, for sm_120 and
// sm_121, a branch to a driver call for the case that the address is another CTA's, and the image no longer shows
// which of the two ran. The machine code for the other targets is the same instruction.
// Tested by tests/probes/tma_load_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Loads of 2-D and 3-D boxes in every swizzle mode, inside the tensor and over each edge, and stores. The negative
/// case changes one element inside the first box.
gate::Probe make_tma_load(const gate::Seed&);

}  // namespace assay::probes
