// What a record keeps of a case: digests of what went in, of what must come out, and of what did.
//
// A verifier makes the case again from the challenge and compares these; the bytes themselves need not be kept. Each
// piece is digested with its name, in argument order. Tested by tests/gate/run_probe_test.cc.
#pragma once

#include <string>

#include "harness/evidence/verify.h"
#include "harness/gate/device_buffers.h"
#include "harness/gate/probe.h"

namespace assay::gate {

using evidence::CaseDigests;
/// What a record keeps of a right run of this case, from the case alone.
CaseDigests digests(const Case&);

/// Of the outputs as they were read back.
std::string observed_digest(const Case&, const Observed&);

}  // namespace assay::gate
