// tcgen05.alloc: can tensor memory be allocated and freed?
//
// The manual leaves open which columns an allocation gets, so addresses cannot be compared. What can is what every
// right allocator has in common: the lane field of an address is 0, and of the 512 columns exactly as many as are held
// lie in one piece and none in two. The kernel counts them column by column, after it has read the addresses in all
// four warps from the words that the instruction wrote, and the oracle is a sum over the plan.
//
// An allocation waits until it fits. A CTA that holds a piece and waits for another could wait for a CTA that does the
// same, so such cases ask for so much shared memory that a multiprocessor has room for one CTA only; where many CTAs
// share a multiprocessor, each holds one piece at a time. A piece that is not given back makes a later allocation wait
// for ever.
//
// A CTA gives up its permit as soon as nothing is left to allocate, while it still holds its last pieces. With the
// permit kept to the end, CTAs might take turns as a whole, and no allocation would ever wait for columns. So the next
// CTA, whose first piece in the case of 256 CTAs is all columns, can ask while some are held.
//
// Not asked is whether a CTA that ends without giving back is told of it (721 is expected). A negative case is the
// first case with an operand changed, of which words move; a leak moves none and ends the context, and an attempt has
// no last launch of which an error is the right answer.
//
// Tested by tests/probes/tcgen05_alloc_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Every size one at a time in many CTAs, several pieces at once, and all columns at once. The negative case allocates
/// half of one piece, so that exactly one count moves.
gate::Probe make_tcgen05_alloc(const gate::Seed&);

}  // namespace assay::probes
