#include "kernels/gemm_wgmma.h"

#include <gtest/gtest.h>

#include "kernels/problems.h"

namespace assay::kernels {
namespace {

constexpr DeviceLimits kH100{
    .target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448, .l2_bytes = 50 << 20};

TEST(GemmWgmmaTest, EveryShapeCoversTheProduct) {
  for (const std::int64_t m : {1, 17, 33, 64, 100, 128, 256, 512, 4096, 8192})
    for (const std::int64_t n : {8, 72, 896, 3584, 4096, 14336, 28672})
      for (const std::int64_t k : {16, 144, 896, 4096, 14336})
        for (const bool gated : {false, true}) {
          const Problem problem{.m = m, .n = n, .k = k, .gated = gated};
          const GemmShape shape = gemm_shape(problem, kH100);
          const std::string where = name_of(Operation::w4a16_product, problem);
          const std::int64_t tiles = std::int64_t{shape.row_tiles} * shape.token_tiles;
          EXPECT_GE(std::int64_t{shape.row_tiles} * shape.tile.rows(), gated ? 2 * n : n) << where;
          EXPECT_GE(std::int64_t{shape.token_tiles} * shape.tile.tokens, m) << where;
          EXPECT_LE(shape.tile.shared_bytes(gated), kH100.shared_block_bytes) << where;
          EXPECT_LE(shape.ctas, 132) << where << ": all of them must be resident";
          EXPECT_LE(shape.splits, shape.steps) << where;
          EXPECT_LE(shape.splits * 16, shape.tile.tokens) << where << ": each finishes sixteen tokens at least";
          EXPECT_LE(tiles % shape.ctas * shape.splits, shape.ctas) << where;
          if (tiles < 132) {
            EXPECT_EQ(shape.ctas, tiles * shape.splits) << where;
          }
        }
}

/// The last wave of 64 tiles is shared by two CTAs each; 32 row tiles by 16 token tiles are four waves.
TEST(GemmWgmmaTest, SharesTheTilesThatAreTooFew) {
  const GemmShape few = gemm_shape({.m = 64, .n = 4096, .k = 4096}, kH100);
  EXPECT_EQ(few.splits, 4);
  EXPECT_EQ(few.tile.tokens, 64);
  const GemmShape many = gemm_shape({.m = 4096, .n = 4096, .k = 4096}, kH100);
  EXPECT_EQ(many.splits, 1);
  EXPECT_EQ(many.tile.rows(), 256);
  EXPECT_EQ(many.ctas, 132);
}

TEST(GemmWgmmaTest, RefusesWhatItDoesNotTake) {
  EXPECT_EQ(gemm_wgmma().id, "kernel.nvfp4_gemm_wgmma");
  const auto why = [](Problem problem) { return *gemm_wgmma().refuses(problem, kH100); };
  EXPECT_EQ(why({.m = 0, .n = 64, .k = 64}), "M is 0; it must be 1 to 8192");
  EXPECT_EQ(why({.m = 64, .n = 68, .k = 64}), "N is 68; TMA stores need a multiple of 8");
  EXPECT_EQ(why({.m = 64, .n = 64, .k = 72}), "K is 72; it must be a multiple of 16, at most 2^24");
  EXPECT_EQ(why({.m = 64, .n = 64, .k = 64, .bias = true, .gated = true}), "a gated pair takes no bias");
  DeviceLimits blackwell = kH100;
  blackwell.target = {100, 'a'};
  EXPECT_EQ(*gemm_wgmma().refuses({.m = 64, .n = 64, .k = 64}, blackwell), "needs sm_90a; the device is sm_100a");
}

/// What is shared has sums of its own and a meeting each.
TEST(GemmWgmmaTest, AsksForMemoryWhereTilesAreShared) {
  const Plan shared = gemm_wgmma().plan({.m = 64, .n = 4096, .k = 4096}, kH100);
  EXPECT_EQ(shared.workspace_bytes, 128 * 8);
  EXPECT_EQ(shared.scratch_bytes, 128 * 128 * 64 * 4);
  const Plan whole = gemm_wgmma().plan({.m = 4096, .n = 4096, .k = 4096}, kH100);
  EXPECT_EQ(whole.workspace_bytes, 0);
  EXPECT_EQ(whole.scratch_bytes, 0);
}

}  // namespace
}  // namespace assay::kernels
