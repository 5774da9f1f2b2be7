#include "harness/evidence/derive.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace assay::evidence {
namespace {

/// What a set of rules does otherwise than the ones before it.
struct RuleSet {
  std::string_view name;
  bool tells_of_edits;  ///< Says how many bytes of an image were edited, and whether its code is the native build's.
  bool tells_of_selection;  ///< Says of a gate that nobody asked for that it was not selected.
};
constexpr std::array kRuleSets = {RuleSet{"rules/1", false, false}, RuleSet{"rules/2", true, false},
                                  RuleSet{"rules/3", true, true}};

/// A verdict with the line that tells a person why.
struct Ending {
  Verdict verdict;
  std::string reason;
};

bool runs_on_emulation(const Record& record) {
  return record.driver_library == DriverLibrary::emulated || record.driver_library == DriverLibrary::unknown;
}

bool is_ok(const Record& record, Stage stage) { return record.stage(stage).status == StageStatus::ok; }

bool has_answer(const Record& record) {
  return std::any_of(record.measurements.begin(), record.measurements.end(),
                     [](const Measurement& measurement) { return !measurement.value.is_null(); });
}

/// The first stage in whose way something stood. A supplied file was assembled by somebody else, and a driver that
/// could not be opened was asked before anything was assembled: there the missing stage stands in nobody's way.
std::optional<Stage> first_not_ok(const Record& record) {
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    const bool elsewhere = record.image == ImageKind::supplied || opening_failed(record);
    const bool skipped =
        stage == Stage::assemble && elsewhere && record.stage(stage).status == StageStatus::not_reached;
    if (!is_ok(record, stage) && !skipped) return stage;
  }
  return std::nullopt;
}

std::optional<Stage> last_ok(const Record& record) {
  for (std::size_t i = kStageCount; i-- > 0;) {
    if (is_ok(record, static_cast<Stage>(i))) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

std::string_view refuser(Stage stage) {
  switch (stage) {
    case Stage::assemble:
      return "assembler refused";
    case Stage::load:
      return "driver refused the image";
    case Stage::resolve:
      return "driver refused the kernel";
    case Stage::launch:
      return "driver refused the launch";
    case Stage::complete:
      return "driver refused to finish";
    case Stage::verify:
      return "outputs could not be read";
  }
  return "";
}

/// "launch failed (CUDA_ERROR_INVALID_VALUE): too many threads", as far as the stage tells.
std::string told(std::string_view what, const StageResult& result) {
  std::string line(what);
  if (!result.name.empty()) line += fmt::format(" ({})", result.name);
  if (!result.message.empty()) line += fmt::format(": {}", result.message);
  return line;
}

std::string told(const Record& record, Stage stage) {
  const StageResult& result = record.stage(stage);
  // The driver, the device or the context was refused before there was anything to load.
  if (stage == Stage::load && opening_failed(record)) return told("no device was opened", result);
  return result.status == StageStatus::refused ? told(refuser(stage), result)
                                               : told(fmt::format("{} failed", word(stage)), result);
}

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// The comparison of all cases together.
struct Comparison {
  std::int64_t compared = 0;
  std::int64_t mismatches = 0;
  bool each_compared = true;          ///< There is a case, and each of them compared something.
  const CaseResult* first = nullptr;  ///< The first case with a mismatch.
};

Comparison compare(const Record& record) {
  Comparison sum{.each_compared = !record.cases.empty()};
  for (const CaseResult& result : record.cases) {
    sum.compared += result.compared;
    sum.mismatches += result.mismatches;
    sum.each_compared = sum.each_compared && result.compared > 0;
    if (result.mismatches > 0 && sum.first == nullptr) sum.first = &result;
  }
  return sum;
}

std::optional<Ending> wrong_answer(const Record& record) {
  const Comparison sum = compare(record);
  if (sum.first == nullptr) return std::nullopt;
  return Ending{Verdict::mismatch,
                fmt::format("{} of {} differ from the oracle; first in {}: {}", sum.mismatches,
                            counted(sum.compared, "word"), sum.first->name, sum.first->first_mismatch)};
}

std::optional<Ending> never_began(const Record& record, const RuleSet& rules) {
  const auto why = [&](std::string_view otherwise) {
    return record.stopped_why.empty() ? std::string(otherwise) : record.stopped_why;
  };
  if (record.stopped == Stopped::not_selected && rules.tells_of_selection)
    return Ending{Verdict::not_run, "not selected: the run asked for other gates"};
  if (record.stopped == Stopped::not_implemented) return Ending{Verdict::not_run, why("not implemented")};
  if (record.stopped == Stopped::not_applicable) return Ending{Verdict::not_applicable, why("does not apply here")};
  return std::nullopt;
}

/// Where a child was when it ended: in the first stage that it did not finish.
std::string during(const Record& record) {
  const std::optional<Stage> stage = first_not_ok(record);
  return record.target.empty() || !stage ? std::string() : fmt::format(" during {}", word(*stage));
}

std::optional<Ending> child_died(const Record& record) {
  if (!record.process) return std::nullopt;
  const ProcessResult& process = *record.process;
  if (process.timed_out) return Ending{Verdict::hung, "no answer within the limit" + during(record)};
  if (process.signal != 0) {
    return Ending{Verdict::faulted, fmt::format("child process ended by signal {}{}", process.signal, during(record))};
  }
  if (process.exit_code != 0) {
    return Ending{Verdict::faulted, fmt::format("child process exited with {}{}", process.exit_code, during(record))};
  }
  return std::nullopt;
}

std::optional<Ending> bad_stage(const Record& record) {
  const std::optional<Stage> stage = first_not_ok(record);
  if (!stage) return std::nullopt;
  const StageResult& result = record.stage(*stage);
  if (result.status == StageStatus::not_reached) return std::nullopt;
  if (*stage == Stage::verify) {
    if (auto wrong = wrong_answer(record)) return wrong;
    return Ending{Verdict::mismatch, told(record, *stage)};
  }
  const bool software_said_no = *stage < Stage::launch && result.status == StageStatus::refused;
  return Ending{software_said_no ? Verdict::refused : Verdict::faulted, told(record, *stage)};
}

std::optional<std::string> unmet_prerequisite(const Record& record) {
  for (const PrerequisiteResult& prerequisite : record.prerequisites) {
    if (meets(prerequisite.found, prerequisite.needs, record.driver_library)) continue;
    return fmt::format("prerequisite {} is {}, {} needed", prerequisite.gate, word(prerequisite.found),
                       word(prerequisite.needs));
  }
  return std::nullopt;
}

std::optional<Ending> stopped_early(const Record& record) {
  switch (record.stopped) {
    case Stopped::no_device:
      return Ending{Verdict::not_run, record.stopped_why.empty() ? "no device was opened" : record.stopped_why};
    case Stopped::no_assembler:
    case Stopped::run_limit:
      return Ending{Verdict::not_run,
                    record.stopped_why.empty() ? std::string(word(record.stopped)) : record.stopped_why};
    case Stopped::prerequisite:
      return Ending{Verdict::not_run, unmet_prerequisite(record).value_or("a prerequisite is not met")};
    case Stopped::load_only:
      if (!is_ok(record, Stage::load)) return std::nullopt;  // then the first stage that is not ok has the word
      return Ending{Verdict::unresolved, "loads; not launched: " + record.stopped_why};
    case Stopped::foreign_target:
      return Ending{Verdict::unresolved,
                    record.stopped_why.empty()
                        ? fmt::format("not launched: {} is not the target of this device", record.target)
                        : record.stopped_why};
    default:
      return std::nullopt;
  }
}

std::optional<Ending> left_off(const Record& record) {
  const std::optional<Stage> stage = first_not_ok(record);
  if (!stage) return std::nullopt;
  if (!last_ok(record)) return Ending{Verdict::not_run, "nothing was attempted"};
  return Ending{Verdict::unresolved, fmt::format("{} was not reached", word(*stage))};
}

std::optional<Ending> doubt_in(const Record& record, const ControlField& control) {
  const ControlStatus status = record.controls.*control.status;
  if (status == ControlStatus::ok) return std::nullopt;
  const std::string note = record.control_note.empty() ? "" : ": " + record.control_note;
  return Ending{Verdict::unresolved, fmt::format("control {} is {}{}", control.name, word(status), note)};
}

std::optional<Ending> control_in_doubt(const Record& record) {
  for (const ControlField& control : kControls)
    if (auto doubt = doubt_in(record, control)) return doubt;
  return std::nullopt;
}

/// What a right answer of an edited image shows: of the loader that it takes the edit, of the code that ran nothing
/// that the native build does not show if the code is the same, and in no case a capability.
std::string patched_answer(const Record& record) {
  const ImageEdit edit = record.edit.value_or(ImageEdit{});
  const std::string line = fmt::format("right answer after an image edit of {}",
                                       counted(static_cast<std::int64_t>(edit.bytes.size()), "byte"));
  if (edit.code == Likeness::identical && edit.mercury != Likeness::different)
    return line + "; its code equals the native build's, a null test: the loader took the edit";
  if (edit.code == Likeness::identical)
    return line +
           "; its .text equals the native build's, its Mercury copy does not; an edited image shows no capability";
  if (edit.code == Likeness::different)
    return line + "; its code differs from the native build's; an edited image shows no capability";
  return line + "; an edited image shows no capability";
}

/// An edited image is built for another target than the device's, so home target and witness, which speak of the native
/// text, are not asked for.
std::optional<Ending> patched_image(const Record& record, const RuleSet& rules) {
  if (!rules.tells_of_edits || record.image != ImageKind::patched) return std::nullopt;
  for (const ControlField& control : kControls) {
    const bool of_native_text = control.name == "home_target" || control.name == "witness";
    if (of_native_text) continue;
    if (auto doubt = doubt_in(record, control)) return doubt;
  }
  if (!compare(record).each_compared) return Ending{Verdict::unresolved, "nothing was compared in a case"};
  return Ending{Verdict::unresolved, patched_answer(record)};
}

std::optional<Ending> answer_in_doubt(const Record& record) {
  if (!compare(record).each_compared) return Ending{Verdict::unresolved, "nothing was compared in a case"};
  if (auto unmet = unmet_prerequisite(record)) return Ending{Verdict::unresolved, *std::move(unmet)};
  if (record.attempt > 1) {
    return Ending{Verdict::unresolved,
                  fmt::format("right answer on attempt {}; only a first attempt counts", record.attempt)};
  }
  if (record.driver_library == DriverLibrary::none) {
    return Ending{Verdict::unresolved, "right answer from no known driver library"};
  }
  switch (record.image) {
    case ImageKind::native:
      return std::nullopt;
    case ImageKind::patched:
      return Ending{Verdict::unresolved, "right answer from a patched image, which shows no capability"};
    case ImageKind::supplied:
      return Ending{Verdict::unresolved, "right answer from a supplied image; it speaks of that file alone"};
    case ImageKind::none:
      return Ending{Verdict::unresolved, "right answer, but no image is on record"};
  }
  return std::nullopt;
}

Ending right_answer(const Record& record) {
  return {runs_on_emulation(record) ? Verdict::agrees : Verdict::proven,
          fmt::format("{}, {} equal to the oracle, {} controls ok{}",
                      counted(static_cast<std::int64_t>(record.cases.size()), "case"),
                      counted(compare(record).compared, "word"), kControls.size(),
                      record.witness.lowering == "driver-call" ? "; lowered to a call into the driver" : "")};
}

std::optional<Stage> first_with(const Record& record, StageStatus status) {
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (record.stages[i].status == status) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

/// A device question is answered or not; what it launched on the way may only spoil the answer.
Ending answer_of_question(const Record& record) {
  if (auto wrong = wrong_answer(record)) return *wrong;
  if (const auto stage = first_with(record, StageStatus::failed)) {
    return {*stage == Stage::verify ? Verdict::mismatch : Verdict::faulted, told(record, *stage)};
  }
  if (auto ending = stopped_early(record)) return *ending;
  if (!record.cases.empty() && !compare(record).each_compared) {
    return {Verdict::unresolved, "nothing was compared in a case"};
  }
  const auto asked = record.measurements.size();
  if (has_answer(record)) {
    const auto answered = std::count_if(record.measurements.begin(), record.measurements.end(),
                                        [](const Measurement& one) { return !one.value.is_null(); });
    return {Verdict::reported, fmt::format("{} of {} values answered", answered, asked)};
  }
  if (const auto stage = first_with(record, StageStatus::refused)) {
    return {Verdict::refused, told(record, *stage)};
  }
  if (asked > 0) return {Verdict::unresolved, fmt::format("0 of {} values answered", asked)};
  return {Verdict::not_run, "nothing was asked"};
}

/// An instruction gate: the first of these that has something to say decides.
Ending answer_of_gate(const Record& record, const RuleSet& rules) {
  if (auto ending = bad_stage(record)) return *ending;
  if (auto ending = stopped_early(record)) return *ending;
  if (auto ending = left_off(record)) return *ending;
  if (auto ending = wrong_answer(record)) return *ending;
  if (auto ending = patched_image(record, rules)) return *ending;
  if (auto ending = control_in_doubt(record)) return *ending;
  if (auto ending = answer_in_doubt(record)) return *ending;
  return right_answer(record);
}

Ending ending_of(const Record& record, const RuleSet& rules) {
  if (auto ending = never_began(record, rules)) return *ending;
  if (auto ending = child_died(record)) return *ending;
  return record.target.empty() ? answer_of_question(record) : answer_of_gate(record, rules);
}

EvidenceClass class_of(const Record& record) {
  if (runs_on_emulation(record)) return EvidenceClass::emulated;
  if (record.driver_library != DriverLibrary::system) return EvidenceClass::driver_signal;
  if (record.image == ImageKind::patched) return EvidenceClass::patched_cubin;
  const bool launched = record.image == ImageKind::native && is_ok(record, Stage::launch);
  return launched ? EvidenceClass::real_execution : EvidenceClass::driver_signal;
}

/// The side branch of images that were edited.
Level level_of_patched(const Record& record) {
  const Comparison sum = compare(record);
  if (is_ok(record, Stage::verify) && sum.each_compared && sum.mismatches == 0) return Level::p3;
  if (is_ok(record, Stage::complete)) return Level::p2;
  return is_ok(record, Stage::load) ? Level::p1 : Level::none;
}

/// Each level asks for what the one below has, so the highest that holds is looked for from above.
Level level_of(const Record& record, EvidenceClass evidence_class, Verdict verdict) {
  if (evidence_class == EvidenceClass::emulated) return Level::none;
  if (evidence_class == EvidenceClass::patched_cubin) return level_of_patched(record);
  const bool on_driver = record.driver_library == DriverLibrary::system;
  if (verdict == Verdict::proven) return Level::e5;
  if (evidence_class == EvidenceClass::real_execution && is_ok(record, Stage::complete)) return Level::e4;
  if (on_driver && record.image == ImageKind::native && is_ok(record, Stage::load)) return Level::e3;
  if (is_ok(record, Stage::assemble)) return Level::e2;
  const bool load_answered =
      on_driver && (is_ok(record, Stage::load) || record.stage(Stage::load).status == StageStatus::refused);
  return has_answer(record) || load_answered ? Level::e1 : Level::none;
}

}  // namespace

std::optional<Derived> derive(const Record& record, std::string_view rules) {
  const auto known = std::ranges::find(kRuleSets, rules, &RuleSet::name);
  if (known == kRuleSets.end()) return std::nullopt;
  Ending ending = ending_of(record, *known);
  const EvidenceClass evidence_class = class_of(record);
  return Derived{.evidence_class = evidence_class,
                 .level = level_of(record, evidence_class, ending.verdict),
                 .verdict = ending.verdict,
                 .furthest = last_ok(record),
                 .reason = std::move(ending.reason)};
}

bool meets(Verdict found, Verdict needs, DriverLibrary library) {
  if (found == needs) return true;
  const bool emulation = library == DriverLibrary::emulated || library == DriverLibrary::unknown;
  return emulation && found == Verdict::agrees && needs == Verdict::proven;
}

}  // namespace assay::evidence
