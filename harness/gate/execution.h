// One attempt as it unfolds: stages written as they begin and end, an image through the driver, its launches compared.
//
// What runs (a probe's own text, an image that was edited) is decided by run_probe.h and run_image.h; this part knows
// only the six stages and what stands beside them. It concludes nothing: the record is filled with what happened.
// Tested by tests/gate/run_probe_test.cc.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"
#include "harness/evidence/record.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/device_buffers.h"
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

/// An error as a stage result; the log becomes an artifact.
evidence::StageResult stage_result(const Error&, evidence::StageStatus, AttemptLog&);

/// The assembler's first complaint without its file and line prefix, which says nothing to a reader of a report.
std::string first_complaint(std::string_view log);

std::span<const std::byte> text_bytes(std::string_view);

/// The record must outlive it. A stage that was not ok is the attempt's last.
class Execution {
 public:
  Execution(const Seed& seed, Target target, const ProbeTools& tools, evidence::Record& record)
      : seed_(seed), target_(target), tools_(tools), record_(record) {}

  /// Runs a stage's body, which says how it went; time and position are noted here. True if it went well.
  template <class Body>
  bool stage(evidence::Stage which, Body body) {
    tools_.log.reached(which, record_);
    const auto begin = std::chrono::steady_clock::now();
    evidence::StageResult result = body();
    result.wall_ns =
        record_.stage(which).wall_ns + std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
    const bool good = result.status == evidence::StageStatus::ok;
    good ? void(record_.stage(which) = std::move(result)) : record_.end_at(which, std::move(result));
    return good;
  }

  /// Says that an image of this kind comes next: what happens from here on, the copy control included, happens on its
  /// way to the loader.
  void announce(evidence::ImageKind);
  /// Hands the image to the driver's loader, and the entries of the cases to its resolver.
  bool load(std::span<const std::byte> image);
  bool resolve(std::span<const Case>);
  bool resolve(const std::vector<std::string>& entries);
  /// An entry that was resolved.
  cuda::Function function(const std::string& entry) const { return functions_.at(entry); }
  void unload();

  /// Launch and complete of one case; an error means that the failed stage is in the record.
  Result<Observed> run_case(const Case&);
  /// The verify stage of one case, with its guard words and inputs. False if it, or a case before it, did not agree.
  bool verify_case(const Case&, const Observed&);
  /// All of them, as long as none faults; a wrong answer does not keep the next case from being asked.
  bool launch(std::span<const Case>);

  /// The copy kernel, in this process and context. If it fails before the probe, the probe's result would mean nothing.
  bool control_positive(std::string_view when);
  /// The first case with one operand changed: the outputs must differ from the first case's oracle in exactly the words
  /// that the changed operand reaches, and the checker must say so.
  void control_negative(const Case& first, const Case& changed);
  /// A control that failed once stays failed; the first note is kept.
  void set_control(evidence::ControlStatus& control, bool holds, const std::string& note);

  static evidence::StageResult good() { return {.status = evidence::StageStatus::ok}; }
  evidence::StageResult refused(const Error& error) const;
  evidence::StageResult failed(const Error& error) const;

 private:
  evidence::StageResult verify(const Case&, const Observed&);

  const Seed& seed_;
  const Target target_;
  const ProbeTools& tools_;
  evidence::Record& record_;
  cuda::Module module_{};
  std::map<std::string, cuda::Function> functions_;
  bool all_agree_ = true;
  std::string first_failure_;
};

}  // namespace assay::gate
