// Claims of kernels: correct, and fast only beside a right answer of the same launch.
#include <functional>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "tests/reports/judged_bundle.h"

namespace assay::reports {
namespace {

using evidence::Performance;
using evidence::Record;

const std::string kOn = "On an NVIDIA H100 80GB HBM3 (compute capability 9.0, driver 580.159.04), ";
const std::string kCompared =
    "1 case, 4096 values equal to the reference or within its bound, under a fresh challenge, 5 controls ok";
constexpr std::string_view kCorrect = "kernel.correct/kernel.nvfp4_gemm[m128]@sm_90a";
constexpr std::string_view kFast = "kernel.throughput/kernel.nvfp4_gemm[m128]@sm_90a";

Record kernel() {
  Record record = evidence::good_record("kernel.nvfp4_gemm");
  record.variant = "m128";
  record.artifacts["cuda"] = evidence::digest_of("text");
  record.performance = evidence::good_performance();
  return record;
}

Judgement judge_kernels(const std::vector<Record>& records) {
  return judge(records, environment_with_compiler(), {"text"});
}

std::string refusal(std::string_view id, const std::function<void(Record&)>& spoil) {
  Record record = kernel();
  spoil(record);
  return said(judge_kernels({record}), id);
}

TEST(GuardrailKernelsTest, WithoutKernelsNothingIsSaidOfThem) {
  const Judgement judgement = judge({evidence::good_record()});
  EXPECT_EQ(said(judgement, "kernel.correct"), "refused: no kernel is on record");
  EXPECT_EQ(said(judgement, "kernel.throughput"), "refused: no kernel is on record");
}

TEST(GuardrailKernelsTest, AProvenKernelComputesCorrectly) {
  const Judgement judgement = judge_kernels({kernel()});
  EXPECT_EQ(
      said(judgement, kCorrect),
      kOn + "kernel nvfp4_gemm (m128) computes correctly when built for sm_90a by NVRTC 13.0: " + kCompared + ".");
  EXPECT_EQ(supported(judgement, kCorrect)->level(), evidence::Level::e5);
}

TEST(GuardrailKernelsTest, SpeedStandsBesideTheRightResultTheFloorAndTheClocks) {
  EXPECT_EQ(
      said(judge_kernels({kernel()}), kFast),
      kOn +
          "kernel nvfp4_gemm (m128), built for sm_90a by NVRTC 13.0, took 41.00 us at the median of 20 launches "
          "(median absolute deviation 300 ns; grid 132x1x1, block 128x1x1, cluster 1, shared 49152 B), which is 51.2 "
          "GFLOP/s and 25.6 GB/s, 1.37 times its floor, plain read of the same bytes, which took 30.00 us in the "
          "same run, with the SM clock at 1980 MHz before and 1755 MHz after and nothing throttled; the same launch "
          "gave the right result (" +
          kCompared + ").");
}

struct Slow {
  std::function<void(Performance&)> spoil;
  std::string missing;
};

TEST(GuardrailKernelsTest, SpeedLacksTheFirstThingThatIsMissing) {
  const std::vector<Slow> cases = {
      {[](Performance& p) { p.samples = 4; }, "4 of the 5 timed launches that are needed"},
      {[](Performance& p) { p.spread_ns = 0; }, "the spread of the launches is not on record"},
      {[](Performance& p) { p.clock_khz_before.reset(); }, "clocks could not be read"},
      {[](Performance& p) { p.clock_khz_after.reset(); }, "clocks could not be read"},
      {[](Performance& p) { p.throttle = "SW power cap"; }, "throttled, or not readable: SW power cap"},
      {[](Performance& p) { p.throttle = "not readable"; }, "throttled, or not readable: not readable"},
      {[](Performance& p) {
         p.floor.clear();
         p.floor_ns = 0;
       },
       "nothing that it is held against was timed in the same run"},
  };
  for (const Slow& slow : cases) {
    SCOPED_TRACE(slow.missing);
    EXPECT_EQ(refusal(kFast, [&](Record& record) { slow.spoil(*record.performance); }), "refused: " + slow.missing);
    Record record = kernel();
    slow.spoil(*record.performance);
    EXPECT_NE(supported(judge_kernels({record}), kCorrect), nullptr) << "it is still correct";
  }
}

TEST(GuardrailKernelsTest, WhatWasNotTimedHasNoSpeed) {
  EXPECT_EQ(refusal(kFast, [](Record& record) { record.performance.reset(); }), "refused: no launch was timed");
}

TEST(GuardrailKernelsTest, AWrongKernelIsNeitherCorrectNorFast) {
  for (const std::string_view id : {kCorrect, kFast})
    EXPECT_EQ(refusal(id,
                      [](Record& record) {
                        record.performance.reset();
                        record.controls.negative = evidence::ControlStatus::failed;
                      }),
              "refused: gate kernel.nvfp4_gemm is unresolved: control negative is failed");
}

TEST(GuardrailKernelsTest, TheWrongShapeTakesNothingFromAnother) {
  Record other = kernel();
  other.variant = "m1";
  other.performance.reset();
  other.controls.canary = evidence::ControlStatus::failed;
  const Judgement judgement = judge_kernels({kernel(), other});
  EXPECT_NE(supported(judgement, kCorrect), nullptr);
  EXPECT_EQ(said(judgement, "kernel.correct/kernel.nvfp4_gemm[m1]@sm_90a"),
            "refused: gate kernel.nvfp4_gemm is unresolved: control canary is failed");
}

TEST(GuardrailKernelsTest, AKernelIsNoGateText) {
  const Judgement judgement = judge_kernels({kernel()});
  EXPECT_EQ(said(judgement, "accepts"), "refused: no text was assembled");
}

}  // namespace
}  // namespace assay::reports
