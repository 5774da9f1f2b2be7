#include "harness/gate/execution.h"

#include <optional>

#include <fmt/format.h>

#include "harness/gate/case_digests.h"
#include "harness/gate/compare.h"
#include "harness/gate/copy_control.h"

namespace assay::gate {
namespace {

using evidence::ControlStatus;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;

/// What the changed operand did otherwise than predicted; empty if nothing.
std::string negative_fault(const Case& first, const Case& changed_case, const Observed& observed) {
  const auto changed = outputs(changed_case), unchanged = outputs(first);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const auto predicted = differing_words(changed[i]->expected, unchanged[i]->expected);
    const Comparison against_wrong_oracle = compare(*unchanged[i], observed.outputs[i]);
    if (against_wrong_oracle.mismatches != predicted)
      return fmt::format("a changed operand moved {} words of '{}', predicted were {}",
                         against_wrong_oracle.mismatches.size(), changed[i]->name, predicted.size());
    if (!compare(*changed[i], observed.outputs[i]).mismatches.empty())
      return fmt::format("a changed operand gave other values of '{}' than predicted", changed[i]->name);
    moved += predicted.size();
  }
  return moved > 0 ? "" : "the changed operand is predicted to move nothing";
}

evidence::CaseResult compare_all(const Case& launch_case, const Observed& observed) {
  const CaseDigests expected = digests(launch_case);
  evidence::CaseResult result{launch_case.name, expected.inputs_sha256, expected.expected_sha256, {}, 0, 0, {}};
  result.observed_sha256 = observed_digest(launch_case, observed);
  const auto oracle = outputs(launch_case);
  for (std::size_t i = 0; i < oracle.size(); ++i) {
    const Comparison comparison = compare(*oracle[i], observed.outputs[i]);
    result.compared += comparison.compared;
    result.mismatches += static_cast<std::int64_t>(comparison.mismatches.size());
    if (result.first_mismatch.empty()) result.first_mismatch = comparison.first;
  }
  return result;
}

}  // namespace

std::span<const std::byte> text_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

StageResult stage_result(const Error& error, StageStatus status, AttemptLog& log) {
  StageResult result{
      .status = status, .code = error.code, .name = error.name, .call = error.call, .message = error.message};
  if (!error.log.empty()) result.log_sha256 = log.keep(text_bytes(error.log));
  return result;
}

std::string first_complaint(std::string_view log) {
  std::string_view line = log.substr(0, log.find('\n'));
  for (std::string_view mark : {"error   : ", "fatal   : ", "error : "})
    if (const auto at = line.find(mark); at != line.npos) return std::string(line.substr(at + mark.size()));
  return std::string(line);
}

StageResult Execution::refused(const Error& error) const {
  return stage_result(error, StageStatus::refused, tools_.log);
}
StageResult Execution::failed(const Error& error) const { return stage_result(error, StageStatus::failed, tools_.log); }

void Execution::announce(evidence::ImageKind kind) {
  record_.image = kind;
  tools_.log.reached(Stage::load, record_);
}

bool Execution::load(std::span<const std::byte> image) {
  return stage(Stage::load, [&] {
    const Result<cuda::Module> module = tools_.device->load(image);
    if (!module) return refused(module.error());
    module_ = *module;
    StageResult result = good();
    if (const std::string log = tools_.device->load_log(module_); !log.empty())
      result.log_sha256 = tools_.log.keep(text_bytes(log));
    return result;
  });
}

bool Execution::resolve(std::span<const Case> cases) {
  std::vector<std::string> entries;
  for (const Case& launch_case : cases) entries.push_back(launch_case.entry);
  return resolve(entries);
}

bool Execution::resolve(const std::vector<std::string>& entries) {
  return stage(Stage::resolve, [&] {
    for (const std::string& entry : entries) {
      if (functions_.contains(entry)) continue;
      const Result<cuda::Function> function = tools_.device->resolve(module_, entry);
      if (!function) return refused(function.error());
      functions_.emplace(entry, *function);
    }
    return good();
  });
}

void Execution::unload() { tools_.device->unload(module_); }

Result<Observed> Execution::run_case(const Case& launch_case) {
  Result<Observed> observed = Error{"not run"};
  std::optional<DeviceBuffers> buffers;
  const bool launched = stage(Stage::launch, [&] {
    Result<DeviceBuffers> placed = DeviceBuffers::place(*tools_.device, launch_case, seed_);
    if (!placed) return failed(placed.error());
    buffers.emplace(*std::move(placed));
    const Status status =
        tools_.device->launch(functions_.at(launch_case.entry), launch_case.launch, buffers->parameters());
    return status ? good() : refused(status.error());
  });
  if (!launched) return observed;
  stage(Stage::complete, [&] {
    if (Status finished = tools_.device->synchronize(); !finished) return failed(finished.error());
    observed = buffers->collect();
    return observed ? good() : failed(observed.error());
  });
  return observed;
}

StageResult Execution::verify(const Case& launch_case, const Observed& observed) {
  evidence::CaseResult result = compare_all(launch_case, observed);
  const bool agrees = result.mismatches == 0 && result.compared > 0;
  if (!agrees && all_agree_) first_failure_ = fmt::format("case '{}': {}", launch_case.name, result.first_mismatch);
  all_agree_ = all_agree_ && agrees;
  record_.cases.push_back(std::move(result));
  if (all_agree_) return good();
  return {.status = StageStatus::failed, .message = first_failure_};
}

bool Execution::verify_case(const Case& launch_case, const Observed& observed) {
  set_control(record_.controls.canary, observed.canary.empty(),
              fmt::format("case '{}': {}", launch_case.name, observed.canary));
  return stage(Stage::verify, [&] { return verify(launch_case, observed); });
}

bool Execution::launch(std::span<const Case> cases) {
  for (const Case& launch_case : cases) {
    const Result<Observed> observed = run_case(launch_case);
    if (!observed) return false;  // what earlier cases verified stands in `cases`
    verify_case(launch_case, *observed);
  }
  return all_agree_;
}

bool Execution::control_positive(std::string_view when) {
  const Status copied =
      run_copy_control(tools_.copy_control(seed_), *tools_.device, **tools_.assembler, target_, seed_);
  set_control(record_.controls.positive, static_cast<bool>(copied),
              copied ? "" : fmt::format("copy kernel {} the probe: {}", when, copied.error().message));
  if (!copied && when == "before") {
    StageResult result = failed(copied.error());
    result.message = record_.control_note;
    record_.end_at(Stage::load, std::move(result));
  }
  return static_cast<bool>(copied);
}

void Execution::control_negative(const Case& first, const Case& changed) {
  const StageResult launched = record_.stage(Stage::launch), completed = record_.stage(Stage::complete);
  const Result<Observed> observed = run_case(changed);
  const std::string fault =
      observed ? negative_fault(first, changed, *observed) : "the launch with a changed operand failed";
  if (observed) {  // the cases' own stage results stand; a fault here is the record's
    record_.stage(Stage::launch) = launched;
    record_.stage(Stage::complete) = completed;
  }
  set_control(record_.controls.negative, fault.empty(), fault);
}

void Execution::set_control(ControlStatus& control, bool holds, const std::string& note) {
  if (control == ControlStatus::failed) return;
  control = holds ? ControlStatus::ok : ControlStatus::failed;
  if (!holds && record_.control_note.empty()) record_.control_note = note;
}

}  // namespace assay::gate
