// Kernels as rows: what a verifier makes again of their records, and what it refuses.
#include "kernels/kernel_gates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/gate/attempt.h"
#include "tests/kernels/stand_in.h"

namespace assay::kernels {
namespace {

using evidence::Record;

class KernelGatesTest : public testing::Test {
 protected:
  static Record record() {
    const KernelGates gates(kStandIns);
    Record record = gate::start_record(gates.rows()[0], "sm_90a", "m3 n24 k96 bf16 bias");
    for (const auto& [key, value] :
         {std::pair{"multiprocessor_count", 132}, {"max_shared_memory_per_block_optin", 1}, {"l2_cache_size", 2}})
      record.measurements.push_back({key, "cuDeviceGetAttribute", "", value, ""});
    return record;
  }
  const KernelWorkload workload_{kStandIns[0]};
};

TEST_F(KernelGatesTest, ARowIsMadeOfTheKernels) {
  const KernelGates gates(kStandIns);
  ASSERT_EQ(gates.rows().size(), std::size(kStandIns));
  const gate::Gate& row = gates.rows()[0];
  EXPECT_EQ(row.id, "kernel.stand_in");
  EXPECT_EQ(row.instruction, kMmaSync.instruction);
  EXPECT_EQ(row.prerequisites.data(), kStandIns[0].needs.data());
  EXPECT_TRUE(std::holds_alternative<const gate::Workload*>(row.method));
}

TEST_F(KernelGatesTest, VariantsAreTheProblems) {
  EXPECT_THAT(workload_.variants(),
              testing::ElementsAre("m3 n24 k96 bf16 bias", "m2 n16 k64 f16 gated", "m2 n16 k48 bf16"));
}

TEST_F(KernelGatesTest, CasesAreMadeAgainFromTheSeed) {
  const auto cases = workload_.recompute(record(), test::test_seed());
  ASSERT_TRUE(cases);
  EXPECT_EQ(cases->size(), 4u);
  const auto others = workload_.recompute(record(), test::test_seed("another"));
  EXPECT_NE(cases->front().inputs_sha256, others->front().inputs_sha256);
  EXPECT_NE(cases->front().expected_sha256, others->front().expected_sha256);
}

TEST_F(KernelGatesTest, TheTextIsMadeAgainFromTheLimitsOnRecord) {
  EXPECT_EQ(workload_.text(record())->source, "product for 132 SMs: \"mma.sync");
  EXPECT_EQ(workload_.text(record())->entries, std::vector<std::string>{"product"});
  Record other = record();
  other.measurements.front().value = 48;
  EXPECT_EQ(workload_.text(other)->source, "product for 48 SMs: \"mma.sync");
  other.measurements.clear();
  EXPECT_EQ(workload_.text(other).error().message,
            "'multiprocessor_count', on which the plan depends, is not on record");
}

TEST_F(KernelGatesTest, AProblemThatTheRowHasNotOrRefusesIsAnError) {
  Record other = record();
  other.variant = "m9 n9 k9 bf16";
  EXPECT_EQ(workload_.recompute(other, {}).error().message, "kernel.stand_in has no problem 'm9 n9 k9 bf16'");
  other.variant = "m2 n16 k48 bf16";
  EXPECT_EQ(workload_.text(other).error().message, "the row refuses this problem: K is no multiple of 32");
}

}  // namespace
}  // namespace assay::kernels
