#include "kernels/bench/product_oracle.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

class ProductOracleTest : public testing::Test {
 protected:
  /// What rounding the exact values gives.
  std::vector<std::uint16_t> right() const {
    std::vector<std::uint16_t> codes;
    for (std::int64_t i = 0; i < problem_.m * problem_.n; ++i)
      codes.push_back(nvfp4::bf16_nearest(
          static_cast<float>(expected_output(inputs_, problem_, i / problem_.n, i % problem_.n).value)));
    return codes;
  }
  Result<Opinion> judge(const std::vector<std::uint16_t>& codes) {
    const auto oracle = ProductOracle::make(device_, image_, inputs_, problem_, bounds_of(problem_));
    if (!oracle) return oracle.error();
    return (*oracle)->judge(std::as_bytes(std::span(codes)));
  }

  BenchDevice device_;
  const Problem problem_ = BenchDevice::problem();
  const Inputs inputs_ = draw_inputs(problem_);
  const std::vector<std::byte> image_{std::byte{1}};
};

TEST_F(ProductOracleTest, RoundedValuesAreRight) {
  const auto opinion = judge(right());
  ASSERT_TRUE(opinion) << opinion.error().message;
  EXPECT_EQ(opinion->complaint, "");
  EXPECT_GT(opinion->relative_error, 0);
  EXPECT_LE(opinion->worst, 1);
  EXPECT_EQ(device_.live_allocations(), 0U);
}

TEST_F(ProductOracleTest, EveryOutputIsLookedAt) {
  for (std::size_t i = 0; i < 8; ++i) {
    std::vector<std::uint16_t> codes = right();
    codes[i] = static_cast<std::uint16_t>(codes[i] + 4);
    EXPECT_NE(judge(codes)->complaint.find("y[" + std::to_string(i) + "]"), std::string::npos);
    codes[i] = 0xffff;
    EXPECT_NE(judge(codes)->complaint, "");
  }
}

TEST_F(ProductOracleTest, OutputsThatAreMissingAreNotRight) {
  std::vector<std::uint16_t> codes = right();
  codes.pop_back();
  EXPECT_EQ(judge(codes)->complaint, "7 of 8 outputs were compared");
}

}  // namespace
}  // namespace assay::kernels::bench
