// tma.scatter4: do four rows of one CTA's shared memory land in the rows of a tensor that an instruction names?
//
// The kernel fills the tensor with a pattern first, so every byte that no row covers is compared too. The rows of one
// launch differ, since the order of writes to one row would be open; one of them may lie past the tensor's last, and is
// then left out. Like a store a scatter must not start before the tensor, and its rows are whole units of 16 bytes
// (docs/surprises.md).
//
// The machine-code opcode is that of every tensor-map store, so the witness by opcodes shows a tensor-map store, and
// the disassembler, where there is one, the scatter; that no plain box can give rows out of order is shown by the data.
// Tested by tests/probes/tma_scatter4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Scatters in every swizzle mode, inside the tensor, past the end of a row and with a row past the last. The negative
/// case names another row in the first.
gate::Probe make_tma_scatter4(const gate::Seed&);

}  // namespace assay::probes
