// What the bytes of an image say against a record that calls it native.
//
// An edited image is edited to look native where a loader looks; relabelled, its record would show a capability. But an
// edit seldom reaches all that an image states: the number in its ELF header, the PTX target in its note, the suffix in
// `.nv.compat`. And the gate table knows which of its images are edited ones. The witness is looked for again: the
// opcodes that the record names are in the machine code that was kept. PTX text states its target as text, and says
// nothing of machine code, so it is passed over; of a fatbin each cubin in it is looked at.
// Tested by tests/cli/image_check_test.cc.
#pragma once

#include <memory>
#include <span>

#include "harness/cli/gate_texts.h"
#include "harness/evidence/verify.h"
#include "harness/gate/gate.h"

namespace assay::cli {

/// Says why the record's image cannot be what the record says: native, for its target, with its witness.
evidence::CheckImage image_check(std::shared_ptr<GateTexts> = std::make_shared<GateTexts>());
/// The same for records of other rows than those of all_gates(); the table must outlive it.
evidence::CheckImage image_check_among(std::span<const gate::Gate> table, std::shared_ptr<GateTexts>);

}  // namespace assay::cli
