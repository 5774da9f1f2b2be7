// One probe through the six stages, in the process that may die of it.
//
//   assemble   the text for the device's target, and for the witness with and without the instruction
//   load       the cubin, after a plain copy kernel has shown that the context works
//   resolve    every entry that a case names
//   launch     every case: fresh buffers with guard words, outputs poisoned from the challenge
//   complete   nothing faulted
//   verify     every output equal to the oracle; then the negative case, and the copy kernel again
//
// The first stage that is not ok ends the attempt. Nothing here concludes anything: the record is filled with what
// happened, and derive() says what it amounts to.
// Tested by tests/gate/run_probe_test.cc (with a scripted device) and tests/gpu (on a real one).
#pragma once

#include "harness/evidence/record.h"
#include "harness/gate/case_digests.h"
#include "harness/gate/execution.h"
#include "harness/gate/gate.h"
#include "harness/gate/probe.h"

namespace assay::gate {

/// Runs the probe for `target` and fills stages, cases, controls, witness and artifacts of the record. If
/// `record.stopped` is set on entry (prerequisite, foreign target), nothing is launched.
void run_probe(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

/// The assemble stage alone, for targets that are not the device's.
void assemble_only(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

/// For a target that is not the device's: the assemble stage, then the image into the driver's loader, and out again.
/// It is never launched.
void load_foreign(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

}  // namespace assay::gate
