// What a record copies from its gate's row, held against the row: instruction, texts, prerequisites, words for people.
//
// None of this is data of a run. A record of a gate that this build has, at the version that it has, must say what the
// row says, or somebody changed it afterwards: so no sentence can speak of another instruction than the one whose text
// was assembled, and no launch can stand on fewer prerequisites than its gate has. Tested by
// tests/cli/gate_check_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cli/gate_texts.h"
#include "harness/evidence/verify.h"

namespace assay::cli {

/// Whether this build has the gate at this version.
bool knows_gate(std::string_view gate, std::int64_t version);

/// The names of the images that the gate asks about on a device of this target. One that joins them raises the gate's
/// version.
std::vector<std::string> variants(std::string_view gate, std::int64_t version, std::string_view target);

/// Says what a record says otherwise than its gate's row, than the log that it keeps, or than what CUDA calls a code.
evidence::CheckGate gate_check(std::shared_ptr<GateTexts> = std::make_shared<GateTexts>());
/// The same among other rows than those of all_gates(), which must outlive it.
evidence::CheckGate gate_check(std::span<const gate::Gate> table);

}  // namespace assay::cli
