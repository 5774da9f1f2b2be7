#include "reports/requirements.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace assay::reports {
namespace {

using evidence::EvidenceClass;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;
using evidence::VerifiedRecord;
using Records = std::vector<const VerifiedRecord*>;

/// A judgement without the row around it.
struct Finding {
  CheckOutcome outcome = CheckOutcome::unproven;
  std::string found, why;
};

bool is_wrong(Verdict verdict) {
  return verdict == Verdict::mismatch || verdict == Verdict::faulted || verdict == Verdict::hung;
}

bool control_failed(const evidence::Record& record) {
  return std::ranges::any_of(evidence::kControls, [&](const evidence::ControlField& control) {
    return record.controls.*control.status == evidence::ControlStatus::failed;
  });
}

bool speaks_against(const VerifiedRecord& one) { return is_wrong(one.derived.verdict) || control_failed(one.record); }

bool emulated(const VerifiedRecord& one) { return one.derived.evidence_class == EvidenceClass::emulated; }

/// "sm_90a", as the run says of its device; empty where it opened none.
std::string own_target(const evidence::VerifyReport& bundle) {
  for (const auto& [record, derived] : bundle.records)
    for (const evidence::Measurement& measurement : record.measurements)
      if (record.gate == "device.query" && measurement.key == "own_target" && measurement.value.is_string())
        return measurement.value.string();
  return "";
}

/// The records that a line speaks of: of the target that it names, else of the device's own and of none. Of a kernel
/// every problem that applies to the device.
Records records_of(const Requirement& line, const evidence::VerifyReport& bundle) {
  const std::string own = line.target.empty() ? own_target(bundle) : line.target;
  Records found;
  for (const VerifiedRecord& one : bundle.records) {
    const evidence::Record& record = one.record;
    const bool other =
        line.subject == Subject::kernel ? one.derived.verdict == Verdict::not_applicable : !record.variant.empty();
    if (record.gate != line.name || other) continue;
    const bool of_target = record.target == own || (line.target.empty() && (record.target.empty() || own.empty()));
    if (of_target) found.push_back(&one);
  }
  return found;
}

/// Whether the bundle's device is of the profile.
bool is_of(const std::string& profile, const CheckEvidence& evidence) {
  const auto& device = evidence.bundle.environment.device;
  if (!device) return false;
  const auto found = std::ranges::find(evidence.profiles, profile, &Profile::id);
  return found != evidence.profiles.end() &&
         DeviceFilter{found->compute_capability, found->name_regex}.matches(*device);
}

/// What keeps a good-looking record from being evidence; empty if nothing does.
std::string not_evidence(const VerifiedRecord& one, const CheckEvidence& evidence) {
  if (!evidence::derive(one.record, evidence.bundle.rules.rules))
    return fmt::format("labelled by '{}', which this build does not know", evidence.bundle.rules.rules);
  if (one.derived.verdict == Verdict::proven && !evidence.recomputed(one.record))
    return fmt::format("not recomputed: this build does not know version {} of {}", one.record.gate_version,
                       one.record.gate);
  return "";
}

/// What the record is instead of what was asked.
std::string shortfall(const VerifiedRecord& one, Suffices asked) {
  if (emulated(one) && asked != Suffices::agrees) return "an emulated record is no evidence about hardware";
  return one.derived.reason;
}

bool stage_ok(const VerifiedRecord& one, Stage stage) { return one.record.stage(stage).status == StageStatus::ok; }

/// Whether the record amounts to what is asked, all else being in order.
bool amounts_to(const VerifiedRecord& one, const Requirement& line, const CheckEvidence& evidence) {
  const Verdict verdict = one.derived.verdict;
  const bool hardware = !emulated(one);
  switch (line.suffices) {
    case Suffices::proven:
      return hardware && verdict == Verdict::proven;
    case Suffices::reported:
      return hardware && (verdict == Verdict::proven || verdict == Verdict::reported);
    case Suffices::loads:
      return hardware && one.record.image == evidence::ImageKind::native && stage_ok(one, Stage::load) &&
             one.record.driver_library == evidence::DriverLibrary::system;
    case Suffices::assembles:
      return stage_ok(one, Stage::assemble);
    case Suffices::agrees:
      return (verdict == Verdict::proven || verdict == Verdict::reported || verdict == Verdict::agrees) &&
             is_of(line.profile, evidence);
    case Suffices::supported:
      break;
  }
  return false;
}

/// Whether software answered the very question of the line with no.
bool answered_no(const VerifiedRecord& one, Suffices asked) {
  const auto refused = [&](Stage stage) {
    const StageStatus status = one.record.stage(stage).status;
    return status == StageStatus::refused || status == StageStatus::failed;
  };
  if (asked == Suffices::assembles) return refused(Stage::assemble);
  return asked == Suffices::loads && (refused(Stage::assemble) || refused(Stage::load));
}

std::string_view found_word(const VerifiedRecord& one, Suffices asked) {
  if (asked == Suffices::assembles && stage_ok(one, Stage::assemble)) return "assembles";
  if (asked == Suffices::loads && stage_ok(one, Stage::load)) return "loads";
  return evidence::word(one.derived.verdict);
}

/// Why the record meets the line: whose word it is, where it is the word of software.
std::string met_by(const VerifiedRecord& one, Suffices asked, const evidence::Environment& environment) {
  if (asked == Suffices::loads && environment.driver)
    return fmt::format("driver {} loads it", environment.driver->driver_version);
  if (asked != Suffices::assembles) return one.derived.reason;
  const evidence::Environment::Part* assembler = environment.part("nvJitLink");
  return fmt::format("{} accepts the text for {}",
                     assembler == nullptr ? "the assembler" : assembler->name + " " + assembler->version,
                     one.record.target);
}

/// One record against the line. What speaks against a launch says nothing of a text that need only assemble.
Finding judge_record(const VerifiedRecord& one, const Requirement& line, const CheckEvidence& evidence) {
  const std::string found(found_word(one, line.suffices));
  const bool launch_counts = line.suffices != Suffices::assembles && line.suffices != Suffices::loads;
  if (launch_counts && speaks_against(one)) return {CheckOutcome::failed, found, one.derived.reason};
  if (answered_no(one, line.suffices)) return {CheckOutcome::failed, found, one.derived.reason};
  if (std::string fault = not_evidence(one, evidence); !fault.empty())
    return {CheckOutcome::unproven, found, std::move(fault)};
  if (!amounts_to(one, line, evidence)) return {CheckOutcome::unproven, found, shortfall(one, line.suffices)};
  return {CheckOutcome::met, found, met_by(one, line.suffices, evidence.bundle.environment)};
}

struct Decision {
  Finding finding;
  const VerifiedRecord* record = nullptr;
};

/// The record that decides: the first that speaks against the line, else the first that meets it, else the first. A
/// kernel must do all of its problems, so there the first that does not meet the line goes before one that does.
Decision decide(const Requirement& line, const CheckEvidence& evidence) {
  Decision decision{{CheckOutcome::unproven, "no record", fmt::format("no record of {} in this bundle", line.name)}};
  const auto rank = [every = line.subject == Subject::kernel](const Decision& one) {
    if (one.record == nullptr) return 0;
    if (one.finding.outcome == CheckOutcome::failed) return 3;
    return (one.finding.outcome == CheckOutcome::met) != every ? 2 : 1;
  };
  for (const VerifiedRecord* one : records_of(line, evidence.bundle)) {
    Decision other{judge_record(*one, line, evidence), one};
    if (rank(other) > rank(decision)) decision = std::move(other);
  }
  return decision;
}

void keep(const Decision& decision, CheckRow& row) {
  row.outcome = decision.finding.outcome;
  row.found = decision.finding.found;
  row.why = decision.finding.why;
  if (decision.record == nullptr) return;
  row.level = evidence::word(decision.record->derived.level);
  row.evidence_class = evidence::word(decision.record->derived.evidence_class);
  if (!decision.record->record.target.empty())
    row.name = fmt::format("{}@{}", decision.record->record.gate, decision.record->record.target);
}

bool within(const Requirement& line, std::int64_t value) {
  return (!line.min || value >= *line.min) && (!line.max || value <= *line.max);
}

/// One reading of a measured value against the bounds; the record that holds it must itself be in order.
Finding judge_value(const VerifiedRecord& one, const evidence::Measurement& measured, const Requirement& line,
                    const CheckEvidence& evidence) {
  if (!measured.value.is_integer())
    return {CheckOutcome::unproven, "no number",
            measured.note.empty() ? "could not be read" : fmt::format("could not be read: {}", measured.note)};
  const auto value = measured.value.integer();
  const std::string text =
      measured.unit.empty() ? fmt::format("{}", value) : fmt::format("{} {}", value, measured.unit);
  if (measured.unit != line.unit)
    return {CheckOutcome::unproven, text,
            fmt::format("recorded in '{}', the policy says '{}'", measured.unit, line.unit)};
  Requirement reported = line;
  if (line.suffices != Suffices::agrees) reported.suffices = Suffices::reported;
  Finding record = judge_record(one, reported, evidence);
  if (record.outcome != CheckOutcome::met) return {record.outcome, text, std::move(record.why)};
  const std::string source = fmt::format("{} by {} in {}", measured.key, measured.source, one.record.gate);
  if (!within(line, value)) return {CheckOutcome::failed, text, "out of bounds: " + source};
  return {CheckOutcome::met, text, source};
}

Decision decide_limit(const Requirement& line, const CheckEvidence& evidence) {
  Decision decision{{CheckOutcome::unproven, "no value", fmt::format("{} is in no record of this bundle", line.name)}};
  for (const VerifiedRecord& one : evidence.bundle.records)
    for (const evidence::Measurement& measured : one.record.measurements) {
      if (measured.key != line.name || !one.record.variant.empty()) continue;
      Finding finding = judge_value(one, measured, line, evidence);
      const bool worse = finding.outcome == CheckOutcome::failed;
      const bool better = finding.outcome == CheckOutcome::met && decision.finding.outcome == CheckOutcome::unproven;
      if (decision.record == nullptr || worse || better) decision = {std::move(finding), &one};
      if (worse) return decision;
    }
  return decision;
}

Finding judge_claim(const Requirement& line, const Judgement& claims) {
  const auto supported = std::ranges::find_if(claims.supported, [&](const auto& one) { return one.id() == line.name; });
  if (supported != claims.supported.end()) return {CheckOutcome::met, "supported", supported->sentence()};
  const auto refused = std::ranges::find(claims.refused, line.name, &RefusedClaim::id);
  if (refused != claims.refused.end()) return {CheckOutcome::unproven, "refused", refused->missing};
  return {CheckOutcome::unproven, "unknown", "the catalogue has no claim of this id, and the bundle no instance of it"};
}

/// Why the line says nothing of this bundle; empty if it does.
std::string out_of_scope(const Requirement& line, const CheckEvidence& evidence) {
  const auto& device = evidence.bundle.environment.device;
  if (!device) return "";
  const std::string here = fmt::format("this is {}, compute capability {}", device->name, device->compute_capability);
  if (!line.device.empty() && !line.device.matches(*device)) return "about another device; " + here;
  if (line.suffices == Suffices::agrees && !is_of(line.profile, evidence))
    return fmt::format("about a {}; {}", line.profile, here);
  return "";
}

std::string family(const Requirement& line) {
  const bool of_records = line.subject == Subject::gate || line.subject == Subject::kernel;
  return of_records ? family_of(line.name) : std::string(word(line.subject));
}

}  // namespace

std::string family_of(std::string_view gate) { return std::string(gate.substr(0, gate.find('.'))); }

CheckRow judge(const Requirement& line, const CheckEvidence& evidence) {
  CheckRow row{.id = line.id,
               .family = family(line),
               .name = line.target.empty() ? line.name : fmt::format("{}@{}", line.name, line.target),
               .asked = asked(line)};
  if (std::string why = out_of_scope(line, evidence); !why.empty()) {
    row.outcome = CheckOutcome::not_applicable;
    row.found = "-";
    row.why = std::move(why);
    return row;
  }
  if (line.subject == Subject::claim)
    keep({judge_claim(line, evidence.claims)}, row);
  else
    keep(line.subject == Subject::limit ? decide_limit(line, evidence) : decide(line, evidence), row);
  if (line.subject == Subject::limit) row.name = line.name;
  return row;
}

std::vector<CheckRow> judge(const Policy& policy, const CheckEvidence& evidence) {
  std::vector<CheckRow> rows;
  for (const Requirement& line : policy.requirements) rows.push_back(judge(line, evidence));
  return rows;
}

}  // namespace assay::reports
