#include "kernels/prepare_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "kernels/catalogue.h"
#include "kernels/fragment_order.h"

namespace assay::kernels {
namespace {

using testing::HasSubstr;

const Kernel kRow = prepare_weights();
const DeviceLimits kLimits{
    .target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448, .l2_bytes = 50 << 20};

Launch launch_of(const Problem& problem) { return kRow.plan(problem, kLimits).launches.at(0); }

std::int32_t number(const Parameter& parameter) {
  std::int32_t value = 0;
  std::memcpy(&value, std::get<Value>(parameter).bytes.data(), sizeof value);
  return value;
}

TEST(PrepareWeightsTest, IsARowOfTheCatalogue) {
  ASSERT_NE(find_kernel("kernel.nvfp4_prepare_weights"), nullptr);
  EXPECT_EQ(kRow.id, "kernel.nvfp4_prepare_weights");
}

/// Each CTA makes the units of two row tiles and sixteen steps, so the grid has to have room for all units.
TEST(PrepareWeightsTest, TheGridCoversEveryUnit) {
  for (const Problem& problem : {Problem{.n = 1, .k = 16}, Problem{.n = 33, .k = 2048}, Problem{.n = 40, .k = 2064},
                                 Problem{.n = 24, .k = 4112, .gated = true}, Problem{.n = 4096, .k = 4096}}) {
    const Launch launch = launch_of(problem);
    const FragmentOrder order{.rows = problem.gated ? 2 * problem.n : problem.n, .k = problem.k};
    EXPECT_EQ(launch.shape.grid.y * 2, order.row_tiles()) << problem.n;
    EXPECT_GE(launch.shape.grid.x * 16, order.steps()) << problem.k;
    EXPECT_LT((launch.shape.grid.x - 1) * 16, order.steps()) << problem.k;
    EXPECT_EQ(launch.shape.block.x, 256u);
    EXPECT_EQ(launch.shape.dynamic_shared_bytes, 0u);
  }
}

TEST(PrepareWeightsTest, ParametersAreArraysRowsOfBothMatricesAndK) {
  const Launch launch = launch_of({.n = 40, .k = 80, .gated = true});
  ASSERT_EQ(launch.parameters.size(), 6u);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[0]).role, Role::codes);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[1]).role, Role::scales);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[2]).role, Role::weights);
  EXPECT_EQ(number(launch.parameters[3]), 80);
  EXPECT_EQ(number(launch.parameters[4]), 80);
  EXPECT_EQ(number(launch.parameters[5]), 1);
  EXPECT_EQ(number(launch_of({.n = 40, .k = 80}).parameters[5]), 0);
}

/// A row of 5 blocks begins at a multiple of 8 bytes only.
TEST(PrepareWeightsTest, ReadsPairsOfBlocksWhereARowHasAnEvenNumber) {
  EXPECT_THAT(launch_of({.n = 40, .k = 96}).source, HasSubstr("prepare_weights<true>"));
  EXPECT_THAT(launch_of({.n = 40, .k = 80}).source, HasSubstr("prepare_weights<false>"));
}

TEST(PrepareWeightsTest, RefusesInWords) {
  const auto why = [](const Problem& problem) { return kRow.refuses(problem, kLimits).value_or(""); };
  EXPECT_EQ(why({.n = 0, .k = 16}), "N and K must be 1 or more");
  EXPECT_EQ(why({.n = 16, .k = 72}), "K is no multiple of 16");
  EXPECT_EQ(why({.n = 2097121, .k = 16}), "more than 2097120 rows of weights");
  EXPECT_EQ(why({.n = 1048561, .k = 16, .gated = true}), "more than 2097120 rows of weights");
  EXPECT_EQ(why({.n = 16, .k = (std::int64_t{1} << 30) + 16}), "more than 1073741824 columns");
  EXPECT_EQ(why({.n = 2097120, .k = 16}), "");
}

}  // namespace
}  // namespace assay::kernels
