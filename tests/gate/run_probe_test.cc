// The six stages against devices that refuse, fault, overwrite and lie. What each gate's own controls catch is tested
// in tests/probes/sabotage_test.cc.
#include "harness/gate/run_probe.h"

#include <gtest/gtest.h>

#include "harness/evidence/consistency.h"
#include "harness/gate/attempt.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/oracle_device.h"
#include "tests/support/tiny_cubin.h"

namespace assay::gate {
namespace {

using evidence::ControlStatus;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

/// An assembler whose images are two machine words, or one where the text lacks the instruction.
class TinyAssembler : public cuda::PtxAssembler {
 public:
  cuda::ToolIdentity identity() const override { return {"tiny", "1", "", "other"}; }
  Result<cuda::Assembly> assemble(std::string_view ptx, Target target) override {
    if (ptx.find(refused_) != std::string_view::npos || target == refused_target_)
      return cuda::Assembly{false, {}, std::string(kRefusal)};
    // The machine word of the wanted instruction differs from that of its stand-in.
    const bool wanted = ptx.find("\nwanted;") != std::string_view::npos;
    return cuda::Assembly{true, test::tiny_cubin(wanted ? 0x123u : 0x456u), ""};
  }
  static constexpr std::string_view kRefusal =
      "ptx input, line 3; error   : Instruction 'wanted' not supported\nfatal   : aborted";
  std::string refused_ = "never in a text";
  Target refused_target_{};
};

Probe probe() {
  const std::vector<std::uint32_t> in = {1, 2, 3}, out = {2, 4, 6}, changed_in = {1, 5, 3}, changed_out = {2, 10, 6};
  Probe probe;
  probe.source = {
      .stem = "t",
      .text = ".version @VERSION@ .target @TARGET@\n// @instruction\nwanted;\n// @stand-in\n// other;\n// @end\n",
      .floor = {8, 0}};
  probe.witness_text = probe.source.text;
  probe.cases = {{"one", "twice", {}, {Input{"in", bytes_of(in)}, Output{"out", bytes_of(out), {}}}, {}}};
  probe.negative = {
      "changed", "twice", {}, {Input{"in", bytes_of(changed_in)}, Output{"out", bytes_of(changed_out), {}}}, {}};
  return probe;
}

Probe copy_of(const Seed&) {
  Probe copy = probe();
  copy.cases.front().entry = "copy";
  return copy;
}

const Gate kGate = {.id = "twice",
                    .question = "?",
                    .instruction = "wanted",
                    .home = {100, 'a'},
                    .proves = "p",
                    .does_not_prove = "n",
                    .method = copy_of};

class RunProbeTest : public testing::Test {
 protected:
  RunProbeTest() {
    auto tiny = std::make_unique<TinyAssembler>();
    tiny_ = tiny.get();
    assembler_ = std::unique_ptr<cuda::PtxAssembler>(std::move(tiny));
  }

  Record run(cuda::Device* device) {
    Record record = start_record(kGate, "sm_90a");
    const ProbeTools tools{device, assembler_, test::no_disassembler(), copy_of, log_};
    run_probe(kGate, probe(), test::test_seed(), {90, 'a'}, tools, record);
    record.driver_library = device == nullptr ? evidence::DriverLibrary::none : evidence::DriverLibrary::system;
    const auto contradiction = evidence::contradiction(record);
    EXPECT_FALSE(contradiction) << *contradiction;
    return record;
  }

  static std::vector<Case> known() { return test::OracleDevice::all_cases(probe(), copy_of(test::test_seed())); }

  TinyAssembler* tiny_ = nullptr;
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = Error{"none"};
  test::MemoryLog log_;
};

TEST_F(RunProbeTest, StagesComeInOrderAndEachIsAnnounced) {
  test::OracleDevice device(known());
  const Record record = run(&device);
  // Load first for the copy kernel, on the image's way to the loader.
  EXPECT_EQ(log_.stages, (std::vector<Stage>{Stage::assemble, Stage::load, Stage::load, Stage::resolve, Stage::launch,
                                             Stage::complete, Stage::verify, Stage::launch, Stage::complete}));
  for (const evidence::StageResult& stage : record.stages) EXPECT_EQ(stage.status, StageStatus::ok);
  ASSERT_EQ(record.cases.size(), 1u);
  EXPECT_EQ(record.cases.front().compared, 3);
  EXPECT_EQ(record.cases.front().observed_sha256, digests(probe().cases.front()).observed_if_right);
  EXPECT_EQ(record.ptx_version, "8.0");
}

TEST_F(RunProbeTest, WithoutADeviceOnlyTheTextIsAssembled) {
  const Record record = run(nullptr);
  EXPECT_EQ(record.stage(Stage::assemble).status, StageStatus::ok);
  EXPECT_EQ(record.stage(Stage::load).status, StageStatus::not_reached);
  EXPECT_EQ(record.image, evidence::ImageKind::none);
}

TEST_F(RunProbeTest, AnAssemblersRefusalKeepsItsWordsAndItsWholeLog) {
  tiny_->refused_ = "wanted";
  test::OracleDevice device(known());
  const Record record = run(&device);
  const evidence::StageResult& assemble = record.stage(Stage::assemble);
  EXPECT_EQ(assemble.status, StageStatus::refused);
  EXPECT_EQ(assemble.message, "Instruction 'wanted' not supported");
  EXPECT_EQ(log_.kept.at(assemble.log_sha256).size(), TinyAssembler::kRefusal.size());
  EXPECT_EQ(record.stage(Stage::load).status, StageStatus::not_reached);
}

TEST_F(RunProbeTest, AnAssemblerThatIsNotThereHasRefusedNothing) {
  assembler_ = Error{"no nvJitLink"};
  const Record record = run(nullptr);
  EXPECT_EQ(record.stage(Stage::assemble).status, StageStatus::not_reached);
  EXPECT_EQ(record.stopped, evidence::Stopped::no_assembler);
  EXPECT_EQ(record.stopped_why, "no nvJitLink");
}

TEST_F(RunProbeTest, ATextThatItsHomeTargetRefusesFailsTheControl) {
  tiny_->refused_target_ = {100, 'a'};
  test::OracleDevice device(known());
  const Record record = run(&device);
  EXPECT_EQ(record.controls.home_target, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "the text does not assemble for its home target sm_100a");
}

class RefusingLoad : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Result<cuda::Module> load(std::span<const std::byte> image) override {
    if (++loads_ == 2)
      return Error{"loading: 209", "cuModuleLoadDataEx", 209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "jit log"};
    return OracleDevice::load(image);
  }
  int loads_ = 0;
};

TEST_F(RunProbeTest, ADriversRefusalKeepsCodeNameCallAndLog) {
  RefusingLoad device(known());
  const evidence::StageResult load = run(&device).stage(Stage::load);
  EXPECT_EQ(load.status, StageStatus::refused);
  EXPECT_EQ(load.code, 209);
  EXPECT_EQ(load.name, "CUDA_ERROR_NO_BINARY_FOR_GPU");
  EXPECT_EQ(load.call, "cuModuleLoadDataEx");
  EXPECT_EQ(log_.kept.at(load.log_sha256).size(), 7u);
}

class FaultingSecondLaunch : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Status synchronize() override {
    return ++syncs_ == 2 ? Status(Error{"fault", "cuCtxSynchronize", 715, "X", ""}) : ok();
  }
  int syncs_ = 0;
};

TEST_F(RunProbeTest, AFaultOfTheKernelFailsComplete) {
  FaultingSecondLaunch device(known());
  const Record record = run(&device);
  EXPECT_EQ(record.stage(Stage::launch).status, StageStatus::ok);
  EXPECT_EQ(record.stage(Stage::complete).status, StageStatus::failed);
  EXPECT_EQ(record.stage(Stage::verify).status, StageStatus::not_reached);
  EXPECT_TRUE(record.cases.empty());
}

class LaunchCounter : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    if (++launches_ == refuse_at_) return Error{"refused", "cuLaunchKernelEx", 1, "CUDA_ERROR_INVALID_VALUE", ""};
    return OracleDevice::launch(function, shape, parameters);
  }
  int launches_ = 0, refuse_at_ = 0;
};

TEST_F(RunProbeTest, ARefusalOfTheNegativeLaunchEndsTheAttemptThere) {
  LaunchCounter device(known());
  device.refuse_at_ = 3;  // the copy control, the case, the changed operand
  const Record record = run(&device);
  EXPECT_EQ(record.cases.size(), 1u);
  EXPECT_EQ(record.stage(Stage::launch).status, StageStatus::refused);
  EXPECT_EQ(record.stage(Stage::verify).status, StageStatus::not_reached);
  EXPECT_EQ(record.controls.negative, ControlStatus::failed);
}

TEST_F(RunProbeTest, AnUnmetPrerequisiteLaunchesNothingAtAll) {
  LaunchCounter device(known());
  Record record = start_record(kGate, "sm_90a");
  record.stopped = evidence::Stopped::prerequisite;
  run_probe(kGate, probe(), test::test_seed(), {90, 'a'}, {&device, assembler_, test::no_disassembler(), copy_of, log_},
            record);
  EXPECT_EQ(device.launches_, 0);
  EXPECT_EQ(record.stage(Stage::resolve).status, StageStatus::ok);
}

class DeadDevice : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Result<cuda::Address> allocate(std::size_t) override { return Error{"out of memory", "cuMemAlloc", 2, "", ""}; }
};

TEST_F(RunProbeTest, ACopyKernelThatFailsVoidsTheProbe) {
  DeadDevice device(known());
  const Record record = run(&device);
  EXPECT_EQ(record.controls.positive, ControlStatus::failed);
  EXPECT_EQ(record.stage(Stage::load).status, StageStatus::failed);
  EXPECT_EQ(record.control_note, "copy kernel before the probe: out of memory");
}

class InputEater : public test::OracleDevice {
 public:
  using OracleDevice::OracleDevice;
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    Status launched = OracleDevice::launch(function, shape, parameters);
    cuda::Address input = 0;
    std::memcpy(&input, parameters[0].data(), sizeof input);
    if (++launches_ == 2) *at(input) = std::byte{0xee};
    return launched;
  }
  int launches_ = 0;
};

TEST_F(RunProbeTest, AnOverwrittenInputFailsTheCanary) {
  InputEater device(known());
  const Record record = run(&device);
  EXPECT_EQ(record.controls.canary, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "case 'one': input 'in' was overwritten");
}

}  // namespace
}  // namespace assay::gate
