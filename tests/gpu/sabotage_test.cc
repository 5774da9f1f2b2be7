// Every instruction gate on a real device, as it is and sabotaged in four ways: a deliberately wrong oracle, a skipped
// launch, a kernel that writes nothing, and a kernel that gets the right answer without the instruction. The first must
// be proven, the others must not be. A text that the assembler refuses for this device is asked whether it ends there.
// Without a device every test fails: a skip must not look like a pass.
#include <gtest/gtest.h>

#include "harness/cuda/driver.h"
#include "harness/evidence/derive.h"
#include "harness/gate/attempt.h"
#include "probes/gates.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/forwarding_device.h"
#include "tests/support/instruction_gates.h"

namespace assay {
namespace {

using evidence::ControlStatus;
using evidence::Verdict;
using gate::Probe;

/// Hands everything on, but launches of the probe's image never reach the device.
class SkippingDevice : public test::ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;

  Result<cuda::Module> load(std::span<const std::byte> image) override {
    ++loads_;
    return ForwardingDevice::load(image);
  }
  Result<cuda::Function> resolve(cuda::Module module, std::string_view entry) override {
    auto function = ForwardingDevice::resolve(module, entry);
    // The first image is the copy control's, the second the probe's, the third the copy control's again.
    if (function && loads_ == 2) skipped_.push_back(*function);
    return function;
  }
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    if (std::ranges::find(skipped_, function) != skipped_.end()) return ok();
    return ForwardingDevice::launch(function, shape, parameters);
  }

 private:
  int loads_ = 0;
  std::vector<cuda::Function> skipped_;
};

/// The device of this test program, opened once.
struct Rig {
  Result<cuda::Driver> driver = cuda::Driver::open({.kind = cuda::DriverChoice::Kind::system});
  Result<std::unique_ptr<cuda::Device>> device = Error{"no driver"};
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler = cuda::open_ptx_assembler();
  Target target;

  Rig() {
    if (!driver) return;
    device = driver->open_device(0);
    if (const auto facts = driver->facts(0)) target = facts->own_target();
  }
};

Rig& rig() {
  static Rig rig;
  return rig;
}

/// Whether this device's own target takes a gate's text; yes where there is nothing to ask, so that the tests fail.
bool taken(const gate::Gate& row) {
  if (!rig().device || !rig().assembler) return true;
  const Probe probe = std::get<gate::MakeProbe>(row.method)(test::test_seed(row.id));
  const auto assembly = (*rig().assembler)->assemble(gate::with_instruction(probe.source, rig().target), rig().target);
  return !assembly || assembly->accepted;
}

std::vector<test::GateRow> gates_that_are_taken(bool yes) {
  std::vector<test::GateRow> rows = test::instruction_gates();
  std::erase_if(rows, [yes](const test::GateRow& gate) { return taken(*gate.row) != yes; });
  return rows;
}

/// Copies an answer that it was handed, word by word and without a plain load: right, and proof of nothing.
constexpr std::string_view kCheat = R"(.version @VERSION@
.target @TARGET@
.address_size 64
.visible .entry cheat(.param .u64 answer, .param .u64 out, .param .u32 words)
{
  .reg .b32 %index, %words, %word, %block, %size;
  .reg .b64 %answer, %out, %offset;
  .reg .pred %past;
  ld.param.u64 %answer, [answer];
  ld.param.u64 %out, [out];
  ld.param.u32 %words, [words];
  mov.u32 %index, %tid.x;
  mov.u32 %block, %ctaid.x;
  mov.u32 %size, %ntid.x;
  mad.lo.u32 %index, %block, %size, %index;
  setp.ge.u32 %past, %index, %words;
  @%past ret;
  mul.wide.u32 %offset, %index, 4;
  add.u64 %answer, %answer, %offset;
  add.u64 %out, %out, %offset;
  atom.global.or.b32 %word, [%answer], 0;
  st.global.u32 [%out], %word;
  ret;
}
)";

gate::Case cheated(const gate::Case& genuine) {
  for (const gate::Argument& argument : genuine.arguments) {
    const auto* output = std::get_if<gate::Output>(&argument);
    if (output == nullptr) continue;
    const auto words = static_cast<std::uint32_t>(output->expected.size() / 4);
    return {genuine.name,
            "cheat",
            {.grid = {(words + 127) / 128}, .block = {128}},
            {gate::Input{"answer", output->expected}, *output, gate::Scalar{"words", gate::bytes_of(words)}},
            {}};
  }
  return {};
}

/// The text in which every entry returns at once.
std::string idle_text(std::string_view text) {
  std::string idle(text);
  for (std::size_t at = 0; (at = idle.find(".visible .entry", at)) != std::string::npos;) {
    at = idle.find('{', idle.find(')', at)) + 1;
    idle.insert(at, "\n  ret;");
  }
  return idle;
}

class GpuSabotageTest : public testing::TestWithParam<test::GateRow> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig().driver) << rig().driver.error().message;
    ASSERT_TRUE(rig().device) << rig().device.error().message;
    ASSERT_TRUE(rig().assembler) << rig().assembler.error().message;
  }

  Probe probe() const { return std::get<gate::MakeProbe>(GetParam().row->method)(test::test_seed(GetParam().row->id)); }

  evidence::Record run(const Probe& probe, cuda::Device& device) {
    evidence::Record record = gate::start_record(*GetParam().row, to_string(rig().target));
    record.driver_library = evidence::DriverLibrary::system;
    const gate::ProbeTools tools{&device, rig().assembler, gate::find_disassembler({}), probes::copy_control(), log_};
    gate::run_probe(*GetParam().row, probe, test::test_seed(GetParam().row->id), rig().target, tools, record);
    return record;
  }

  static std::string told(const evidence::Record& record) {
    return evidence::derive(record)->reason + " / " + record.control_note;
  }

  test::MemoryLog log_;
};

TEST_P(GpuSabotageTest, AsItIsTheGateIsProven) {
  const evidence::Record record = run(probe(), **rig().device);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::proven) << told(record);
}

TEST_P(GpuSabotageTest, AWrongOracleIsRefused) {
  Probe wrong = probe();
  for (gate::Argument& argument : wrong.cases.front().arguments)
    if (auto* output = std::get_if<gate::Output>(&argument)) output->expected.back() ^= std::byte{0x10};
  const evidence::Record record = run(wrong, **rig().device);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::mismatch) << told(record);
  EXPECT_GT(record.cases.front().mismatches, 0);
}

TEST_P(GpuSabotageTest, ASkippedLaunchIsRefused) {
  const Probe genuine = probe();
  SkippingDevice device(**rig().device);
  const evidence::Record record = run(genuine, device);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::mismatch) << told(record);
  EXPECT_EQ(record.cases.front().mismatches, record.cases.front().compared);
}

TEST_P(GpuSabotageTest, AKernelThatWritesNothingIsRefused) {
  Probe idle = probe();
  const std::string text = idle_text(idle.source.text);
  idle.source.text = text;
  const evidence::Record record = run(idle, **rig().device);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::mismatch) << told(record);
  EXPECT_GT(record.cases.front().mismatches, 0);
}

TEST_P(GpuSabotageTest, ARightAnswerWithoutTheInstructionIsRefused) {
  Probe impostor = probe();
  impostor.source.text = kCheat;
  for (gate::Case& one : impostor.cases) one = cheated(one);
  impostor.negative = cheated(impostor.negative);
  const evidence::Record record = run(impostor, **rig().device);
  EXPECT_EQ(record.stage(evidence::Stage::verify).status, evidence::StageStatus::ok) << told(record);
  EXPECT_EQ(record.controls.negative, ControlStatus::ok) << told(record);
  EXPECT_EQ(record.controls.witness, ControlStatus::failed);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::unresolved) << told(record);
}

INSTANTIATE_TEST_SUITE_P(EveryGateThatTheTargetTakes, GpuSabotageTest, testing::ValuesIn(gates_that_are_taken(true)),
                         test::gate_name);

class GpuRefusalTest : public GpuSabotageTest {};

TEST_P(GpuRefusalTest, ATextThatTheAssemblerRefusesEndsThere) {
  const evidence::Record record = run(probe(), **rig().device);
  EXPECT_EQ(evidence::derive(record)->verdict, Verdict::refused) << told(record);
  EXPECT_EQ(record.stage(evidence::Stage::load).status, evidence::StageStatus::not_reached) << told(record);
}

INSTANTIATE_TEST_SUITE_P(EveryOtherGate, GpuRefusalTest, testing::ValuesIn(gates_that_are_taken(false)),
                         test::gate_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GpuRefusalTest);

}  // namespace
}  // namespace assay
