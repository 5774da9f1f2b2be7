#include "harness/gate/run_probe.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/gate/compare.h"
#include "harness/gate/copy_control.h"
#include "harness/gate/device_buffers.h"

namespace assay::gate {
namespace {

using evidence::ControlStatus;
using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void digest_piece(Sha256& sha, std::string_view name, std::span<const std::byte> bytes) {
  sha.update(name);
  sha.update(std::string_view("\0", 1));
  sha.update(bytes);
}

std::vector<std::byte> map_shape(const MapArgument& argument) {
  std::vector<std::byte> bytes = bytes_of(static_cast<std::uint64_t>(argument.buffer));
  const auto append = [&bytes](const std::vector<std::byte>& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(bytes_of(argument.map.type));
  append(bytes_of(argument.map.dims));
  append(bytes_of(argument.map.strides));
  append(bytes_of(argument.map.box));
  append(bytes_of(argument.map.swizzle));
  return bytes;
}

std::string observed_digest(const std::vector<const Output*>& expected, const Observed& observed) {
  Sha256 sha;
  for (std::size_t i = 0; i < expected.size(); ++i) digest_piece(sha, expected[i]->name, observed.outputs[i]);
  return hex(sha.finish());
}

/// One run of one probe: the state that the stages hand on.
class Attempt {
 public:
  Attempt(const Gate& gate, const Probe& probe, const Seed& seed, Target target, const ProbeTools& tools,
          Record& record)
      : gate_(gate), probe_(probe), seed_(seed), target_(target), tools_(tools), record_(record) {}

  void run() {
    if (!assemble_stage()) return;
    control_home_target();
    control_witness();
    if (tools_.device == nullptr) return;
    const bool may_launch = record_.stopped == evidence::Stopped::no;
    if (may_launch && !control_positive("before")) return;
    if (!stage(Stage::load, [this] { return load(); })) return;
    if (!stage(Stage::resolve, [this] { return resolve(); })) return;
    if (!may_launch) return;
    record_.controls.canary = ControlStatus::ok;
    if (!launch_cases()) return;
    control_negative();
    control_positive("after");
  }

  /// A refusal counts only beside a home target that accepts the text, so that is asked too.
  bool assemble_stage() {
    if (!has_assembler()) return false;
    const bool accepted = stage(Stage::assemble, [this] { return assemble(); });
    if (!accepted) control_home_target();
    return accepted;
  }

  void load_foreign() {
    if (!assemble_stage() || !stage(Stage::load, [this] { return load(); })) return;
    stage(Stage::resolve, [this] { return resolve(); });
    tools_.device->unload(module_);
  }

 private:
  /// A tool that is not there has refused nothing.
  bool has_assembler() {
    if (tools_.assembler) return true;
    record_.stopped = evidence::Stopped::no_assembler;
    record_.stopped_why = tools_.assembler.error().message;
    return false;
  }

  /// A stage's body says how it went; time and position are noted here.
  template <class Body>
  bool stage(Stage which, Body body) {
    tools_.log.reached(which, record_);
    const auto begin = std::chrono::steady_clock::now();
    StageResult result = body();
    result.wall_ns =
        record_.stage(which).wall_ns + std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
    const bool good = result.status == StageStatus::ok;
    good ? void(record_.stage(which) = std::move(result)) : record_.end_at(which, std::move(result));
    return good;
  }

  static StageResult good() { return {.status = StageStatus::ok}; }
  StageResult refused(const Error& error) { return stage_result(error, StageStatus::refused, tools_.log); }
  StageResult failed(const Error& error) { return stage_result(error, StageStatus::failed, tools_.log); }

  StageResult assemble() {
    const std::string text = with_instruction(probe_.source, target_);
    record_.artifacts["ptx"] = tools_.log.keep(as_bytes(text));
    record_.ptx_version = to_string(std::max(probe_.source.floor, ptx_version_floor(target_)));
    Result<cuda::Assembly> assembly = (*tools_.assembler)->assemble(text, target_);
    if (!assembly) return failed(assembly.error());
    StageResult result = good();
    if (!assembly->log.empty()) result.log_sha256 = tools_.log.keep(as_bytes(assembly->log));
    if (!assembly->accepted) {
      result.status = StageStatus::refused;
      result.call = "nvJitLinkAddData";
      result.message = first_line(assembly->log);
      return result;
    }
    image_ = std::move(assembly->cubin);
    record_.artifacts["cubin"] = tools_.log.keep(image_);
    return result;
  }

  /// The assembler's first complaint without its file and line prefix, which says nothing to a reader of a report.
  static std::string first_line(std::string_view log) {
    std::string_view line = log.substr(0, log.find('\n'));
    for (std::string_view mark : {"error   : ", "fatal   : ", "error : "})
      if (const auto at = line.find(mark); at != line.npos) return std::string(line.substr(at + mark.size()));
    return std::string(line);
  }

  void control_home_target() {
    if (target_ == gate_.home && record_.stage(Stage::assemble).status == StageStatus::ok) {
      record_.controls.home_target = ControlStatus::ok;
      return;
    }
    const auto assembly = (*tools_.assembler)->assemble(with_instruction(probe_.source, gate_.home), gate_.home);
    const bool accepted = assembly && assembly->accepted;
    set_control(record_.controls.home_target, accepted,
                fmt::format("the text does not assemble for its home target {}", to_string(gate_.home)));
  }

  void control_witness() {
    const Source source{probe_.source.stem, probe_.witness_text, probe_.source.floor};
    const Result<evidence::Witness> witness = make_witness(source);
    if (!witness) {
      set_control(record_.controls.witness, false, witness.error().message);
      return;
    }
    record_.witness = *witness;
    record_.witness.disassembler = second_opinion(tools_.disassemble, image_, probe_.mnemonics);
    set_control(record_.controls.witness, judge(record_.witness) == ControlStatus::ok,
                "the loaded machine code does not hold the instruction");
  }

  Result<evidence::Witness> make_witness(const Source& source) {
    const Result<std::string> without_text = without_instruction(source, target_);
    if (!without_text) return without_text.error();
    const auto with = (*tools_.assembler)->assemble(with_instruction(source, target_), target_);
    if (!with) return with.error();
    const auto without = (*tools_.assembler)->assemble(*without_text, target_);
    if (!without) return without.error();
    if (!with->accepted) return Error{"the witness text was refused: " + first_line(with->log)};
    if (!without->accepted)
      return Error{"the witness text without the instruction was refused: " + first_line(without->log)};
    record_.artifacts["witness-with"] = tools_.log.keep(with->cubin);
    record_.artifacts["witness-without"] = tools_.log.keep(without->cubin);
    return find_witness(image_, with->cubin, without->cubin);
  }

  /// The copy kernel, in this process and context. If it fails before the probe, the probe's result would mean nothing.
  bool control_positive(std::string_view when) {
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

  StageResult load() {
    record_.image = evidence::ImageKind::native;
    const Result<cuda::Module> module = tools_.device->load(image_);
    if (!module) return refused(module.error());
    module_ = *module;
    return good();
  }

  StageResult resolve() {
    for (const Case& launch_case : probe_.cases) {
      if (functions_.contains(launch_case.entry)) continue;
      const Result<cuda::Function> function = tools_.device->resolve(module_, launch_case.entry);
      if (!function) return refused(function.error());
      functions_.emplace(launch_case.entry, *function);
    }
    return good();
  }

  bool launch_cases() {
    bool all_agree = true;
    for (const Case& launch_case : probe_.cases) {
      const Result<Observed> observed = run_case(launch_case);
      if (!observed) return false;  // what earlier cases verified stands in `cases`
      check_canary(launch_case, *observed);
      stage(Stage::verify, [&] { return verify(launch_case, *observed, all_agree); });
    }
    return all_agree;
  }

  /// Launch and complete of one case; the failed stage is in the record.
  Result<Observed> run_case(const Case& launch_case) {
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

  StageResult verify(const Case& launch_case, const Observed& observed, bool& all_agree) {
    const evidence::CaseDigests expected = digests(launch_case);
    evidence::CaseResult result{launch_case.name, expected.inputs_sha256, expected.expected_sha256, {}, 0, 0, {}};
    const auto oracle = outputs(launch_case);
    result.observed_sha256 = observed_digest(oracle, observed);
    for (std::size_t i = 0; i < oracle.size(); ++i) {
      const Comparison comparison = compare(*oracle[i], observed.outputs[i]);
      result.compared += comparison.compared;
      result.mismatches += static_cast<std::int64_t>(comparison.mismatches.size());
      if (result.first_mismatch.empty()) result.first_mismatch = comparison.first;
    }
    const bool agrees = result.mismatches == 0 && result.compared > 0;
    if (!agrees && all_agree) first_failure_ = fmt::format("case '{}': {}", launch_case.name, result.first_mismatch);
    all_agree = all_agree && agrees;
    record_.cases.push_back(std::move(result));
    if (all_agree) return good();
    return {.status = StageStatus::failed, .message = first_failure_};
  }

  void check_canary(const Case& launch_case, const Observed& observed) {
    if (!observed.canary.empty())
      set_control(record_.controls.canary, false, fmt::format("case '{}': {}", launch_case.name, observed.canary));
  }

  /// The first case with one operand changed: the outputs must differ from the first case's oracle in exactly the words
  /// that the changed operand reaches, and the checker must say so.
  void control_negative() {
    const StageResult launched = record_.stage(Stage::launch), completed = record_.stage(Stage::complete);
    const Result<Observed> observed = run_case(probe_.negative);
    const std::string fault = observed ? negative_fault(*observed) : "the launch with a changed operand failed";
    if (observed) {  // the cases' own stage results stand; a fault here is the record's
      record_.stage(Stage::launch) = launched;
      record_.stage(Stage::complete) = completed;
    }
    set_control(record_.controls.negative, fault.empty(), fault);
  }

  std::string negative_fault(const Observed& observed) const {
    const auto changed = outputs(probe_.negative), unchanged = outputs(probe_.cases.front());
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

  /// A control that failed once stays failed; the first note is kept.
  void set_control(ControlStatus& control, bool holds, const std::string& note) {
    if (control == ControlStatus::failed) return;
    control = holds ? ControlStatus::ok : ControlStatus::failed;
    if (!holds && record_.control_note.empty()) record_.control_note = note;
  }

  const Gate& gate_;
  const Probe& probe_;
  const Seed& seed_;
  const Target target_;
  const ProbeTools& tools_;
  Record& record_;
  std::vector<std::byte> image_;
  cuda::Module module_{};
  std::map<std::string, cuda::Function> functions_;
  std::string first_failure_;
};

}  // namespace

evidence::StageResult stage_result(const Error& error, StageStatus status, AttemptLog& log) {
  StageResult result{
      .status = status, .code = error.code, .name = error.name, .call = error.call, .message = error.message};
  if (!error.log.empty()) result.log_sha256 = log.keep(as_bytes(error.log));
  return result;
}

evidence::CaseDigests digests(const Case& launch_case) {
  Sha256 inputs, expected, observed;
  evidence::CaseDigests result;
  for (const Argument& argument : launch_case.arguments) {
    if (const auto* input = std::get_if<Input>(&argument)) digest_piece(inputs, input->name, input->bytes);
    if (const auto* scalar = std::get_if<Scalar>(&argument)) digest_piece(inputs, scalar->name, scalar->bytes);
    if (const auto* map = std::get_if<MapArgument>(&argument)) digest_piece(inputs, "map", map_shape(*map));
    if (const auto* output = std::get_if<Output>(&argument)) {
      digest_piece(expected, output->name, output->expected);
      digest_piece(expected, "bound", bytes_of(output->bound));
      digest_piece(observed, output->name, output->expected);
      result.exact = result.exact && output->bound.empty();
    }
  }
  result.inputs_sha256 = hex(inputs.finish());
  result.expected_sha256 = hex(expected.finish());
  result.observed_if_right = hex(observed.finish());
  return result;
}

void run_probe(const Gate& gate, const Probe& probe, const Seed& seed, Target target, const ProbeTools& tools,
               Record& record) {
  Attempt(gate, probe, seed, target, tools, record).run();
}

void assemble_only(const Gate& gate, const Probe& probe, const Seed& seed, Target target, const ProbeTools& tools,
                   Record& record) {
  Attempt(gate, probe, seed, target, tools, record).assemble_stage();
}

void load_foreign(const Gate& gate, const Probe& probe, const Seed& seed, Target target, const ProbeTools& tools,
                  Record& record) {
  Attempt(gate, probe, seed, target, tools, record).load_foreign();
}

}  // namespace assay::gate
