// One faulty text through a gate's probe, and whether what came of it is what the fault's data expects.
//
// The oracle, the inputs and the witness stay the genuine ones; only the text that is loaded has the fault in it.
// Tested with a scripted device by tests/probes/mutations_test.cc, run on a real one by tests/gpu/mutation_test.cc.
#pragma once

#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "harness/evidence/derive.h"
#include "harness/gate/attempt.h"
#include "probes/gates.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/forwarding_device.h"
#include "tests/support/mutations.h"

namespace assay::test {

/// What an attempt amounts to, small enough to be told by a child process.
struct MutationOutcome {
  std::string verdict;          ///< As records spell it; "hung" also where the attempt's own process met its limit.
  std::string told;             ///< Why, for a person.
  bool gave_up = false;         ///< A wait on the device said that it ended at its limit.
  bool ran_into_error = false;  ///< A launched kernel ended in a device error; the control before it had run.
};

/// Notes whether a word that was read back says that a wait gave up.
class GaveUpWatch : public ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;
  Status read(cuda::Address from, std::span<std::byte> out) override {
    const Status read = ForwardingDevice::read(from, out);
    for (std::size_t at = 0; at + 4 <= out.size(); at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, out.data() + at, sizeof word);
      seen_ = seen_ || word == gate::kGaveUp;
    }
    return read;
  }
  bool seen() const { return seen_; }

 private:
  bool seen_ = false;
};

/// Runs the gate's probe with `text` in place of its own.
inline MutationOutcome run_text(const gate::Gate& row, std::string_view text, Target target, cuda::Device& device,
                                const Result<std::unique_ptr<cuda::PtxAssembler>>& assembler) {
  const gate::Seed seed = test_seed(row.id);
  gate::Probe probe = std::get<gate::MakeProbe>(row.method)(seed);
  probe.source.text = text;
  GaveUpWatch watched(device);
  MemoryLog log;
  evidence::Record record = gate::start_record(row, to_string(target));
  record.driver_library = evidence::DriverLibrary::system;
  const gate::ProbeTools tools{&watched, assembler, no_disassembler(), probes::copy_control(), log};
  gate::run_probe(row, probe, seed, target, tools, record);
  const auto derived = evidence::derive(record);
  return {.verdict = std::string(evidence::word(derived->verdict)),
          .told = derived->reason + " / " + record.control_note,
          .gave_up = watched.seen(),
          .ran_into_error = record.stage(evidence::Stage::complete).status == evidence::StageStatus::failed};
}

/// Empty where the outcome is the one that the fault's data expects, or where the data expects none.
inline std::string complaint(CaughtBy caught_by, const MutationOutcome& outcome) {
  const auto expect = [&](std::string_view verdict) {
    if (outcome.verdict == verdict) return std::string();
    return fmt::format("expected {}, the verdict is {}: {}", verdict, outcome.verdict, outcome.told);
  };
  switch (caught_by) {
    case CaughtBy::mismatch:
      return expect("mismatch");
    case CaughtBy::gave_up:
      if (std::string wrong = expect("mismatch"); !wrong.empty()) return wrong;
      return outcome.gave_up ? "" : "no wait said that it gave up: " + outcome.told;
    case CaughtBy::fault:
      if (std::string wrong = expect("faulted"); !wrong.empty()) return wrong;
      return outcome.ran_into_error ? "" : "the fault is not the kernel's: " + outcome.told;
    case CaughtBy::hang:
      return expect("hung");
    case CaughtBy::order:
      return "";
  }
  return "no such word";
}

}  // namespace assay::test
