// Every instruction gate against the ways in which a run can look right without being it, on a device that computes
// every oracle without fault. The same four on a real device, with kernels that really do it:
// tests/gpu/sabotage_test.cc.
#include <gtest/gtest.h>

#include "harness/evidence/derive.h"
#include "harness/gate/attempt.h"
#include "probes/gates.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/instruction_gates.h"
#include "tests/support/oracle_device.h"

namespace assay {
namespace {

using evidence::ControlStatus;
using evidence::Verdict;
using gate::Probe;

class SkippingDevice : public test::OracleDevice {
 public:
  SkippingDevice(std::vector<gate::Case> known, std::string spared)
      : OracleDevice(std::move(known)), spared_(std::move(spared)) {}
  Result<cuda::Function> resolve(cuda::Module module, std::string_view entry) override {
    const auto function = OracleDevice::resolve(module, entry);
    if (entry == spared_) spared_functions_.push_back(*function);
    return function;
  }
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    const bool spared = std::ranges::find(spared_functions_, function) != spared_functions_.end();
    return spared ? OracleDevice::launch(function, shape, parameters) : ok();
  }

 private:
  std::string spared_;  ///< The copy control's entry still runs.
  std::vector<cuda::Function> spared_functions_;
};

class ScribblingDevice : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    Status launched = OracleDevice::launch(function, shape, parameters);
    cuda::Address first = 0;
    std::memcpy(&first, parameters[0].data(), sizeof first);
    if (parameters[0].size() == 8) *at(first - 1) ^= std::byte{1};
    return launched;
  }
};

class SabotageTest : public testing::TestWithParam<test::GateRow> {
 protected:
  static const Result<std::unique_ptr<cuda::PtxAssembler>>& assembler() {
    static const Result<std::unique_ptr<cuda::PtxAssembler>> opened = cuda::open_ptx_assembler();
    return opened;
  }

  Probe probe() const { return std::get<gate::MakeProbe>(GetParam().row->method)(test::test_seed()); }
  Probe copy() const { return probes::copy_control()(test::test_seed()); }
  std::vector<gate::Case> known() const { return test::OracleDevice::all_cases(probe(), copy()); }

  evidence::Record run(const Probe& probe, cuda::Device& device) {
    require_assembler();
    evidence::Record record = gate::start_record(*GetParam().row, to_string(GetParam().row->home));
    record.driver_library = evidence::DriverLibrary::system;
    const gate::ProbeTools tools{&device, assembler(), test::no_disassembler(), probes::copy_control(), log_};
    gate::run_probe(*GetParam().row, probe, test::test_seed(), GetParam().row->home, tools, record);
    return record;
  }

  static void require_assembler() {
    if (!assembler()) throw std::runtime_error("the tests need nvJitLink: " + assembler().error().message);
  }

  static Verdict verdict(const evidence::Record& record) { return evidence::derive(record)->verdict; }

  test::MemoryLog log_;
};

TEST_P(SabotageTest, AFaithfulDeviceProvesTheGate) {
  test::OracleDevice device(known());
  const evidence::Record record = run(probe(), device);
  EXPECT_EQ(verdict(record), Verdict::proven) << evidence::derive(record)->reason << " " << record.control_note;
}

TEST_P(SabotageTest, AWrongOracleIsRefused) {
  Probe wrong = probe();
  for (gate::Argument& argument : wrong.cases.front().arguments)
    if (auto* output = std::get_if<gate::Output>(&argument)) output->expected.back() ^= std::byte{0x10};
  test::OracleDevice device(known());
  const evidence::Record record = run(wrong, device);
  EXPECT_EQ(verdict(record), Verdict::mismatch);
  EXPECT_GT(record.cases.front().mismatches, 0);
}

TEST_P(SabotageTest, ASkippedLaunchIsRefused) {
  SkippingDevice device(known(), copy().cases.front().entry);
  const Probe genuine = probe();
  if (genuine.cases.front().entry == copy().cases.front().entry) {
    test::OracleDevice none({});  // the copy gate is its own control: nothing at all runs
    EXPECT_NE(verdict(run(genuine, none)), Verdict::proven);
    return;
  }
  const evidence::Record record = run(genuine, device);
  EXPECT_EQ(verdict(record), Verdict::mismatch);
  EXPECT_GT(record.cases.front().mismatches, 0);
}

TEST_P(SabotageTest, ARightAnswerWithoutTheInstructionIsRefused) {
  Probe impostor = probe();
  const Result<std::string> stand_in = gate::without_instruction(impostor.source, GetParam().row->home);
  ASSERT_TRUE(stand_in) << stand_in.error().message;
  impostor.source.text = *stand_in;
  test::OracleDevice device(known());
  const evidence::Record record = run(impostor, device);
  EXPECT_EQ(verdict(record), Verdict::unresolved);
  EXPECT_EQ(record.controls.witness, ControlStatus::failed);
  EXPECT_EQ(record.witness.lowering, "absent");
}

TEST_P(SabotageTest, AWriteBesideABufferIsRefused) {
  ScribblingDevice device(known());
  EXPECT_NE(verdict(run(probe(), device)), Verdict::proven);
}

TEST_P(SabotageTest, ANegativeControlThatMovesNothingIsRefused) {
  Probe blunt = probe();
  blunt.negative = blunt.cases.front();
  test::OracleDevice device(known());
  const evidence::Record record = run(blunt, device);
  EXPECT_EQ(verdict(record), Verdict::unresolved);
  EXPECT_EQ(record.control_note, "the changed operand is predicted to move nothing");
}

TEST_P(SabotageTest, AnUnmetPrerequisiteStopsBeforeTheLaunch) {
  test::OracleDevice device(known());
  evidence::Record record = gate::start_record(*GetParam().row, to_string(GetParam().row->home));
  record.driver_library = evidence::DriverLibrary::system;
  record.stopped = evidence::Stopped::prerequisite;
  const gate::ProbeTools tools{&device, assembler(), test::no_disassembler(), probes::copy_control(), log_};
  gate::run_probe(*GetParam().row, probe(), test::test_seed(), GetParam().row->home, tools, record);
  EXPECT_EQ(record.stage(evidence::Stage::resolve).status, evidence::StageStatus::ok);
  EXPECT_EQ(record.stage(evidence::Stage::launch).status, evidence::StageStatus::not_reached);
  EXPECT_EQ(verdict(record), Verdict::not_run);
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionGate, SabotageTest, testing::ValuesIn(test::instruction_gates()),
                         test::gate_name);

}  // namespace
}  // namespace assay
