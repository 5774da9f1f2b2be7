#include "kernels/run_kernel.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "harness/gate/execution.h"
#include "kernels/device_arrays.h"
#include "kernels/forms.h"
#include "kernels/judge.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;
using gate::Execution;

/// What a plan may depend on: the names that cuda.h gives them.
struct Limit {
  std::string_view key, unit;
  std::int64_t DeviceLimits::*value;
};
constexpr std::array<Limit, 3> kLimits{{{"multiprocessor_count", "", &DeviceLimits::multiprocessors},
                                        {"max_shared_memory_per_block_optin", "B", &DeviceLimits::shared_block_bytes},
                                        {"l2_cache_size", "B", &DeviceLimits::l2_bytes}}};

class KernelRun {
 public:
  KernelRun(const Kernel& kernel, const Problem& problem, const gate::WorkloadTools& tools, Record& record)
      : kernel_(kernel),
        problem_(problem),
        tools_(tools),
        record_(record),
        limits_(limits_of(tools.device, tools.target)),
        execution_(tools.seed, tools.target, tools.probe, record) {}

  void run() {
    note_limits();
    if (const auto why = kernel_.refuses(problem_, limits_)) return stop(evidence::Stopped::not_applicable, *why);
    if (!has_toolchain() || !assemble_stage()) return;
    control_witness();
    execution_.announce(evidence::ImageKind::native);
    if (!execution_.control_positive("before")) return;
    if (!execution_.load(image_) || !execution_.resolve(entries())) return;
    task_ = make_task(kernel_.operation, problem_, tools_.seed);
    if (!all_trials()) return;
    control_negative();
    execution_.control_positive("after");
  }

 private:
  void note_limits() {
    for (const Limit& limit : kLimits)
      record_.measurements.push_back(
          {std::string(limit.key), "cuDeviceGetAttribute", std::string(limit.unit), limits_.*limit.value, ""});
  }

  void stop(evidence::Stopped why, std::string line) {
    record_.stopped = why;
    record_.stopped_why = std::move(line);
  }

  /// A compiler that is not there has refused nothing.
  bool has_toolchain() {
    if (!tools_.compiler)
      stop(evidence::Stopped::no_assembler, tools_.compiler.error().message);
    else if (!tools_.probe.assembler)
      stop(evidence::Stopped::no_assembler, tools_.probe.assembler.error().message);
    return record_.stopped == evidence::Stopped::no;
  }

  // --- the image ----------------------------------------------------------------------------------------------------

  bool assemble_stage() {
    plan_ = kernel_.plan(problem_, limits_);
    record_.measurements.push_back({"plan", "assay", "", plan_.choice, ""});
    const bool compiled = execution_.stage(Stage::assemble, [this] { return assemble(); });
    control_home_target(compiled);
    return compiled;
  }

  Result<cuda::Assembly> compile(std::string_view text, std::string_view name, Target target) const {
    return (*tools_.compiler)->compile(text, fmt::format("{}.cu", name), target);
  }

  StageResult assemble() {
    Result<std::string> text = text_of(plan_);
    if (!text) return execution_.failed(text.error());
    text_ = *std::move(text);
    record_.artifacts["cuda"] = tools_.probe.log.keep(gate::text_bytes(text_));
    Result<cuda::Assembly> built = compile(text_, kernel_.id, tools_.target);
    if (!built) return execution_.failed(built.error());
    StageResult result = Execution::good();
    if (!built->log.empty()) result.log_sha256 = tools_.probe.log.keep(gate::text_bytes(built->log));
    if (!built->accepted) {
      result.status = StageStatus::refused;
      result.call = "nvrtcCompileProgram";
      result.message = gate::first_complaint(built->log);
      return result;
    }
    image_ = std::move(built->cubin);
    record_.artifacts["cubin"] = tools_.probe.log.keep(image_);
    return result;
  }

  void control_home_target(bool compiled) {
    if (text_.empty()) return;
    const bool accepted = kernel_.home == tools_.target ? compiled : [this] {
      const Result<cuda::Assembly> at_home = compile(text_, kernel_.id, kernel_.home);
      return at_home && at_home->accepted;
    }();
    execution_.set_control(record_.controls.home_target, accepted,
                           fmt::format("the text does not compile for its home target {}", to_string(kernel_.home)));
  }

  void control_witness() {
    const Result<evidence::Witness> witness = make_witness();
    if (!witness) return execution_.set_control(record_.controls.witness, false, witness.error().message);
    record_.witness = *witness;
    const std::array mnemonics = {kernel_.form.mnemonic};
    record_.witness.disassembler = gate::second_opinion(tools_.probe.disassemble, image_, mnemonics);
    execution_.set_control(record_.controls.witness, gate::judge(record_.witness) == evidence::ControlStatus::ok,
                           "the loaded machine code does not hold the instruction");
  }

  Result<evidence::Witness> make_witness() {
    const gate::Source source{.stem = kernel_.form.stem, .text = text_of(kernel_.form), .floor = {}};
    const Result<std::string> without_text = gate::without_instruction(source, tools_.target);
    if (!without_text) return without_text.error();
    const Result<std::string> with = form_image(source.text, "witness-with");
    if (!with) return with.error();
    const Result<std::string> without = form_image(*without_text, "witness-without");
    if (!without) return without.error();
    return gate::find_witness(image_, gate::text_bytes(*with), gate::text_bytes(*without));
  }

  /// The image of a witness text, which is kept under its role.
  Result<std::string> form_image(std::string_view text, const std::string& role) {
    const Result<cuda::Assembly> built = compile(text, kernel_.form.stem, tools_.target);
    if (!built) return built.error();
    if (!built->accepted) return Error{"the witness text was refused: " + gate::first_complaint(built->log)};
    record_.artifacts[role] = tools_.probe.log.keep(built->cubin);
    return std::string(reinterpret_cast<const char*>(built->cubin.data()), built->cubin.size());
  }

  // --- launches -----------------------------------------------------------------------------------------------------

  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const Launch& launch : plan_.launches) names.push_back(launch.entry);
    return names;
  }

  /// A wrong answer does not keep the next trial from being asked; a fault does.
  bool all_trials() {
    for (const Trial& trial : task_.trials)
      if (!one_trial(trial)) return false;
    return all_agree_;
  }

  bool one_trial(const Trial& trial) {
    std::optional<Collected> observed = launch_placed(trial);
    if (!observed) return false;
    std::vector<evidence::CaseResult> cases = judge(task_, trial, observed->outputs);
    if (&trial == &task_.trials.front()) {
      const std::optional<Collected> again = launch_again();
      if (!again) return false;
      cases.push_back(judge_again(trial, observed->outputs, again->outputs));
    }
    execution_.stage(Stage::verify, [&] { return verify(std::move(cases)); });
    last_ = std::move(observed->outputs);
    return true;
  }

  /// Places the trial's arrays and launches.
  std::optional<Collected> launch_placed(const Trial& trial) {
    arrays_.reset();
    return launch([&]() -> Status {
      Result<DeviceArrays> placed = DeviceArrays::place(*tools_.probe.device, task_, plan_, trial, tools_.seed);
      if (!placed) return placed.error();
      arrays_.emplace(*std::move(placed));
      return ok();
    });
  }

  std::optional<Collected> launch_again() {
    return launch([this] { return arrays_->poison_again(); });
  }

  /// Launch and complete; nothing where one of them went wrong, which is in the record then.
  template <class Prepare>
  std::optional<Collected> launch(Prepare prepare) {
    const bool launched = execution_.stage(Stage::launch, [&] {
      if (Status prepared = prepare(); !prepared) return execution_.failed(prepared.error());
      return launch_all();
    });
    if (!launched) return std::nullopt;
    std::optional<Collected> collected;
    execution_.stage(Stage::complete, [&] { return complete(collected); });
    if (collected) execution_.set_control(record_.controls.canary, collected->canary.empty(), collected->canary);
    return collected;
  }

  StageResult launch_all() {
    for (const Launch& launch : plan_.launches) {
      const Result<std::vector<cuda::Parameter>> parameters = arrays_->parameters(launch);
      if (!parameters) return execution_.failed(parameters.error());
      const Status launched = tools_.probe.device->launch(execution_.function(launch.entry), launch.shape, *parameters);
      if (!launched) return execution_.refused(launched.error());
    }
    return Execution::good();
  }

  StageResult complete(std::optional<Collected>& collected) {
    if (Status finished = tools_.probe.device->synchronize(); !finished) return execution_.failed(finished.error());
    Result<Collected> read = arrays_->collect();
    if (!read) return execution_.failed(read.error());
    collected.emplace(*std::move(read));
    return Execution::good();
  }

  StageResult verify(std::vector<evidence::CaseResult> cases) {
    for (evidence::CaseResult& one : cases) {
      const bool agrees = one.mismatches == 0 && one.compared > 0;
      if (!agrees && all_agree_) first_failure_ = fmt::format("case '{}': {}", one.name, one.first_mismatch);
      all_agree_ = all_agree_ && agrees;
      record_.cases.push_back(std::move(one));
    }
    if (all_agree_) return Execution::good();
    return {.status = StageStatus::failed, .message = first_failure_};
  }

  /// The last trial's arrays are still there; one input is written anew.
  void control_negative() {
    const Change change = make_change(task_, tools_.seed);
    const StageResult launched = record_.stage(Stage::launch), completed = record_.stage(Stage::complete);
    const std::optional<Collected> observed = launch([&]() -> Status {
      std::vector<std::byte> bytes = array_of(change.role, task_.operation, problem_, change.trial.inputs);
      if (Status replaced = arrays_->replace(change.role, std::move(bytes)); !replaced) return replaced;
      return arrays_->poison_again();
    });
    const std::string fault = observed ? fault_of(task_, change, last_, observed->outputs)
                                       : std::string("the launch with a changed operand failed");
    if (observed) {  // the trials' own stage results stand; a fault here is the record's
      record_.stage(Stage::launch) = launched;
      record_.stage(Stage::complete) = completed;
    }
    execution_.set_control(record_.controls.negative, fault.empty(), fault);
  }

  const Kernel& kernel_;
  const Problem problem_;
  const gate::WorkloadTools& tools_;
  Record& record_;
  const DeviceLimits limits_;
  Execution execution_;
  Plan plan_;
  std::string text_;
  std::vector<std::byte> image_;
  Task task_{};
  std::optional<DeviceArrays> arrays_;
  Observed last_;  ///< Of the last trial's first launch.
  bool all_agree_ = true;
  std::string first_failure_;
};

}  // namespace

DeviceLimits limits_of(const cuda::DeviceFacts& device, Target target) {
  DeviceLimits limits{.target = target};
  for (const Limit& limit : kLimits) limits.*limit.value = device.attribute(limit.key);
  return limits;
}

Result<DeviceLimits> limits_of(const Record& record) {
  const Result<Target> target = parse_target(record.target);
  if (!target) return target.error();
  DeviceLimits limits{.target = *target};
  for (const Limit& limit : kLimits) {
    const auto told = std::ranges::find(record.measurements, limit.key, &evidence::Measurement::key);
    const bool is_there = told != record.measurements.end() && told->value.is_integer();
    if (!is_there) return Error{fmt::format("'{}', on which the plan depends, is not on record", limit.key)};
    limits.*limit.value = told->value.integer();
  }
  return limits;
}

Result<std::string> text_of(const Plan& plan) {
  if (plan.launches.empty()) return Error{"the plan has no launch"};
  for (const Launch& launch : plan.launches)
    if (launch.source != plan.launches.front().source)
      return Error{"the plan has more than one text; put all kernels that it launches into one"};
  return plan.launches.front().source;
}

void run_kernel(const Kernel& kernel, const gate::WorkloadTools& tools, Record& record) {
  const std::optional<Problem> problem = problem_named(kernel, record.variant);
  if (problem) return KernelRun(kernel, *problem, tools, record).run();
  record.stopped = evidence::Stopped::not_applicable;
  record.stopped_why = fmt::format("{} has no problem '{}'", kernel.id, record.variant);
}

}  // namespace assay::kernels
