#include <algorithm>
#include <utility>

#include "harness/gate/run_in_progress.h"

namespace assay::gate {

using evidence::Derived;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Stopped;

Record Run::stopped_record(const Gate& gate, Stopped why, std::string line) {
  Record record = start_record(gate, "");
  record.stopped = why;
  record.stopped_why = std::move(line);
  return record;
}

Status Run::write(const Gate& gate, Record record) {
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

Status Run::tell_of_others() {
  if (result_.interrupted != 0) return ok();
  for (const Gate& gate : table_) {
    if (std::ranges::find(gates_, &gate) != gates_.end()) continue;
    const Record record = stopped_record(gate, Stopped::not_selected, "");
    const Result<Derived> derived = journal_.append(record);
    if (!derived) return derived.error();
    result_.records.push_back({record, *derived});
    GateOutcome& outcome = outcome_of(gate);
    outcome.record = record;
    outcome.derived = *derived;
  }
  return ok();
}

GateOutcome& Run::outcome_of(const Gate& gate) {
  return *std::ranges::find(result_.outcomes, gate.id, &GateOutcome::gate);
}

Status Run::keep_artifacts(Record& record) {
  for (auto& [role, digest] : record.artifacts)
    if (Status moved = keep_artifact(digest); !moved) return moved;
  for (evidence::StageResult& stage : record.stages)
    if (Status moved = keep_artifact(stage.log_sha256); !moved) return moved;
  return ok();
}

Status Run::keep_artifact(std::string& digest) {
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

}  // namespace assay::gate
