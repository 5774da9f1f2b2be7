// A gate: one question about one capability, as a row of a table.
//
// A row is plain data with one function pointer, so the table (probes/gates.cc) can be read, sorted, printed and
// audited. To add a gate: one row there, one file in probes/, one text in ptx/; tests/probes/gates_test.cc says what is
// missing.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <variant>

#include "harness/base/target.h"
#include "harness/cuda/facts.h"
#include "harness/evidence/record.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/image_attempt.h"
#include "harness/gate/probe.h"

namespace assay::gate {

struct QuestionContext;  // question.h
class Workload;          // workload.h

/// Makes an instruction gate's probe from its seed: pure, the same on every host.
using MakeProbe = Probe (*)(const Seed&);

/// Asks a device question (limits, memory, state); fills measurements and stages of the record.
struct DeviceQuestion {
  void (*ask)(QuestionContext&);
};

/// A gate that is in the table but not written yet: always `not-run`.
struct NotImplemented {};

/// One question that must have been answered first, and how.
struct Prerequisite {
  std::string_view gate;
  evidence::Verdict needs = evidence::Verdict::proven;  ///< On an emulated device `agrees` meets `proven`.
};

struct Gate {
  std::string_view id;           ///< Never renamed, never reused.
  int version = 1;               ///< Rises when text, inputs or comparison change.
  std::string_view question;     ///< Printed as it is.
  std::string_view instruction;  ///< The PTX form in the manual's spelling; empty for device questions.
  std::string_view source;       ///< Manual section that the probe was written from.
  std::span<const Prerequisite> prerequisites;
  Target home;  ///< A target that must accept the probe; {0} for device questions.
  std::string_view proves;
  std::string_view does_not_prove;
  std::variant<NotImplemented, DeviceQuestion, MakeProbe, MakeImages, const Workload*> method;
};

/// The targets for which every instruction gate fills in the assemble stage.
std::span<const Target> assemble_targets();

}  // namespace assay::gate
