#include "harness/gate/run_probe.h"

#include <algorithm>

#include <fmt/format.h>

namespace assay::gate {
namespace {

using evidence::ControlStatus;
using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;

/// One run of one probe: the state that the stages hand on.
class Attempt {
 public:
  Attempt(const Gate& gate, const Probe& probe, const Seed& seed, Target target, const ProbeTools& tools,
          Record& record)
      : gate_(gate),
        probe_(probe),
        target_(target),
        tools_(tools),
        record_(record),
        execution_(seed, target, tools, record) {}

  void run() {
    if (!assemble_stage()) return;
    control_home_target();
    control_witness();
    if (tools_.device == nullptr) return;
    const bool may_launch = record_.stopped == evidence::Stopped::no;
    execution_.announce(evidence::ImageKind::native);
    if (may_launch && !execution_.control_positive("before")) return;
    if (!load_and_resolve() || !may_launch) return;
    if (!execution_.launch(probe_.cases)) return;
    execution_.control_negative(probe_.cases.front(), probe_.negative);
    execution_.control_positive("after");
  }

  /// A refusal counts only beside a home target that accepts the text, so that is asked too.
  bool assemble_stage() {
    if (!has_assembler()) return false;
    const bool accepted = execution_.stage(Stage::assemble, [this] { return assemble(); });
    if (!accepted) control_home_target();
    return accepted;
  }

  void load_foreign() {
    if (!assemble_stage()) return;
    execution_.announce(evidence::ImageKind::native);
    if (load_and_resolve()) execution_.unload();
  }

 private:
  /// A tool that is not there has refused nothing.
  bool has_assembler() {
    if (tools_.assembler) return true;
    record_.stopped = evidence::Stopped::no_assembler;
    record_.stopped_why = tools_.assembler.error().message;
    return false;
  }

  bool load_and_resolve() { return execution_.load(image_) && execution_.resolve(probe_.cases); }

  StageResult assemble() {
    const std::string text = with_instruction(probe_.source, target_);
    record_.artifacts["ptx"] = tools_.log.keep(text_bytes(text));
    record_.ptx_version = to_string(std::max(probe_.source.floor, ptx_version_floor(target_)));
    Result<cuda::Assembly> assembly = (*tools_.assembler)->assemble(text, target_);
    if (!assembly) return execution_.failed(assembly.error());
    StageResult result = Execution::good();
    if (!assembly->log.empty()) result.log_sha256 = tools_.log.keep(text_bytes(assembly->log));
    if (!assembly->accepted) {
      result.status = StageStatus::refused;
      result.call = "nvJitLinkAddData";
      result.message = first_complaint(assembly->log);
      return result;
    }
    image_ = std::move(assembly->cubin);
    record_.artifacts["cubin"] = tools_.log.keep(image_);
    return result;
  }

  void control_home_target() {
    if (target_ == gate_.home && record_.stage(Stage::assemble).status == StageStatus::ok) {
      record_.controls.home_target = ControlStatus::ok;
      return;
    }
    const auto assembly = (*tools_.assembler)->assemble(with_instruction(probe_.source, gate_.home), gate_.home);
    const bool accepted = assembly && assembly->accepted;
    execution_.set_control(record_.controls.home_target, accepted,
                           fmt::format("the text does not assemble for its home target {}", to_string(gate_.home)));
  }

  void control_witness() {
    const Source source{probe_.source.stem, probe_.witness_text, probe_.source.floor};
    const Result<evidence::Witness> witness = make_witness(source);
    if (!witness) {
      execution_.set_control(record_.controls.witness, false, witness.error().message);
      return;
    }
    record_.witness = *witness;
    record_.witness.disassembler = second_opinion(tools_.disassemble, image_, probe_.mnemonics);
    execution_.set_control(record_.controls.witness, judge(record_.witness) == ControlStatus::ok,
                           "the loaded machine code does not hold the instruction");
  }

  Result<evidence::Witness> make_witness(const Source& source) {
    const Result<std::string> without_text = without_instruction(source, target_);
    if (!without_text) return without_text.error();
    const auto with = (*tools_.assembler)->assemble(with_instruction(source, target_), target_);
    if (!with) return with.error();
    const auto without = (*tools_.assembler)->assemble(*without_text, target_);
    if (!without) return without.error();
    if (!with->accepted) return Error{"the witness text was refused: " + first_complaint(with->log)};
    if (!without->accepted)
      return Error{"the witness text without the instruction was refused: " + first_complaint(without->log)};
    record_.artifacts["witness-with"] = tools_.log.keep(with->cubin);
    record_.artifacts["witness-without"] = tools_.log.keep(without->cubin);
    return find_witness(image_, with->cubin, without->cubin);
  }

  const Gate& gate_;
  const Probe& probe_;
  const Target target_;
  const ProbeTools& tools_;
  Record& record_;
  Execution execution_;
  std::vector<std::byte> image_;
};

}  // namespace

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
