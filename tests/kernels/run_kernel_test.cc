// The stand-in rows through the six stages, on devices that compute right and on devices that do not.
#include "kernels/run_kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/evidence/consistency.h"
#include "harness/evidence/derive.h"
#include "harness/gate/attempt.h"
#include "kernels/kernel_gates.h"
#include "kernels/problems.h"
#include "tests/kernels/stand_in.h"

namespace assay::kernels {
namespace {

using evidence::ControlStatus;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;
using testing::HasSubstr;

class RunKernelTest : public testing::Test {
 protected:
  RunKernelTest() {
    auto compiler = std::make_unique<TinyCompiler>();
    tiny_ = compiler.get();
    compiler_ = std::unique_ptr<cuda::CudaCompiler>(std::move(compiler));
    facts_.major = 9;
    facts_.attributes = {{"multiprocessor_count", 16, 132, 0},
                         {"max_shared_memory_per_block_optin", 97, 232448, 0},
                         {"l2_cache_size", 38, 50 << 20, 0}};
  }

  Record run(std::size_t row = 0, std::size_t problem = 0) {
    const gate::Gate& gate = gates_.rows()[row];
    const std::vector<std::string> variants = KernelWorkload(kStandIns[row]).variants();
    Record record = gate::start_record(gate, "sm_90a", variants.at(problem));
    record.driver_library = evidence::DriverLibrary::system;
    for (const gate::Prerequisite& need : gate.prerequisites)
      record.prerequisites.push_back({std::string(need.gate), need.needs, Verdict::proven});
    const gate::ProbeTools probe{&device_, assembler_, test::no_disassembler(), copy_of, log_};
    KernelWorkload(kStandIns[row]).run({seed_, {90, 'a'}, facts_, probe, compiler_}, record);
    const auto contradiction = evidence::contradiction(record);
    EXPECT_FALSE(contradiction) << *contradiction;
    return record;
  }

  static evidence::Derived derived(const Record& record) { return *evidence::derive(record); }

  KernelGates gates_{kStandIns};
  StandInDevice device_;
  TinyCompiler* tiny_ = nullptr;
  Result<std::unique_ptr<cuda::CudaCompiler>> compiler_ = Error{"none"};
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ =
      std::unique_ptr<cuda::PtxAssembler>(std::make_unique<test::FakeAssembler>());
  cuda::DeviceFacts facts_;
  test::MemoryLog log_;
  gate::Seed seed_ = test::test_seed("kernel.stand_in");
};

TEST_F(RunKernelTest, ARightProductIsProven) {
  const Record record = run();
  EXPECT_EQ(derived(record).verdict, Verdict::proven) << derived(record).reason;
  EXPECT_EQ(record.id(), "kernel.stand_in[m3 n24 k96 bf16 bias]@sm_90a#1");
  std::vector<std::string> names;
  for (const evidence::CaseResult& one : record.cases) names.push_back(one.name);
  EXPECT_THAT(names, testing::ElementsAre("wide range", "wide range: every element written",
                                          "wide range: a second launch", "exact range"));
  EXPECT_EQ(record.cases[0].compared, 72);
  EXPECT_EQ(record.witness.opcodes, std::vector<std::int64_t>{0x123});
  EXPECT_THAT(record.artifacts,
              testing::UnorderedElementsAre(testing::Key("cuda"), testing::Key("cubin"), testing::Key("witness-with"),
                                            testing::Key("witness-without")));
  EXPECT_EQ(device_.live_allocations(), 0u);
}

TEST_F(RunKernelTest, EveryRowAndProblemThatIsTakenIsProven) {
  for (std::size_t row = 0; row < std::size(kStandIns); ++row)
    for (std::size_t problem = 0; problem < kStandIns[row].problems.size(); ++problem) {
      const Record record = run(row, problem);
      const bool refused = kStandIns[row].refuses(kStandIns[row].problems[problem], {}).has_value();
      EXPECT_EQ(derived(record).verdict, refused ? Verdict::not_applicable : Verdict::proven)
          << record.id() << ": " << derived(record).reason;
    }
}

TEST_F(RunKernelTest, ARefusedProblemIsNotRun) {
  const Record record = run(0, 2);
  EXPECT_EQ(derived(record).verdict, Verdict::not_applicable);
  EXPECT_EQ(derived(record).reason, "K is no multiple of 32");
  EXPECT_TRUE(device_.launched.empty());
  EXPECT_TRUE(tiny_->names.empty());
}

TEST_F(RunKernelTest, WhatAPlanDependsOnIsOnRecord) {
  const Record record = run();
  const auto limits = limits_of(record);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->multiprocessors, 132);
  EXPECT_EQ(limits->shared_block_bytes, 232448);
  EXPECT_EQ(limits->l2_bytes, 50 << 20);
  EXPECT_EQ(limits->target, (Target{90, 'a'}));
  Record silent = record;
  silent.measurements.clear();
  EXPECT_EQ(limits_of(silent).error().message, "'multiprocessor_count', on which the plan depends, is not on record");
}

struct Fault {
  std::string_view name;
  Sabotage sabotage;
  Verdict verdict;
  std::string_view reason;
  std::string_view control_note = "";
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class SabotagedKernelTest : public RunKernelTest, public testing::WithParamInterface<Fault> {};

TEST_P(SabotagedKernelTest, IsNoticed) {
  device_.sabotage = GetParam().sabotage;
  const Record record = run();
  EXPECT_EQ(derived(record).verdict, GetParam().verdict);
  EXPECT_THAT(derived(record).reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(record.control_note, GetParam().control_note);
}

INSTANTIATE_TEST_SUITE_P(
    All, SabotagedKernelTest,
    testing::Values(
        Fault{"AWrongElement", {.wrong_element = true}, Verdict::mismatch, "first in wide range: y[0][1]: expected"},
        Fault{"AStaleElement", {.stale = true}, Verdict::mismatch, "first in wide range: y[2][23]: expected"},
        Fault{"AnotherSecondLaunch",
              {.another_second = true},
              Verdict::mismatch,
              "first in wide range: a second launch: first launch[1]"},
        Fault{"AnInputOverwritten",
              {.overwrites_input = true},
              Verdict::mismatch,
              "a second launch",
              "input x was overwritten"},
        Fault{"MemoryBeside",
              {.overwrites_beside = true},
              Verdict::unresolved,
              "control canary is failed",
              "memory beside y was overwritten"},
        Fault{"AWorkspaceLeftDirty",
              {.leaves_workspace = true},
              Verdict::unresolved,
              "control canary is failed",
              "the workspace was not left zeroed"},
        Fault{"AnotherRow", {.leaks_rows = true}, Verdict::mismatch, "first in wide range: y[0]"},
        Fault{"TheTensorScaleIgnored", {.ignores_scale = true}, Verdict::mismatch, "first in wide range: y[0]"}),
    [](const auto& fault) { return std::string(fault.param.name); });

TEST_F(RunKernelTest, AStaleElementThatNoSampleHoldsIsStillSeen) {
  device_.sabotage.stale = true;
  const Record record = run();
  EXPECT_EQ(record.cases.at(1).mismatches, 1);
  EXPECT_THAT(record.cases.at(1).first_mismatch, HasSubstr("y[2][23] is 0x"));
}

TEST_F(RunKernelTest, AWrongByteOfPreparedWeightsIsNoticed) {
  device_.sabotage.wrong_element = true;
  EXPECT_EQ(derived(run(1)).verdict, Verdict::mismatch);
}

TEST_F(RunKernelTest, ACodeThatIsNotWrittenIsNoticed) {
  device_.sabotage.stale = true;
  EXPECT_EQ(derived(run(2)).verdict, Verdict::mismatch);
}

TEST_F(RunKernelTest, ADeviceThatReturnsWhatItReturnedBeforeFailsTheNegativeControl) {
  std::vector<std::byte> first;
  const auto honest = device_.kernels["prepare"];
  device_.kernels["prepare"] = [&](test::FakeDevice& device, const test::FakeDevice::Launch& launch) -> Status {
    if (first.empty()) {
      if (Status done = honest(device, launch); !done) return done;
      first.resize(fragment_order_bytes(20, 80));
      return device.read(launch.arg<cuda::Address>(2), first);
    }
    return device.write(launch.arg<cuda::Address>(2), first);
  };
  const Record record = run(1);
  EXPECT_EQ(record.controls.negative, ControlStatus::failed);
  EXPECT_THAT(record.control_note, HasSubstr("a changed operand gave other values than predicted"));
}

TEST_F(RunKernelTest, CodeWithoutTheInstructionIsNoWitness) {
  const Kernel none = [] {
    Kernel kernel = kStandIns[0];
    kernel.plan = [](const Problem& problem, const DeviceLimits& limits) {
      Plan plan = plan_product(problem, limits);
      plan.launches.front().source = "plain arithmetic";
      return plan;
    };
    return kernel;
  }();
  Record record = gate::start_record(gates_.rows()[0], "sm_90a", "m3 n24 k96 bf16 bias");
  const gate::ProbeTools probe{&device_, assembler_, test::no_disassembler(), copy_of, log_};
  run_kernel(none, {seed_, {90, 'a'}, facts_, probe, compiler_}, record);
  EXPECT_EQ(record.stage(Stage::verify).status, StageStatus::ok);
  EXPECT_EQ(record.controls.witness, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "the loaded machine code does not hold the instruction");
}

TEST_F(RunKernelTest, ACompilersRefusalIsTold) {
  tiny_->refused_text = "product for";
  const Record record = run();
  EXPECT_EQ(derived(record).verdict, Verdict::refused);
  EXPECT_EQ(record.stage(Stage::assemble).message, "refused by the test");
  EXPECT_EQ(record.controls.home_target, ControlStatus::failed);
}

TEST_F(RunKernelTest, ATextThatItsHomeTargetRefusesFailsTheControl) {
  tiny_->refused_target = {80, ' '};
  const Record record = run();
  EXPECT_EQ(record.controls.home_target, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "the text does not compile for its home target sm_80");
}

TEST_F(RunKernelTest, ACompilerThatIsNotThereHasRefusedNothing) {
  compiler_ = Error{"no NVRTC"};
  const Record record = run();
  EXPECT_EQ(record.stopped, evidence::Stopped::no_assembler);
  EXPECT_EQ(derived(record).reason, "no NVRTC");
}

TEST_F(RunKernelTest, AFaultEndsTheAttempt) {
  device_.synchronize_answer = test::refused("cuCtxSynchronize", 700, "CUDA_ERROR_ILLEGAL_ADDRESS");
  const Record record = run();
  EXPECT_EQ(record.controls.positive, ControlStatus::failed);  // the copy kernel is the first to meet it
  EXPECT_EQ(derived(record).verdict, Verdict::refused == derived(record).verdict ? Verdict::refused : Verdict::faulted);
}

TEST_F(RunKernelTest, APlanOfTwoTextsIsRefusedWithTheRule) {
  Plan plan = plan_product(kStandInProblems[0], {});
  plan.launches.push_back(plan.launches.front());
  EXPECT_TRUE(text_of(plan));
  plan.launches.back().source += " ";
  EXPECT_EQ(text_of(plan).error().message,
            "the plan has more than one text; put all kernels that it launches into one");
  EXPECT_EQ(text_of(Plan{}).error().message, "the plan has no launch");
}

}  // namespace
}  // namespace assay::kernels
