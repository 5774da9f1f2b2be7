// tma.gather4: do four rows of a tensor, named in any order, land right in one CTA's shared memory?
//
// As in tma.load the kernel undoes no swizzle: shared memory comes back as it is, and the oracle says where each
// element must physically lie. One mbarrier expects all rows of all gathers of a launch, rows outside the tensor
// included, which must arrive as zeros; the same row may be named twice.
//
// The machine-code opcode is that of every tensor-map load, so the witness by opcodes shows a tensor-map load, and the
// disassembler, where there is one, the gather; that no plain box can give rows out of order is shown by the data.
// Tested by tests/probes/tma_gather4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Gathers in every swizzle mode, over both ends of a row, with a row twice, and with one outside the tensor on either
/// side. The negative case names another row in the first.
gate::Probe make_tma_gather4(const gate::Seed&);

}  // namespace assay::probes
