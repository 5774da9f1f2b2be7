#include "kernels/decode.h"

#include <gtest/gtest.h>

#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr DeviceLimits kH100{
    .target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448, .l2_bytes = 50 << 20};
constexpr DeviceLimits kGb10{
    .target = {121, 'a'}, .multiprocessors = 48, .shared_block_bytes = 101376, .l2_bytes = 24 << 20};

/// Every row tile has a warp, and no team more than the barriers of a CTA and its registers allow.
void expect_whole(const Problem& problem, const DeviceLimits& limits, int most_ranks) {
  const DecodeShape shape = decode_shape(problem, limits, most_ranks);
  const std::string where = name_of(Operation::w4a16_product, problem) + " on " + to_string(limits.target);
  EXPECT_GE(shape.row_tiles * 16, problem.gated ? 2 * problem.n : problem.n) << where;
  EXPECT_EQ(shape.row_tiles % 2, 0) << where;
  EXPECT_EQ(shape.row_warps * shape.tiles % (problem.gated ? 2 : 1), 0) << where << ": gate and up in one CTA";
  EXPECT_GE(shape.token_tiles * 8, problem.m) << where;
  EXPECT_LE(shape.k_warps, 15) << where << ": barriers";
  EXPECT_LE(shape.row_warps * shape.k_warps, shape.ranks > 1 ? 12 : shape.token_tiles == 4 ? 16 : 28) << where;
  EXPECT_LE(shape.ranks, most_ranks) << where;
  EXPECT_LE(shape.shared_bytes, limits.shared_block_bytes) << where;
  EXPECT_GE(shape.row_warps, 1) << where;
}

TEST(DecodeTest, EveryShapeIsWhole) {
  for (const std::int64_t m : {1, 2, 7, 8, 9, 16, 17, 32})
    for (const std::int64_t n : {1, 8, 17, 33, 896, 3584, 4096, 18944, 28672, 151936})
      for (const std::int64_t k : {16, 48, 112, 128, 144, 3584, 4096, 18944})
        for (const bool gated : {false, true}) {
          expect_whole({.m = m, .n = n, .k = k, .gated = gated}, kH100, 4);
          expect_whole({.m = m, .n = n, .k = k, .gated = gated}, kGb10, 1);
        }
}

TEST(DecodeTest, SharesKWhereACtaWouldHaveTooFewRows) {
  EXPECT_EQ(decode_shape({.m = 16, .n = 4096, .k = 4096}, kH100, 4).ranks, 2);
  EXPECT_EQ(decode_shape({.m = 16, .n = 28672, .k = 8192}, kH100, 4).ranks, 1);
  EXPECT_EQ(decode_shape({.m = 8, .n = 4096, .k = 4096}, kH100, 4).ranks, 1);
  EXPECT_EQ(decode_shape({.m = 16, .n = 4096, .k = 4096}, kH100, 1).ranks, 1);
}

TEST(DecodeTest, TheHopperRowIsForSm90aAlone) {
  const Problem problem{.m = 1, .n = 64, .k = 64};
  EXPECT_EQ(decode_wgmma().id, "kernel.nvfp4_decode_wgmma");
  EXPECT_FALSE(decode_wgmma().refuses(problem, kH100));
  EXPECT_EQ(decode_wgmma().refuses(problem, kGb10), "needs sm_90a; the device is sm_121a");
  EXPECT_EQ(decode_portable().id, "kernel.nvfp4_decode_portable");
  EXPECT_FALSE(decode_portable().refuses(problem, kGb10));
  DeviceLimits turing = kGb10;
  turing.target = {75, ' '};
  EXPECT_EQ(decode_portable().refuses(problem, turing), "needs sm_80 or later: mma.sync for BF16, cp.async");
}

TEST(DecodeTest, RefusesWhatItDoesNotTake) {
  const auto why = [](Problem problem) { return *decode_wgmma().refuses(problem, kH100); };
  EXPECT_EQ(why({.m = 33, .n = 64, .k = 64}), "M is 33; it must be 1 to 32");
  EXPECT_EQ(why({.m = 1, .n = 0, .k = 64}), "N is 0; it must be 1 to 2^24");
  EXPECT_EQ(why({.m = 1, .n = 64, .k = 24}), "K is 24; it must be a multiple of 16, at most 2^24");
  EXPECT_EQ(why({.m = 1, .n = 64, .k = 64, .bias = true, .gated = true}), "a gated pair takes no bias");
  DeviceLimits small = kH100;
  small.shared_block_bytes = 4096;
  EXPECT_EQ(*decode_wgmma().refuses({.m = 1, .n = 64, .k = 64}, small),
            "needs 5632 bytes of shared memory a block; the device has 4096");
}

/// The launch of one problem, as it is on an H100.
TEST(DecodeTest, ThePlanLaunchesTheShape) {
  const Plan plan = decode_wgmma().plan({.m = 8, .n = 14336, .k = 4096}, kH100);
  ASSERT_EQ(plan.launches.size(), 1u);
  EXPECT_EQ(plan.choice, "128 CTAs, 7 x 4 warps, 1 row tile(s) a warp");
  EXPECT_EQ(plan.launches[0].shape.grid.x, 128u);
  EXPECT_EQ(plan.launches[0].shape.block.x, 224u);
  EXPECT_EQ(plan.launches[0].shape.block.y, 4u);
  EXPECT_EQ(plan.launches[0].parameters.size(), 12u);
  EXPECT_NE(plan.launches[0].source.find("nvfp4::decode<nvfp4::Bf16, 1, 1, 3, 1, false, false>"), std::string::npos);
}

}  // namespace
}  // namespace assay::kernels
