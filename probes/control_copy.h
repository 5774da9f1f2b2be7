// control.copy: does a plain kernel give the challenge's words back? Also the positive control of every other gate.
// Tested by tests/probes/control_copy_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Some thousand random words, not a multiple of the block, through one load and one store each.
gate::Probe make_control_copy(const gate::Seed&);

}  // namespace assay::probes
