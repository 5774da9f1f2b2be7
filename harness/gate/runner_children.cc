#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/utc.h"
#include "harness/gate/run_in_progress.h"

namespace assay::gate {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Stopped;

Result<Reply> Run::ask(const AttemptRequest& request) {
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

bool Run::out_of_time() const { return std::chrono::steady_clock::now() >= deadline_; }

std::string Run::run_limit_why() const {
  return fmt::format("the run's limit of {} s was reached",
                     std::chrono::duration_cast<std::chrono::seconds>(options_.run_limit).count());
}

std::chrono::milliseconds Run::time_left() const {
  const auto left = deadline_ - std::chrono::steady_clock::now();
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), std::chrono::milliseconds(1));
}

AttemptRequest Run::request(AttemptRequest::Kind kind, std::string_view gate, std::string_view target) const {
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

Record Run::unfinished(const Reply& reply, const AttemptWork& work, const Gate& gate) const {
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

Record Run::cut_short(const Reply& reply, const AttemptWork& work) const {
  const Gate& gate = *named(work.gate);
  if (reply.child.timed_out && out_of_time()) return out_of_time_record(work);
  Record record = unfinished(reply, work, gate);
  note_process(record, reply.child);
  return record;
}

Record Run::started(const AttemptWork& work, const Gate& gate) {
  Record record = start_record(gate, work.target, work.variant);
  record.attempt = work.attempt;
  return record;
}

Record Run::out_of_time_record(const AttemptWork& work) const {
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

void Run::note_process(Record& record, const ChildResult& child) {
  record.process = evidence::ProcessResult{child.exit_code, child.signal, child.timed_out, child.wall.count()};
}

Status Run::ask_for_all(AttemptRequest pending, Status (Run::*keep)(Record)) {
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

std::size_t Run::answered_in_order(Reply& reply, const std::vector<AttemptWork>& work) {
  const auto answers = [](const Record& record, const AttemptWork& asked) {
    return record.gate == asked.gate && record.target == asked.target && record.variant == asked.variant;
  };
  const auto [record, asked] = std::ranges::mismatch(reply.finished, work, answers);
  if (record != reply.finished.end()) reply.fault = "the child answered another attempt than it was asked for";
  return static_cast<std::size_t>(asked - work.begin());
}

Status Run::skip(const AttemptRequest& pending) {
  for (const AttemptWork& work : pending.work) {
    const bool of_texts =
        pending.kind == AttemptRequest::Kind::assemble || pending.kind == AttemptRequest::Kind::foreign;
    const bool asked_later = of_texts && work.target == device_target();
    if (asked_later) continue;  // its turn on the device comes, and says so
    if (Status written = write(*named(work.gate), out_of_time_record(work)); !written) return written;
  }
  return ok();
}

}  // namespace assay::gate
