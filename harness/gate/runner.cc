#include "harness/gate/runner.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/evidence/utc.h"
#include "harness/gate/reply.h"

namespace assay::gate {
namespace {

using evidence::Derived;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Stopped;

/// The gate that tells whether a device still works: the plain copy.
constexpr std::string_view kHealth = "control.copy";

class Run {
 public:
  Run(std::vector<const Gate*> gates, const RunOptions& options, Journal& journal, Observer& observer)
      : gates_(std::move(gates)),
        options_(options),
        journal_(journal),
        observer_(observer),
        deadline_(std::chrono::steady_clock::now() + options.run_limit) {}

  /// Records are written in the order in which the attempts were made: the first row, which surveys the device; every
  /// target that is not the device's; then gate by gate on the device.
  Result<RunResult> all() {
    for (const Gate* gate : gates_)
      result_.outcomes.push_back({.gate = std::string(gate->id), .record = start_record(*gate, "")});
    if (Status done = survey(); !done) return done.error();
    if (Status done = assemble_everywhere(); !done) return done.error();
    for (const Gate* gate : gates_)
      if (gate != gates_.front() && result_.interrupted == 0)
        if (Status done = one(*gate); !done) return done.error();
    return std::move(result_);
  }

 private:
  // --- children -----------------------------------------------------------------------------------------------------

  Result<Reply> ask(const AttemptRequest& request) {
    const Result<std::string> input = canonical_json(to_json(request));
    if (!input) return input.error();
    Reply reply;
    ChildRequest child;
    child.command = {options_.executable, "attempt"};
    child.input = *input;
    // Of several attempts each has its own time: it runs from line to line.
    const bool several = request.work.size() > 1;
    child.limit = several ? time_left() : std::min(options_.attempt_limit, time_left());
    child.line_limit = options_.attempt_limit;
    child.on_line = [&reply](std::string_view line) { understand(line, reply); };
    Result<ChildResult> ended = options_.spawn(child);
    if (!ended) return ended.error();
    reply.child = *std::move(ended);
    if (reply.child.interrupted) result_.interrupted = interrupt_requested();
    return reply;
  }

  bool out_of_time() const { return std::chrono::steady_clock::now() >= deadline_; }
  std::string run_limit_why() const {
    return fmt::format("the run's limit of {} s was reached",
                       std::chrono::duration_cast<std::chrono::seconds>(options_.run_limit).count());
  }

  std::chrono::milliseconds time_left() const {
    const auto left = deadline_ - std::chrono::steady_clock::now();
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), std::chrono::milliseconds(1));
  }

  AttemptRequest request(AttemptRequest::Kind kind, std::string_view gate, std::string_view target) const {
    AttemptRequest request;
    request.kind = kind;
    if (!gate.empty()) request.work.push_back({std::string(gate), std::string(target)});
    request.nonce = options_.nonce;
    request.driver = options_.driver;
    request.device = options_.device;
    request.scratch = scratch_.path().string();
    request.cache = options_.cache.string();
    return request;
  }

  /// The record of an attempt whose child ended without finishing it: what it was doing, and how it ended.
  Record unfinished(const Reply& reply, const AttemptWork& work, const Gate& gate) const {
    Record record = reply.begun ? *reply.begun : started(work, gate);
    evidence::StageResult stage;
    stage.status = StageStatus::failed;
    stage.code = reply.child.signal;
    stage.name = reply.child.signal_name;
    if (reply.child.timed_out) {
      const auto waited = std::min<std::chrono::nanoseconds>(reply.child.wall, options_.attempt_limit);
      stage.message = fmt::format("no answer within {} s; the child was killed",
                                  std::chrono::duration_cast<std::chrono::seconds>(waited).count());
    } else if (reply.child.output_overflow) {
      stage.message = "the child printed without end and was killed";
    } else if (reply.child.signal != 0) {
      stage.message = fmt::format("the child died of {}", reply.child.signal_name);
    } else if (!reply.fault.empty()) {
      stage.message = reply.fault;
    } else {
      stage.message = fmt::format("the child ended with exit code {} and no record", reply.child.exit_code);
      stage.code = reply.child.exit_code;
    }
    record.end_at(reply.at, std::move(stage));
    record.finished_utc = evidence::format_utc(evidence::utc_now());
    return record;
  }

  /// The record of a child that did not finish. One that the run's own limit cut short has not hung.
  Record cut_short(const Reply& reply, const AttemptWork& work) const {
    const Gate& gate = *named(work.gate);
    if (reply.child.timed_out && out_of_time()) return out_of_time_record(work);
    Record record = unfinished(reply, work, gate);
    note_process(record, reply.child);
    return record;
  }

  static Record started(const AttemptWork& work, const Gate& gate) {
    Record record = start_record(gate, work.target, work.variant);
    record.attempt = work.attempt;
    return record;
  }

  /// What the assembler accepted before is kept: that much was answered in time.
  Record out_of_time_record(const AttemptWork& work) const {
    Record record = started(work, *named(work.gate));
    const auto accepted = accepted_.find(work.gate);
    if (accepted != accepted_.end() && accepted->second.target == work.target && work.attempt == 1) {
      record.stages = accepted->second.stages;
      record.artifacts = accepted->second.artifacts;
      record.ptx_version = accepted->second.ptx_version;
    }
    record.stopped = Stopped::run_limit;
    record.stopped_why = run_limit_why();
    return record;
  }

  static void note_process(Record& record, const ChildResult& child) {
    record.process = evidence::ProcessResult{child.exit_code, child.signal, child.timed_out, child.wall.count()};
  }

  // --- the survey ---------------------------------------------------------------------------------------------------

  Status survey() {
    const Gate& gate = *gates_.front();
    if (!options_.use_driver) return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
    observer_.begins(gate.id, gate.question);
    Result<Reply> reply = ask(request(AttemptRequest::Kind::survey, gate.id, ""));
    if (!reply) return reply.error();
    if (result_.interrupted != 0) return ok();
    result_.survey = reply->survey;
    if (result_.survey && options_.claim)
      if (Status claimed = options_.claim(*result_.survey); !claimed) return claimed;
    Record record = reply->finished.empty() ? cut_short(*reply, {.gate = std::string(gate.id)})
                                            : std::move(reply->finished.front());
    if (!reply->finished.empty()) note_process(record, reply->child);
    if (!result_.survey) result_.driver_error = driver_error(record, reply->child);
    return write(gate, std::move(record));
  }

  static Error driver_error(const Record& record, const ChildResult& child) {
    const evidence::StageResult& load = record.stage(Stage::load);
    return Error{load.message, load.call, load.code, load.name, child.log};
  }

  // --- the software stages for every target -------------------------------------------------------------------------

  /// The device's own target is among them: a text that the assembler refuses there has its answer without a device.
  Status assemble_everywhere() {
    AttemptRequest pending =
        request(takes_cubins() ? AttemptRequest::Kind::foreign : AttemptRequest::Kind::assemble, "", "");
    for (const Gate* gate : gates_)
      if (std::holds_alternative<MakeProbe>(gate->method))
        for (const std::string& target : targets()) pending.work.push_back({std::string(gate->id), target});
    if (!pending.work.empty() && result_.interrupted == 0)
      observer_.begins("assemble", fmt::format("{} forms and targets", pending.work.size()));
    return ask_for_all(std::move(pending), &Run::keep_assembled);
  }

  /// Many attempts of one child. If it dies, what it died at becomes a record, and another child goes on after it; also
  /// where a child leaves by itself because its context can no longer be trusted.
  Status ask_for_all(AttemptRequest pending, Status (Run::*keep)(Record)) {
    while (!pending.work.empty() && result_.interrupted == 0) {
      if (out_of_time()) return skip(pending);
      Result<Reply> reply = ask(pending);
      if (!reply) return reply.error();
      if (result_.tools.empty()) result_.tools = reply->tools;
      std::size_t served = answered_in_order(*reply, pending.work);
      // How a child ended is told of the attempt that it ended with.
      if (served == pending.work.size()) note_process(reply->finished.back(), reply->child);
      for (std::size_t i = 0; i < served; ++i)
        if (Status kept = (this->*keep)(std::move(reply->finished[i])); !kept) return kept;
      const bool wants_a_fresh_one = ended_well(*reply) && served > 0;
      if (served < pending.work.size() && result_.interrupted == 0 && !wants_a_fresh_one) {
        if (!reply->begun) reply->at = Stage::assemble;
        if (Status kept = (this->*keep)(cut_short(*reply, pending.work[served++])); !kept) return kept;
      }
      pending.work.erase(pending.work.begin(), pending.work.begin() + static_cast<std::ptrdiff_t>(served));
    }
    return ok();
  }

  /// How many of what was asked were answered, one after the other; anything else is no answer.
  static std::size_t answered_in_order(Reply& reply, const std::vector<AttemptWork>& work) {
    const auto answers = [](const Record& record, const AttemptWork& asked) {
      return record.gate == asked.gate && record.target == asked.target && record.variant == asked.variant;
    };
    const auto [record, asked] = std::ranges::mismatch(reply.finished, work, answers);
    if (record != reply.finished.end()) reply.fault = "the child answered another attempt than it was asked for";
    return static_cast<std::size_t>(asked - work.begin());
  }

  Status skip(const AttemptRequest& pending) {
    for (const AttemptWork& work : pending.work) {
      const bool asked_later = pending.kind != AttemptRequest::Kind::images && work.target == device_target();
      if (asked_later) continue;  // its turn on the device comes, and says so
      if (Status written = write(*named(work.gate), out_of_time_record(work)); !written) return written;
    }
    return ok();
  }

  /// An emulated driver is handed PTX; the cubins of other targets say nothing to it.
  bool takes_cubins() const { return result_.survey && result_.survey->driver.kind != cuda::LibraryKind::emulated; }

  /// Those of the table, and the device's own if it is not among them.
  std::vector<std::string> targets() const {
    std::vector<std::string> all;
    for (const Target target : assemble_targets()) all.push_back(to_string(target));
    const std::string own = device_target();
    if (!own.empty() && std::ranges::find(all, own) == all.end()) all.push_back(own);
    return all;
  }

  Status keep_assembled(Record record) {
    const Gate& gate = *named(record.gate);
    if (record.target == device_target()) return keep_own(gate, std::move(record));
    if (record.stopped != Stopped::no) return write(gate, std::move(record));
    record.stopped = result_.survey ? Stopped::foreign_target : Stopped::no_device;
    record.stopped_why = result_.survey ? "not this device's target" : no_device_why();
    return write(gate, std::move(record));
  }

  /// Of the device's own target only a refusal is the end; everything else is asked again where it can be launched.
  Status keep_own(const Gate& gate, Record record) {
    if (record.stage(Stage::assemble).status != StageStatus::refused) {
      accepted_.insert_or_assign(record.gate, std::move(record));
      return ok();
    }
    answered_.insert_or_assign(record.gate, record);
    return write(gate, std::move(record));
  }

  const Gate* named(std::string_view id) const {
    return *std::ranges::find_if(gates_, [id](const Gate* gate) { return gate->id == id; });
  }

  std::string no_device_why() const {
    if (result_.driver_error) return "no device answered: " + result_.driver_error->message;
    return options_.why_no_driver;
  }

  std::string device_target() const { return result_.survey ? to_string(result_.survey->device.own_target()) : ""; }

  // --- one gate -----------------------------------------------------------------------------------------------------

  Status one(const Gate& gate) {
    if (std::holds_alternative<NotImplemented>(gate.method))
      return write(gate, stopped_record(gate, Stopped::not_implemented, "not implemented"));
    const bool is_probe = std::holds_alternative<MakeProbe>(gate.method);
    const auto answer = answered_.find(gate.id);
    if (answer != answered_.end()) return is_probe ? ok() : write(gate, answer->second);
    if (result_.survey && out_of_time())
      return write(gate, out_of_time_record({.gate = std::string(gate.id), .target = is_probe ? device_target() : ""}));
    if (const auto* make = std::get_if<MakeImages>(&gate.method)) return images(gate, *make);
    if (result_.survey) {
      observer_.begins(gate.id, gate.question);
      Result<Record> record = on_device(gate);
      if (!record) return record.error();
      return result_.interrupted == 0 ? write(gate, *std::move(record)) : ok();
    }
    if (std::holds_alternative<DeviceQuestion>(gate.method))
      return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
    observer_.ended(outcome_of(gate).record, outcome_of(gate).derived);  // its assemble records are written already
    return ok();
  }

  // --- edited images ------------------------------------------------------------------------------------------------

  Status images(const Gate& gate, MakeImages make) {
    if (!result_.survey) return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
    if (!takes_cubins())
      return write(gate, stopped_record(gate, Stopped::not_applicable,
                                        "an emulated driver takes PTX, so there is no image to edit"));
    observer_.begins(gate.id, gate.question);
    const Target device = result_.survey->device.own_target();
    const std::vector<ImageAttempt> attempts = make(image_seed(options_.nonce, gate, device), device);
    speakers_.insert_or_assign(std::string(gate.id), attempts.front().variant);
    AttemptRequest loads = request(AttemptRequest::Kind::images, "", "");
    check_prerequisites(gate, loads);
    loads.allowed = options_.patched_launch;
    AttemptRequest launches = loads;
    for (const ImageAttempt& image : unedited_first(attempts)) {
      const bool launched = loads.unmet.empty() && may_launch(image, options_.patched_launch);
      (launched ? launches : loads).work.push_back(work_of(gate, image, device));
    }
    if (Status loaded = ask_for_all(loads, &Run::keep_image); !loaded) return loaded;
    return launch_images(std::move(launches));
  }

  /// A kernel that is wrong by itself shows before an edit can be blamed for it.
  static std::vector<ImageAttempt> unedited_first(std::vector<ImageAttempt> attempts) {
    std::stable_partition(attempts.begin(), attempts.end(), [](const ImageAttempt& image) { return !image.edit; });
    return attempts;
  }

  static AttemptWork work_of(const Gate& gate, const ImageAttempt& image, Target device) {
    return {.gate = std::string(gate.id), .target = image_target(image, device), .variant = image.variant};
  }

  Status keep_image(Record record) {
    const Gate& gate = *named(record.gate);
    const evidence::Verdict verdict = evidence::derive(record)->verdict;
    const bool launched = record.stage(Stage::launch).status != StageStatus::not_reached;
    const bool wrong = verdict == evidence::Verdict::faulted || verdict == evidence::Verdict::hung ||
                       verdict == evidence::Verdict::mismatch;
    if (launched && wrong) image_failed_ = true;
    return write(gate, std::move(record));
  }

  /// Each in a child of its own; after each the copy control, in a new one, tells whether the device is as it was.
  /// After the first image that went wrong the others are only loaded, and a device that is unwell is handed none.
  Status launch_images(AttemptRequest pending) {
    for (const AttemptWork& work : std::exchange(pending.work, {})) {
      if (result_.interrupted != 0) return ok();
      if (result_.unwell) {
        if (Status written = write(*named(work.gate), unwell_record(work)); !written) return written;
        continue;
      }
      pending.work = {work};
      if (image_failed_) pending.unmet = "an edited image before this one went wrong";
      const bool launches = pending.unmet.empty() && !out_of_time();
      if (Status done = ask_for_all(pending, &Run::keep_image); !done) return done;
      if (!launches) continue;  // nothing ran, so there is nothing to look after
      if (Status checked = check_health(); !checked) return checked;
    }
    return ok();
  }

  Status check_health() {
    const AttemptWork copy{
        .gate = std::string(kHealth), .target = device_target(), .variant = "", .attempt = ++health_checks_};
    AttemptRequest wanted = request(AttemptRequest::Kind::probe, "", "");
    wanted.work = {copy};
    check_prerequisites(*named(kHealth), wanted);
    Result<Reply> reply = ask(wanted);
    if (!reply) return reply.error();
    if (result_.interrupted != 0) return ok();
    const bool finished = !reply->finished.empty();
    Record record = finished ? std::move(reply->finished.front()) : cut_short(*reply, copy);
    if (finished) note_process(record, reply->child);
    if (record.stopped != Stopped::run_limit) {
      result_.unwell = !(finished && ended_well(*reply) && is_as_it_was(record));
      health_ = evidence::derive(record)->verdict;
    }
    return write(*named(kHealth), std::move(record));
  }

  static bool is_as_it_was(const Record& record) {
    const auto is_ok = [&](const evidence::ControlField& control) {
      return record.controls.*control.status == evidence::ControlStatus::ok;
    };
    return record.stage(Stage::verify).status == StageStatus::ok && std::ranges::all_of(evidence::kControls, is_ok);
  }

  Record unwell_record(const AttemptWork& work) const {
    Record record = started(work, *named(work.gate));
    record.stopped = Stopped::prerequisite;
    record.prerequisites = {{std::string(kHealth), evidence::Verdict::proven, health_}};
    return record;
  }

  Result<Record> on_device(const Gate& gate) {
    if (std::holds_alternative<DeviceQuestion>(gate.method)) return answer_to(gate);
    AttemptRequest wanted = request(AttemptRequest::Kind::probe, gate.id, device_target());
    check_prerequisites(gate, wanted);
    Result<Reply> reply = ask(wanted);
    if (!reply) return reply.error();
    if (reply->finished.empty()) return cut_short(*reply, wanted.work.front());
    note_process(reply->finished.front(), reply->child);
    return std::move(reply->finished.front());
  }

  Result<Record> answer_to(const Gate& gate) {
    if (const auto known = answered_.find(gate.id); known != answered_.end()) return known->second;
    AttemptRequest wanted = request(AttemptRequest::Kind::question, gate.id, "");
    check_prerequisites(gate, wanted);
    if (!wanted.unmet.empty()) {
      Record record = stopped_record(gate, Stopped::prerequisite, wanted.unmet);
      record.prerequisites = wanted.prerequisites;
      return record;
    }
    add_questions_after(gate, wanted);
    Result<Reply> reply = ask(wanted);
    if (!reply) return reply.error();
    keep_answers(*std::move(reply), gate);
    return answered_.find(gate.id)->second;
  }

  /// What a child answered before it died is not touched by its death; that is the record of what it was asked last.
  void keep_answers(Reply reply, const Gate& first) {
    const bool died = reply.begun.has_value() || reply.finished.empty();
    for (Record& record : reply.finished) {
      record.process = evidence::ProcessResult{.wall_ns = reply.child.wall.count()};
      answered_.insert_or_assign(record.gate, std::move(record));
    }
    if (!died) return;
    Record record = cut_short(reply, {.gate = std::string(first.id)});
    answered_.insert_or_assign(record.gate, std::move(record));
  }

  /// Opening a driver takes longer than most questions, so the rows that follow and need the same share the child. If
  /// it dies, what it had not answered is asked again, the first of it by itself to blame.
  void add_questions_after(const Gate& gate, AttemptRequest& wanted) const {
    auto next = std::ranges::find(gates_, &gate);
    for (++next; next != gates_.end(); ++next) {
      const bool same_needs = (*next)->prerequisites.data() == gate.prerequisites.data();
      if (!same_needs || !std::holds_alternative<DeviceQuestion>((*next)->method)) return;
      wanted.work.push_back({std::string((*next)->id), ""});
    }
  }

  void check_prerequisites(const Gate& gate, AttemptRequest& wanted) const {
    for (const Prerequisite& need : gate.prerequisites) {
      const auto found = std::ranges::find(result_.outcomes, need.gate, &GateOutcome::gate);
      if (found == result_.outcomes.end()) continue;
      const evidence::Verdict verdict = found->derived.verdict;
      wanted.prerequisites.push_back({std::string(need.gate), need.needs, verdict});
      if (wanted.unmet.empty() && !evidence::meets(verdict, need.needs, found->record.driver_library))
        wanted.unmet = fmt::format("{} is {}, {} is needed", need.gate, word(verdict), word(need.needs));
    }
    if (!result_.unwell || gate.id == kHealth) return;
    // What an edited image left behind is no ground to judge native code on.
    wanted.prerequisites.push_back({std::string(kHealth), evidence::Verdict::proven, health_});
    wanted.unmet = fmt::format("{} is {} after an edited image, proven is needed", kHealth, word(health_));
  }

  static Record stopped_record(const Gate& gate, Stopped why, std::string line) {
    Record record = start_record(gate, "");
    record.stopped = why;
    record.stopped_why = std::move(line);
    return record;
  }

  /// Writes a record, and counts it for its gate: the device's record speaks for the gate, the home target's where
  /// there is no device.
  Status write(const Gate& gate, Record record) {
    if (Status kept = keep_artifacts(record); !kept) return kept;
    const Result<Derived> derived = journal_.append(record);
    if (!derived) return derived.error();
    result_.records.push_back({record, *derived});
    GateOutcome& outcome = outcome_of(gate);
    const bool asked = !record.target.empty() && record.stage(Stage::assemble).status != StageStatus::not_reached;
    const bool is_own_text = asked && record.variant.empty() && record.attempt == 1;
    outcome.assemble_asked += is_own_text ? 1 : 0;
    outcome.assembled += is_own_text && record.stage(Stage::assemble).status == StageStatus::ok ? 1 : 0;
    const std::string speaker = result_.survey ? device_target() : to_string(gate.home);
    const auto variant = speakers_.find(gate.id);
    const bool asked_first = record.attempt == 1 && (variant == speakers_.end() || variant->second == record.variant);
    const bool speaks = asked_first && (record.target.empty() || record.target == speaker);
    if (!speaks) return ok();
    outcome.record = std::move(record);
    outcome.derived = *derived;
    if (result_.survey || outcome.record.target.empty()) observer_.ended(outcome.record, outcome.derived);
    return ok();
  }

  GateOutcome& outcome_of(const Gate& gate) {
    return *std::ranges::find(result_.outcomes, gate.id, &GateOutcome::gate);
  }

  /// Moves what the record names from the scratch folder to the journal, under the digest that the journal gives it.
  Status keep_artifacts(Record& record) {
    for (auto& [role, digest] : record.artifacts)
      if (Status moved = keep_artifact(digest); !moved) return moved;
    for (evidence::StageResult& stage : record.stages)
      if (Status moved = keep_artifact(stage.log_sha256); !moved) return moved;
    return ok();
  }

  Status keep_artifact(std::string& digest) {
    if (digest.empty()) return ok();
    const auto known = kept_.find(digest);
    if (known == kept_.end()) {
      const Result<std::vector<std::byte>> bytes = read_bytes(scratch_.path() / digest);
      if (!bytes) return bytes.error();
      const Result<std::string> kept = journal_.keep(*bytes);
      if (!kept) return kept.error();
      digest = kept_.emplace(digest, *kept).first->second;
    } else {
      digest = known->second;
    }
    return ok();
  }

  std::vector<const Gate*> gates_;
  const RunOptions& options_;
  Journal& journal_;
  Observer& observer_;
  std::chrono::steady_clock::time_point deadline_;
  TemporaryFolder scratch_;
  std::map<std::string, Record, std::less<>> answered_;       ///< Device questions and refused texts, by gate id.
  std::map<std::string, std::string, std::less<>> speakers_;  ///< By gate id: the variant that speaks for it.
  std::map<std::string, Record, std::less<>> accepted_;       ///< Texts for the device's own target, by gate id.
  bool image_failed_ = false;                                 ///< One that was launched went wrong.
  int health_checks_ = 1;                                     ///< The gate's own attempt is the first.
  evidence::Verdict health_ = evidence::Verdict::not_run;     ///< Of the last look at the device after an edited image.
  std::map<std::string, std::string> kept_;                   ///< Scratch digest to journal digest.
  RunResult result_;
};

}  // namespace

Result<std::vector<const Gate*>> select_gates(std::span<const Gate> table, std::span<const std::string> only) {
  std::set<std::string_view> wanted;
  const auto add = [&](const auto& self, const Gate& gate) -> void {
    wanted.insert(gate.id);
    for (const Prerequisite& need : gate.prerequisites)
      if (const Gate* other = find_gate(table, need.gate); other && !wanted.contains(other->id)) self(self, *other);
  };
  for (const std::string& id : only) {
    const Gate* gate = find_gate(table, id);
    if (gate == nullptr) return Error{fmt::format("no gate '{}'; 'assay gates' lists them", id)};
    add(add, *gate);
  }
  std::vector<const Gate*> selected;
  for (const Gate& gate : table)
    if (only.empty() || wanted.contains(gate.id) || &gate == &table.front()) selected.push_back(&gate);
  return selected;
}

Result<RunResult> run_gates(std::span<const Gate> table, const RunOptions& options, Journal& journal,
                            Observer& observer) {
  Result<std::vector<const Gate*>> gates = select_gates(table, options.only);
  if (!gates) return gates.error();
  return Run(*std::move(gates), options, journal, observer).all();
}

}  // namespace assay::gate
