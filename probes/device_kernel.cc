#include "probes/device_kernel.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/gate/compare.h"
#include "harness/gate/run_probe.h"

namespace assay::probes {

using evidence::ControlStatus;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

namespace {

bool went_wrong(const evidence::StageResult& result) {
  return result.status == StageStatus::refused || result.status == StageStatus::failed;
}

/// An emulated libcuda runs the text that the cubin was assembled from.
std::vector<std::byte> loadable(const gate::QuestionContext& context, const std::string& ptx, cuda::Assembly assembly) {
  if (context.driver.kind != cuda::LibraryKind::emulated) return std::move(assembly.cubin);
  const auto bytes = std::as_bytes(std::span(ptx));
  return {bytes.begin(), bytes.end()};
}

/// A control that failed once stays failed; the first note is kept.
void set_control(Record& record, ControlStatus& control, const std::string& fault) {
  if (control == ControlStatus::failed) return;
  control = fault.empty() ? ControlStatus::ok : ControlStatus::failed;
  if (!fault.empty() && record.control_note.empty()) record.control_note = fault;
}

evidence::CaseResult compare_case(const gate::Case& launch_case, std::span<const std::vector<std::byte>> observed) {
  const auto expected = gate::digests(launch_case);
  evidence::CaseResult result{launch_case.name, expected.inputs_sha256, expected.expected_sha256, {}, 0, 0, {}};
  const auto oracle = gate::outputs(launch_case);
  Sha256 sha;
  for (std::size_t i = 0; i < oracle.size(); ++i) {
    sha.update(oracle[i]->name);  // the same pieces as in gate::digests, so that a verifier can compare
    sha.update(std::string_view("\0", 1));
    sha.update(observed[i]);
    const gate::Comparison comparison = gate::compare(*oracle[i], observed[i]);
    result.compared += comparison.compared;
    result.mismatches += static_cast<std::int64_t>(comparison.mismatches.size());
    if (result.first_mismatch.empty()) result.first_mismatch = comparison.first;
  }
  result.observed_sha256 = hex(sha.finish());
  return result;
}

}  // namespace

void pass_stage(Record& record, Stage stage) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(stage); ++i)
    if (went_wrong(record.stages[i])) return;
  record.stage(stage).status = StageStatus::ok;
}

void fail_stage(Record& record, Stage stage, StageStatus status, const Error& error) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(stage); ++i)
    if (went_wrong(record.stages[i])) return;
  record.stage(stage) = {
      .status = status, .code = error.code, .name = error.name, .call = error.call, .message = error.message};
  for (std::size_t i = static_cast<std::size_t>(stage) + 1; i < evidence::kStageCount; ++i) record.stages[i] = {};
}

bool record_case(Record& record, const gate::Case& launch_case, std::span<const std::vector<std::byte>> observed) {
  record.cases.push_back(compare_case(launch_case, observed));
  const evidence::CaseResult& result = record.cases.back();
  const bool agrees = result.mismatches == 0 && result.compared > 0;
  if (agrees)
    pass_stage(record, Stage::verify);
  else
    fail_stage(record, Stage::verify, StageStatus::failed,
               {fmt::format("case '{}': {}", result.name, result.first_mismatch)});
  return agrees;
}

Result<DeviceKernel> DeviceKernel::from_ptx(gate::QuestionContext& context, const gate::Source& source,
                                            std::string_view entry) {
  Record& record = context.record;
  const Target target = context.facts.own_target();
  const std::string ptx = gate::with_instruction(source, target);
  Result<cuda::Assembly> assembly = context.assembler ? (*context.assembler)->assemble(ptx, target)
                                                      : Result<cuda::Assembly>(context.assembler.error());
  if (assembly && !assembly->accepted)
    assembly = Error{fmt::format("{}.ptx was refused for {}", source.stem, to_string(target)),
                     "nvJitLinkAddData",
                     0,
                     {},
                     assembly->log};
  if (!assembly) {
    fail_stage(record, Stage::assemble, StageStatus::refused, assembly.error());
    return assembly.error();
  }
  pass_stage(record, Stage::assemble);
  return from_image(context, loadable(context, ptx, std::move(*assembly)), entry);
}

Result<DeviceKernel> DeviceKernel::from_image(gate::QuestionContext& context, std::span<const std::byte> image,
                                              std::string_view entry) {
  context.record.image = evidence::ImageKind::native;
  const Result<cuda::Module> module = context.device.load(image);
  if (!module) {
    fail_stage(context.record, Stage::load, StageStatus::refused, module.error());
    return module.error();
  }
  pass_stage(context.record, Stage::load);
  const Result<cuda::Function> function = context.device.resolve(*module, entry);
  if (!function) {
    fail_stage(context.record, Stage::resolve, StageStatus::refused, function.error());
    return function.error();
  }
  pass_stage(context.record, Stage::resolve);
  return DeviceKernel(context, *function);
}

Launched DeviceKernel::launch(const gate::Case& launch_case) {
  Record& record = context_->record;
  const auto faulted = [&record](const Error& error) {
    fail_stage(record, Stage::complete, StageStatus::failed, error);
    return Launched{Ending::faulted, error, {}};
  };
  const Result<gate::DeviceBuffers> buffers = gate::DeviceBuffers::place(context_->device, launch_case, context_->seed);
  if (!buffers) return faulted(buffers.error());
  if (Status s = context_->device.launch(function_, launch_case.launch, buffers->parameters()); !s)
    return {Ending::refused, s.error(), {}};
  pass_stage(record, Stage::launch);
  if (Status s = context_->device.synchronize(); !s) return faulted(s.error());
  Result<gate::Observed> observed = buffers->collect();
  if (!observed) return faulted(observed.error());
  pass_stage(record, Stage::complete);
  set_control(record, record.controls.canary,
              observed->canary.empty() ? "" : fmt::format("case '{}': {}", launch_case.name, observed->canary));
  return {Ending::agreed, {}, std::move(*observed)};
}

Launched DeviceKernel::check(const gate::Case& launch_case) {
  Launched launched = launch(launch_case);
  if (launched.ending != Ending::agreed) return launched;
  if (!record_case(context_->record, launch_case, launched.observed.outputs)) launched.ending = Ending::mismatched;
  return launched;
}

void DeviceKernel::check_negative(const gate::Case& original, const gate::Case& changed) {
  Record& record = context_->record;
  const Launched launched = launch(changed);
  if (launched.ending != Ending::agreed)
    return set_control(record, record.controls.negative, "the launch with a changed operand did not finish");
  const auto wrong = gate::outputs(original), right = gate::outputs(changed);
  std::string fault = "the changed operand is predicted to move nothing";
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto predicted = gate::differing_words(right[i]->expected, wrong[i]->expected);
    const auto moved = gate::compare(*wrong[i], launched.observed.outputs[i]).mismatches;
    if (moved != predicted) {
      fault = fmt::format("a changed operand moved {} words of '{}', predicted were {}", moved.size(), wrong[i]->name,
                          predicted.size());
      break;
    }
    if (!predicted.empty()) fault.clear();
  }
  set_control(record, record.controls.negative, fault);
}

}  // namespace assay::probes
