// A run in progress: what runner.cc and its two neighbours work on together. Nobody else includes this.
//
//     runner.cc           the order of a run: the survey, every target's texts, then gate by gate
//     runner_children.cc  asking children, and the records of those that did not finish
//     runner_images.cc    edited images, and whether the device is as it was after one
//     runner_records.cc   what is written, and what of it speaks for a gate
//
// Tested by tests/gate/runner_test.cc and runner_images_test.cc.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/file_system.h"
#include "harness/base/result.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/record.h"
#include "harness/gate/attempt.h"
#include "harness/gate/gate.h"
#include "harness/gate/reply.h"
#include "harness/gate/runner.h"

namespace assay::gate {

/// The gate that tells whether a device still works: the plain copy.
inline constexpr std::string_view kHealth = "control.copy";

class Run {
 public:
  Run(std::span<const Gate> table, std::vector<const Gate*> gates, const RunOptions& options, Journal& journal,
      Observer& observer)
      : table_(table),
        gates_(std::move(gates)),
        options_(options),
        journal_(journal),
        observer_(observer),
        deadline_(std::chrono::steady_clock::now() + options.run_limit) {}

  /// Records are written in the order in which the attempts were made: the first row, which surveys the device; every
  /// target that is not the device's; then gate by gate on the device; last the gates that nobody asked for.
  Result<RunResult> all();

 private:
  // runner.cc
  Status survey();
  static Error driver_error(const evidence::Record& record, const ChildResult& child);
  /// The device's own target is among them: a text that the assembler refuses there has its answer without a device.
  Status assemble_everywhere();
  /// An emulated driver is handed PTX; the cubins of other targets say nothing to it.
  bool takes_cubins() const;
  /// Those of the table, and the device's own if it is not among them.
  std::vector<std::string> targets() const;
  Status keep_assembled(evidence::Record record);
  /// Of the device's own target only a refusal is the end; everything else is asked again where it can be launched.
  Status keep_own(const Gate& gate, evidence::Record record);
  const Gate* named(std::string_view id) const;
  std::string no_device_why() const;
  std::string device_target() const;
  Status one(const Gate& gate);
  /// All attempts of a workload whose prerequisites are met; else one record that says what is missing.
  Status workload(const Gate& gate, const Workload& workload);
  Status keep_workload(evidence::Record record);
  Result<evidence::Record> on_device(const Gate& gate);
  Result<evidence::Record> answer_to(const Gate& gate);
  /// What a child answered before it died is not touched by its death; that is the record of what it was asked last.
  void keep_answers(Reply reply, const Gate& first);
  /// Opening a driver takes longer than most questions, so the rows that follow and need the same share the child. If
  /// it dies, what it had not answered is asked again, the first of it by itself to blame.
  void add_questions_after(const Gate& gate, AttemptRequest& wanted) const;
  void check_prerequisites(const Gate& gate, AttemptRequest& wanted) const;

  // runner_children.cc
  Result<Reply> ask(const AttemptRequest& request);
  bool out_of_time() const;
  std::string run_limit_why() const;
  std::chrono::milliseconds time_left() const;
  AttemptRequest request(AttemptRequest::Kind kind, std::string_view gate, std::string_view target) const;
  /// The record of an attempt whose child ended without finishing it: what it was doing, and how it ended.
  evidence::Record unfinished(const Reply& reply, const AttemptWork& work, const Gate& gate) const;
  /// The record of a child that did not finish. One that the run's own limit cut short has not hung.
  evidence::Record cut_short(const Reply& reply, const AttemptWork& work) const;
  static evidence::Record started(const AttemptWork& work, const Gate& gate);
  /// What the assembler accepted before is kept: that much was answered in time.
  evidence::Record out_of_time_record(const AttemptWork& work) const;
  static void note_process(evidence::Record& record, const ChildResult& child);
  /// Many attempts of one child. If it dies, what it died at becomes a record, and another child goes on after it; also
  /// where a child leaves by itself because its context can no longer be trusted.
  Status ask_for_all(AttemptRequest pending, Status (Run::*keep)(evidence::Record));
  /// How many of what was asked were answered, one after the other; anything else is no answer.
  static std::size_t answered_in_order(Reply& reply, const std::vector<AttemptWork>& work);
  Status skip(const AttemptRequest& pending);

  // runner_images.cc
  Status images(const Gate& gate, MakeImages make);
  /// A kernel that is wrong by itself shows before an edit can be blamed for it.
  static std::vector<ImageAttempt> unedited_first(std::vector<ImageAttempt> attempts);
  static AttemptWork work_of(const Gate& gate, const ImageAttempt& image, Target device);
  Status keep_image(evidence::Record record);
  /// Each in a child of its own; after each the copy control, in a new one, tells whether the device is as it was.
  /// After the first image that went wrong the others are only loaded, and a device that is unwell is handed none.
  Status launch_images(AttemptRequest pending);
  Status check_health();
  static bool is_as_it_was(const evidence::Record& record);
  evidence::Record unwell_record(const AttemptWork& work) const;

  // runner_records.cc
  static evidence::Record stopped_record(const Gate& gate, evidence::Stopped why, std::string line);
  /// Writes a record, and counts it for its gate: the device's record speaks for the gate, the home target's where
  /// there is no device.
  Status write(const Gate& gate, evidence::Record record);
  /// Of each row that was not asked for a record that says so: a bundle has records of its whole gate set.
  Status tell_of_others();
  GateOutcome& outcome_of(const Gate& gate);
  /// Moves what the record names from the scratch folder to the journal, under the digest that the journal gives it.
  Status keep_artifacts(evidence::Record& record);
  Status keep_artifact(std::string& digest);

  std::span<const Gate> table_;
  std::vector<const Gate*> gates_;  ///< The rows that were asked for, with what they need.
  const RunOptions& options_;
  Journal& journal_;
  Observer& observer_;
  std::chrono::steady_clock::time_point deadline_;
  TemporaryFolder scratch_;
  std::map<std::string, evidence::Record, std::less<>> answered_;  ///< Device questions and refused texts, by gate id.
  std::map<std::string, std::string, std::less<>> speakers_;       ///< By gate id: the variant that speaks for it.
  std::map<std::string, evidence::Record, std::less<>> accepted_;  ///< Texts for the device's own target, by gate id.
  bool image_failed_ = false;                                      ///< One that was launched went wrong.
  int health_checks_ = 1;                                          ///< The gate's own attempt is the first.
  evidence::Verdict health_ = evidence::Verdict::not_run;  ///< Of the last look at the device after an edited image.
  std::map<std::string, std::string> kept_;                ///< Scratch digest to journal digest.
  RunResult result_;
};

}  // namespace assay::gate
