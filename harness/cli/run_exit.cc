#include "harness/cli/run_exit.h"

#include <algorithm>

#include "harness/cli/kernel_text.h"

namespace assay::cli {
namespace {

using evidence::ControlStatus;
using evidence::Verdict;

bool any_control_failed(const evidence::Controls& c) {
  for (const ControlStatus status : {c.positive, c.home_target, c.negative, c.canary, c.witness})
    if (status == ControlStatus::failed) return true;
  return false;
}

bool went_wrong(const evidence::Record& record, const evidence::Derived& derived) {
  const Verdict verdict = derived.verdict;
  return verdict == Verdict::mismatch || verdict == Verdict::faulted || verdict == Verdict::hung ||
         any_control_failed(record.controls);
}

/// An edited image that kills the loader is an answer; one that was launched and went wrong is a failure.
bool launched(const evidence::Record& record) {
  return record.stage(evidence::Stage::launch).status != evidence::StageStatus::not_reached;
}

bool without_assembler(const gate::GateOutcome& outcome) {
  return outcome.record.stopped == evidence::Stopped::no_assembler;
}

}  // namespace

Exit exit_of(const gate::RunResult& result) {
  if (result.driver_error) return Exit::environment;
  if (result.unwell) return Exit::failed;
  if (std::ranges::any_of(result.outcomes, without_assembler)) return Exit::environment;
  for (const gate::GateOutcome& outcome : result.outcomes)
    if (outcome.record.variant.empty() && went_wrong(outcome.record, outcome.derived)) return Exit::failed;
  for (const auto& [record, derived] : result.records)
    if ((launched(record) || is_of_kernel(record)) && went_wrong(record, derived)) return Exit::failed;
  return Exit::done;
}

}  // namespace assay::cli
