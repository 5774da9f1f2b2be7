#include "harness/gate/runner.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/gate/run_in_progress.h"
#include "harness/gate/workload.h"

namespace assay::gate {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Stopped;

Result<RunResult> Run::all() {
  for (const Gate& gate : table_)
    result_.outcomes.push_back({.gate = std::string(gate.id), .record = start_record(gate, "")});
  if (Status done = survey(); !done) return done.error();
  if (Status done = assemble_everywhere(); !done) return done.error();
  for (const Gate* gate : gates_)
    if (gate != gates_.front() && result_.interrupted == 0)
      if (Status done = one(*gate); !done) return done.error();
  if (Status done = tell_of_others(); !done) return done.error();
  return std::move(result_);
}

Status Run::survey() {
  const Gate& gate = *gates_.front();
  if (!options_.use_driver) return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
  observer_.begins(gate.id, gate.question);
  Result<Reply> reply = ask(request(AttemptRequest::Kind::survey, gate.id, ""));
  if (!reply) return reply.error();
  if (result_.interrupted != 0) return ok();
  result_.survey = reply->survey;
  if (result_.survey && options_.claim)
    if (Status claimed = options_.claim(*result_.survey); !claimed) return claimed;
  Record record =
      reply->finished.empty() ? cut_short(*reply, {.gate = std::string(gate.id)}) : std::move(reply->finished.front());
  if (!reply->finished.empty()) note_process(record, reply->child);
  if (!result_.survey) result_.driver_error = driver_error(record, reply->child);
  return write(gate, std::move(record));
}

Error Run::driver_error(const Record& record, const ChildResult& child) {
  const evidence::StageResult& load = record.stage(Stage::load);
  return Error{load.message, load.call, load.code, load.name, child.log};
}

Status Run::assemble_everywhere() {
  AttemptRequest pending =
      request(takes_cubins() ? AttemptRequest::Kind::foreign : AttemptRequest::Kind::assemble, "", "");
  for (const Gate* gate : gates_)
    if (std::holds_alternative<MakeProbe>(gate->method))
      for (const std::string& target : targets()) pending.work.push_back({std::string(gate->id), target});
  if (!pending.work.empty() && result_.interrupted == 0)
    observer_.begins("assemble", fmt::format("{} forms and targets", pending.work.size()));
  return ask_for_all(std::move(pending), &Run::keep_assembled);
}

bool Run::takes_cubins() const { return result_.survey && result_.survey->driver.kind != cuda::LibraryKind::emulated; }

std::vector<std::string> Run::targets() const {
  std::vector<std::string> all;
  for (const Target target : assemble_targets()) all.push_back(to_string(target));
  const std::string own = device_target();
  if (!own.empty() && std::ranges::find(all, own) == all.end()) all.push_back(own);
  return all;
}

Status Run::keep_assembled(Record record) {
  const Gate& gate = *named(record.gate);
  if (record.target == device_target()) return keep_own(gate, std::move(record));
  if (record.stopped != Stopped::no) return write(gate, std::move(record));
  record.stopped = result_.survey ? Stopped::foreign_target : Stopped::no_device;
  record.stopped_why = result_.survey ? "not this device's target" : no_device_why();
  return write(gate, std::move(record));
}

Status Run::keep_own(const Gate& gate, Record record) {
  if (record.stage(Stage::assemble).status != StageStatus::refused) {
    accepted_.insert_or_assign(record.gate, std::move(record));
    return ok();
  }
  answered_.insert_or_assign(record.gate, record);
  return write(gate, std::move(record));
}

const Gate* Run::named(std::string_view id) const {
  return *std::ranges::find_if(gates_, [id](const Gate* gate) { return gate->id == id; });
}

std::string Run::no_device_why() const {
  if (result_.driver_error) return "no device answered: " + result_.driver_error->message;
  return options_.why_no_driver;
}

std::string Run::device_target() const { return result_.survey ? to_string(result_.survey->device.own_target()) : ""; }

Status Run::one(const Gate& gate) {
  if (std::holds_alternative<NotImplemented>(gate.method))
    return write(gate, stopped_record(gate, Stopped::not_implemented, "not implemented"));
  const bool is_probe = std::holds_alternative<MakeProbe>(gate.method);
  const auto answer = answered_.find(gate.id);
  if (answer != answered_.end()) return is_probe ? ok() : write(gate, answer->second);
  if (const auto* workload = std::get_if<const Workload*>(&gate.method)) return this->workload(gate, **workload);
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

Status Run::workload(const Gate& gate, const Workload& workload) {
  if (!result_.survey) return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
  if (!takes_cubins())
    return write(gate, stopped_record(gate, Stopped::not_applicable,
                                      "an emulated driver takes PTX, and this text is compiled to machine code"));
  AttemptRequest wanted = request(AttemptRequest::Kind::workload, "", "");
  check_prerequisites(gate, wanted);
  if (!wanted.unmet.empty()) {
    Record record = stopped_record(gate, Stopped::prerequisite, wanted.unmet);
    record.prerequisites = wanted.prerequisites;
    return write(gate, std::move(record));
  }
  observer_.begins(gate.id, gate.question);
  for (const std::string& variant : workload.variants())
    wanted.work.push_back({.gate = std::string(gate.id), .target = device_target(), .variant = variant});
  speakers_.insert_or_assign(std::string(gate.id), wanted.work.front().variant);
  return ask_for_all(std::move(wanted), &Run::keep_workload);
}

Status Run::keep_workload(Record record) {
  const Gate& gate = *named(record.gate);
  return write(gate, std::move(record));
}

Result<Record> Run::on_device(const Gate& gate) {
  if (std::holds_alternative<DeviceQuestion>(gate.method)) return answer_to(gate);
  AttemptRequest wanted = request(AttemptRequest::Kind::probe, gate.id, device_target());
  check_prerequisites(gate, wanted);
  Result<Reply> reply = ask(wanted);
  if (!reply) return reply.error();
  if (reply->finished.empty()) return cut_short(*reply, wanted.work.front());
  note_process(reply->finished.front(), reply->child);
  return std::move(reply->finished.front());
}

Result<Record> Run::answer_to(const Gate& gate) {
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

void Run::keep_answers(Reply reply, const Gate& first) {
  const bool died = reply.begun.has_value() || reply.finished.empty();
  for (Record& record : reply.finished) {
    record.process = evidence::ProcessResult{.wall_ns = reply.child.wall.count()};
    answered_.insert_or_assign(record.gate, std::move(record));
  }
  if (!died) return;
  Record record = cut_short(reply, {.gate = std::string(first.id)});
  answered_.insert_or_assign(record.gate, std::move(record));
}

void Run::add_questions_after(const Gate& gate, AttemptRequest& wanted) const {
  auto next = std::ranges::find(gates_, &gate);
  for (++next; next != gates_.end(); ++next) {
    const bool same_needs = (*next)->prerequisites.data() == gate.prerequisites.data();
    if (!same_needs || !std::holds_alternative<DeviceQuestion>((*next)->method)) return;
    wanted.work.push_back({std::string((*next)->id), ""});
  }
}

void Run::check_prerequisites(const Gate& gate, AttemptRequest& wanted) const {
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

Result<std::vector<const Gate*>> select_gates(std::span<const Gate> table, std::span<const std::string> only) {
  std::set<std::string_view> wanted;
  const auto add = [&](const auto& self, const Gate& gate) -> void {
    wanted.insert(gate.id);
    for (const Prerequisite& need : gate.prerequisites)
      if (const Gate* other = find_gate(table, need.gate); other && !wanted.contains(other->id)) self(self, *other);
  };
  for (const std::string& id : only) {
    const Gate* gate = find_gate(table, id);
    if (gate == nullptr) return Error{fmt::format("no gate '{}'; 'assay gates' and 'assay kernels' list them", id)};
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
  return Run(table, *std::move(gates), options, journal, observer).all();
}

}  // namespace assay::gate
