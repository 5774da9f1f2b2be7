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

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"
#include "harness/evidence/record.h"
#include "harness/evidence/verify.h"
#include "harness/gate/gate.h"
#include "harness/gate/probe.h"
#include "harness/gate/witness.h"

namespace assay::gate {

/// Where an attempt leaves its files, and tells how far it is.
class AttemptLog {
 public:
  virtual ~AttemptLog() = default;
  /// Keeps the bytes and returns their SHA-256 in hex.
  virtual std::string keep(std::span<const std::byte> bytes) = 0;
  /// A stage begins: if the process dies now, it died there.
  virtual void reached(evidence::Stage, const evidence::Record&) = 0;
};

/// What an attempt needs. `device` is null when there is none: the attempt then ends after assemble.
struct ProbeTools {
  cuda::Device* device = nullptr;
  const Result<std::unique_ptr<cuda::PtxAssembler>>& assembler;  ///< Its error refuses the assemble stage.
  Disassemble disassemble;
  MakeProbe copy_control;  ///< The copy probe, run before and after as the positive control.
  AttemptLog& log;
};

/// Runs the probe for `target` and fills stages, cases, controls, witness and artifacts of the record. If
/// `record.stopped` is set on entry (prerequisite, foreign target), nothing is launched.
void run_probe(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

/// The assemble stage alone, for targets that are not the device's.
void assemble_only(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

/// For a target that is not the device's: the assemble stage, then the image into the driver's loader, and out again.
/// It is never launched.
void load_foreign(const Gate&, const Probe&, const Seed&, Target target, const ProbeTools&, evidence::Record&);

using evidence::CaseDigests;
/// What a record keeps of a right run of this case, from the case alone.
CaseDigests digests(const Case&);

/// An error as a stage result; the log becomes an artifact.
evidence::StageResult stage_result(const Error&, evidence::StageStatus, AttemptLog&);

}  // namespace assay::gate
