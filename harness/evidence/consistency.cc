#include "harness/evidence/consistency.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/evidence/ledger.h"

namespace assay::evidence {
namespace {

bool reached(const Record& record, Stage stage) { return record.stage(stage).status != StageStatus::not_reached; }

bool reached_from(const Record& record, Stage first) {
  for (auto i = static_cast<std::size_t>(first); i < kStageCount; ++i) {
    if (reached(record, static_cast<Stage>(i))) return true;
  }
  return false;
}

/// Of an instruction gate: the stages are a ladder. Device questions ask several things side by side, and a supplied
/// file was not assembled here.
std::optional<std::string> broken_ladder(const Record& record) {
  if (record.target.empty()) return std::nullopt;
  const std::size_t first = record.image == ImageKind::supplied || opening_failed(record) ? 1 : 0;
  for (std::size_t i = first; i + 1 < kStageCount; ++i) {
    if (record.stages[i].status != StageStatus::ok && record.stages[i + 1].status != StageStatus::not_reached) {
      return fmt::format("stage {} is {} after {} was {}", word(static_cast<Stage>(i + 1)),
                         word(record.stages[i + 1].status), word(static_cast<Stage>(i)), word(record.stages[i].status));
    }
  }
  return std::nullopt;
}

std::optional<std::string> impossible_load(const Record& record) {
  if (!reached_from(record, Stage::load) || opening_failed(record)) return std::nullopt;
  if (record.driver_library == DriverLibrary::none)
    return "an image was handed to a driver, but there is no driver library";
  if (record.image == ImageKind::none && record.stage(Stage::load).status == StageStatus::ok) {
    return "an image was loaded, but the record says none was";
  }
  return std::nullopt;
}

std::optional<std::string> impossible_launch(const Record& record) {
  if (!reached_from(record, Stage::launch)) return std::nullopt;
  if (record.stopped != Stopped::no) return fmt::format("stopped ({}), but launched", word(record.stopped));
  for (const PrerequisiteResult& prerequisite : record.prerequisites) {
    if (meets(prerequisite.found, prerequisite.needs, record.driver_library)) continue;
    return fmt::format("launched, but its prerequisite {} is {}", prerequisite.gate, word(prerequisite.found));
  }
  return std::nullopt;
}

/// A gate that nobody asked for has nothing to tell.
std::optional<std::string> impossible_selection(const Record& record) {
  if (record.stopped != Stopped::not_selected) return std::nullopt;
  const bool asked = reached_from(record, Stage::assemble) || !record.cases.empty() || !record.measurements.empty();
  if (asked) return "the gate was not selected, but something was asked of it";
  return std::nullopt;
}

/// A key has one answer; of two the reader of the second believes what nobody else sees.
std::optional<std::string> impossible_measurement(const Record& record) {
  std::set<std::string_view> keys;
  for (const Measurement& one : record.measurements)
    if (!keys.insert(one.key).second) return fmt::format("'{}' is measured twice", one.key);
  return std::nullopt;
}

/// Speed counts only beside a right answer of the same launch.
std::optional<std::string> speed_without_answer(const Record& record) {
  if (const StageStatus verify = record.stage(Stage::verify).status; verify != StageStatus::ok)
    return fmt::format("performance is told of a launch whose verify stage is {}", word(verify));
  std::int64_t compared = 0;
  for (const CaseResult& result : record.cases) {
    if (result.mismatches > 0)
      return fmt::format("performance is told of case '{}', which has mismatches", result.name);
    compared += result.compared;
  }
  if (compared == 0) return "performance is told, but nothing was compared";
  return std::nullopt;
}

std::optional<std::string> impossible_performance(const Record& record) {
  if (!record.performance) return std::nullopt;
  if (auto wrong = speed_without_answer(record)) return wrong;
  const Performance& told = *record.performance;
  if (told.samples < 1) return "performance rests on no timed launch";
  if (told.median_ns < 1 || told.spread_ns < 0)
    return fmt::format("performance has a median of {} ns and a spread of {} ns", told.median_ns, told.spread_ns);
  if (told.floor.empty() != (told.floor_ns == 0))
    return fmt::format("performance has a floor of {} ns by the name '{}'", told.floor_ns, told.floor);
  if (told.launch.empty() || told.throttle.empty())
    return "performance does not say how it was launched, or whether the clocks were held back";
  return std::nullopt;
}

std::optional<std::string> impossible_case(const Record& record) {
  const bool verified = record.stage(Stage::verify).status == StageStatus::ok;
  if (verified && !record.target.empty() && record.cases.empty()) return "verify is ok, but nothing was compared";
  for (const CaseResult& result : record.cases) {
    if (result.mismatches > result.compared) {
      return fmt::format("case '{}': {} mismatches among {} compared", result.name, result.mismatches, result.compared);
    }
    if (result.mismatches > 0 && verified) {
      return fmt::format("case '{}' has mismatches, but verify is ok", result.name);
    }
    if (result.compared > 0 && !reached(record, Stage::launch)) {
      return fmt::format("case '{}' was compared, but nothing completed", result.name);
    }
    if (result.mismatches == 0 && !result.first_mismatch.empty())
      return fmt::format("case '{}' has no mismatch, but a first one is told", result.name);
  }
  return std::nullopt;
}

std::optional<std::string> impossible_control(const Record& record) {
  if (record.controls.witness == ControlStatus::ok && record.witness.lowering != "instruction" &&
      record.witness.lowering != "driver-call") {
    return fmt::format("control witness is ok, but the lowering is '{}'", record.witness.lowering);
  }
  const bool any_failed = std::ranges::any_of(
      kControls, [&](const ControlField& control) { return record.controls.*control.status == ControlStatus::failed; });
  if (!any_failed && !record.control_note.empty()) return "no control failed, but what one found is told";
  return std::nullopt;
}

std::optional<std::string> impossible_edit(const Record& record) {
  // Records of the first schema could not say what was edited; no program wrote a patched one.
  const bool edited = record.edit && !record.edit->bytes.empty();
  if (record.image == ImageKind::patched && !edited) return "the image is patched, but no byte is said to be edited";
  if (record.image != ImageKind::patched && record.edit)
    return fmt::format("bytes were edited, but the image is {}", word(record.image));
  if (!record.edit) return std::nullopt;
  std::int64_t next = 0;
  for (const ByteEdit& byte : record.edit->bytes) {
    if (byte.was == byte.is) return fmt::format("the byte at {} is said to be edited, but is as it was", byte.offset);
    if (byte.offset < next) return fmt::format("the edited byte at {} is out of order", byte.offset);
    next = byte.offset + 1;
  }
  return std::nullopt;
}

std::optional<std::string> impossible_process(const Record& record) {
  if (!record.process || record.process->signal == 0 || record.process->exit_code == 0) return std::nullopt;
  return fmt::format("the process both exited with {} and was ended by signal {}", record.process->exit_code,
                     record.process->signal);
}

}  // namespace

std::optional<std::string> contradiction(const Record& record) {
  for (const auto check :
       {broken_ladder, impossible_load, impossible_launch, impossible_selection, impossible_measurement,
        impossible_performance, impossible_case, impossible_control, impossible_edit, impossible_process}) {
    if (auto found = check(record)) return found;
  }
  return std::nullopt;
}

RunConsistency::RunConsistency(const Challenge& challenge, const RunRules& rules)
    : asked_(challenge.gates.begin(), challenge.gates.end()),
      asks_for_all_(challenge.gates.empty() && challenge.issuer != kSelfIssued),
      max_attempts_(challenge.max_attempts) {
  for (const RequiredGate& gate : rules.gates) gates_[gate.gate] = gate.gate_version;
  // A challenge that was read has valid times.
  if (const auto issued = parse_utc(challenge.issued_utc)) earliest_ = *issued;
  if (const auto expires = parse_utc(challenge.expires_utc)) latest_ = *expires;
}

/// The copy control looks at the device again after each fault, which is no second try at a question.
std::optional<std::string> RunConsistency::against_challenge(const Record& record) const {
  if (record.stopped == Stopped::not_selected && (asks_for_all_ || asked_.contains(record.gate)))
    return "not selected, but the challenge asks for this gate";
  if (max_attempts_ == 0 || record.attempt <= max_attempts_ || record.gate == "control.copy") return std::nullopt;
  return fmt::format("attempt {}, the challenge allows {}", record.attempt, max_attempts_);
}

std::optional<std::string> RunConsistency::against_rules(const Record& record) const {
  const auto required = gates_.find(record.gate);
  if (required == gates_.end()) return fmt::format("gate '{}' is not named in rules.json", record.gate);
  if (required->second == record.gate_version) return std::nullopt;
  return fmt::format("gate version {}, rules.json says {}", record.gate_version, required->second);
}

/// The gate may have several records (targets, attempts); one of them, earlier in the run, must have ended so.
std::optional<std::string> RunConsistency::against_prerequisites(const Record& record) const {
  for (const PrerequisiteResult& prerequisite : record.prerequisites) {
    const auto earlier = verdicts_.find(prerequisite.gate);
    const bool ran = earlier != verdicts_.end();
    if (ran ? earlier->second.contains(prerequisite.found) : prerequisite.found == Verdict::not_run) continue;
    return fmt::format("prerequisite {} is said to be {}, but no earlier record of it is", prerequisite.gate,
                       word(prerequisite.found));
  }
  return std::nullopt;
}

std::optional<std::string> RunConsistency::against_clock(const Record& record) {
  const auto started = parse_utc(record.started_utc);
  const auto finished = parse_utc(record.finished_utc);
  if (!started) return "started_utc: " + started.error().message;
  if (!finished) return "finished_utc: " + finished.error().message;
  if (*finished < *started) return "finished before it started";
  if (*started < earliest_) return "started before the challenge was issued or the record before it started";
  if (*finished > latest_) return "finished after the challenge expired";
  if (record.monotonic_ns < monotonic_ns_) return "monotonic clock behind that of the record before it";
  if (auto apart = clocks_apart(*started, record.monotonic_ns)) return apart;
  earliest_ = *started;
  monotonic_ns_ = record.monotonic_ns;
  return std::nullopt;
}

/// Both clocks tell of the same run; a network may set the one in the middle of it, but not by much.
std::optional<std::string> RunConsistency::clocks_apart(std::chrono::sys_seconds started, std::int64_t monotonic_ns) {
  constexpr std::chrono::seconds kSlack = std::chrono::minutes(5);
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(monotonic_ns));
  if (!boot_) boot_ = started - elapsed;
  const std::chrono::seconds apart = started - elapsed - *boot_;
  if (apart <= kSlack && apart >= -kSlack) return std::nullopt;
  return fmt::format("started_utc and monotonic_ns are {} s further apart than in the first record", apart.count());
}

/// Retries are numbered from 1 in their order, so that none can be left out unseen.
std::optional<std::string> RunConsistency::against_attempts(const Record& record) {
  const std::string id = record.id();
  std::int64_t& last = attempts_[id.substr(0, id.rfind('#'))];
  const std::int64_t before = std::exchange(last, std::max(last, record.attempt));
  if (record.attempt <= before + 1) return std::nullopt;
  return fmt::format("attempt {}, but there is no record of attempt {} before it", record.attempt, before + 1);
}

/// A gate that was not selected has that one record.
std::optional<std::string> RunConsistency::against_selection(const Record& record) {
  const bool left_out = record.stopped == Stopped::not_selected;
  if (left_out ? verdicts_.contains(record.gate) : left_out_.contains(record.gate))
    return fmt::format("gate {} is said not to have been selected, but has other records", record.gate);
  if (left_out) left_out_.insert(record.gate);
  return std::nullopt;
}

std::optional<std::string> RunConsistency::against_library(const Record& record) {
  if (record.driver_library == DriverLibrary::none) return std::nullopt;
  if (!library_) library_ = record.driver_library;
  if (*library_ == record.driver_library) return std::nullopt;
  return fmt::format("driver library {}, but earlier records of this run have {}", word(record.driver_library),
                     word(*library_));
}

std::vector<Finding> RunConsistency::add(const Record& record, Verdict verdict, const std::string& where) {
  std::vector<Finding> findings;
  const auto note = [&](std::string_view rule, std::optional<std::string> message) {
    if (message) findings.push_back({rule, where, *std::move(message)});
  };
  if (!ids_.insert(record.id()).second) findings.push_back({"unique-id", where, record.id() + " is there twice"});
  note("contradiction", contradiction(record));
  note("attempt", against_attempts(record));
  note("contradiction", against_selection(record));
  note("challenge", against_challenge(record));
  note("gate-list", against_rules(record));
  note("prerequisite", against_prerequisites(record));
  note("time", against_clock(record));
  note("driver-library", against_library(record));
  verdicts_[record.gate].insert(verdict);
  return findings;
}

std::vector<Finding> RunConsistency::finish() const {
  std::vector<Finding> findings;
  for (const auto& [gate, version] : gates_) {
    if (verdicts_.contains(gate)) continue;
    findings.push_back({"gate-list", std::string(kLedgerFile), fmt::format("no record of gate '{}'", gate)});
  }
  for (const std::string& gate : asked_) {
    if (verdicts_.contains(gate)) continue;
    findings.push_back({"challenge", std::string(kLedgerFile),
                        fmt::format("no record of gate '{}', which the challenge asks for", gate)});
  }
  return findings;
}

}  // namespace assay::evidence
