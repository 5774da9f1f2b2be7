#include "kernels/gemm_portable.h"

#include <gtest/gtest.h>

#include "harness/cuda/assembler.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

const DeviceLimits kH100{.target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448};
const DeviceLimits kGb10{.target = {121, 'a'}, .multiprocessors = 48, .shared_block_bytes = 101376};
const DeviceLimits kA100{.target = {80, ' '}, .multiprocessors = 108, .shared_block_bytes = 166912};

std::int64_t rounded_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

TEST(GemmPortableTest, CoversEveryTileWithinTheDevice) {
  for (const DeviceLimits& limits : {kH100, kGb10, kA100})
    for (const std::int64_t m : {1, 2, 33, 100, 512, 8192})
      for (const std::int64_t n : {1, 8, 17, 896, 28672})
        for (const std::int64_t k : {16, 80, 4096, 28672})
          for (const bool gated : {false, true}) {
            const Problem p{.m = m, .n = n, .k = k, .gated = gated};
            const GemmChoice c = choose_gemm(p, limits);
            const std::int64_t rows = gated ? 32 * rounded_up(n, 16) : 32 * rounded_up(n, 32);
            const std::string where = name_of(Operation::w4a16_product, p) + " on " + to_string(limits.target);
            EXPECT_EQ(c.tiles, rounded_up(rows, c.rows()) * rounded_up(m, c.tokens())) << where;
            EXPECT_LE(c.shared_bytes, limits.shared_block_bytes) << where;
            EXPECT_GE(c.stages, 2) << where;
            EXPECT_LE(c.splits, rounded_up(k, 64)) << where << ": a split without work";
          }
}

TEST(GemmPortableTest, SplitsWhereTilesAreFew) {
  const Problem few{.m = 64, .n = 1024, .k = 8192}, many{.m = 4096, .n = 4096, .k = 4096};
  const GemmChoice c = choose_gemm(few, kH100);
  EXPECT_GT(c.splits, 1);
  const Plan plan = gemm_portable().plan(few, kH100);
  EXPECT_EQ(plan.workspace_bytes, c.tiles * 4);
  EXPECT_EQ(plan.scratch_bytes, c.tiles * c.splits * c.rows() * c.tokens() * 4);
  EXPECT_EQ(choose_gemm(many, kH100).splits, 1);
  EXPECT_EQ(gemm_portable().plan(many, kH100).workspace_bytes, 0);
}

TEST(GemmPortableTest, RefusesWhatItDoesNotTake) {
  EXPECT_EQ(gemm_portable().id, "kernel.nvfp4_gemm_portable");
  const auto why = [](const Problem& p) { return gemm_portable().refuses(p, kGb10).value_or(""); };
  EXPECT_EQ(why({.m = 0, .n = 64, .k = 64}), "M is 0; it must be 1 to 8192");
  EXPECT_EQ(why({.m = 1, .n = 0, .k = 64}), "N is 0; it must be 1 to 2^24");
  EXPECT_EQ(why({.m = 1, .n = 64, .k = 72}), "K is 72; it must be a multiple of 16, at most 2^24");
  EXPECT_EQ(why({.m = 1, .n = 64, .k = 64, .bias = true, .gated = true}), "a gated pair takes no bias");
  EXPECT_EQ(why({.m = 33, .n = 17, .k = 16}), "");
  EXPECT_EQ(*gemm_portable().refuses({.m = 1, .n = 64, .k = 64}, {.target = {75, ' '}}),
            "needs sm_80 or later: mma.sync for BF16, cp.async");
}

TEST(GemmPortableTest, ItsTextCompilesForEveryTargetOfTheLane) {
  const auto compiler = cuda::open_cuda_compiler();
  if (!compiler) GTEST_SKIP() << compiler.error().message;
  for (const Target target : {Target{80, ' '}, Target{90, 'a'}, Target{120, 'a'}, Target{121, 'a'}}) {
    DeviceLimits limits = kGb10;
    limits.target = target;
    const Plan plan = gemm_portable().plan({.m = 64, .n = 1024, .k = 8192}, limits);
    const auto built = (*compiler)->compile(plan.launches.at(0).source, "kernel.cu", target);
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_TRUE(built->accepted) << to_string(target) << ":\n" << built->log;
  }
}

}  // namespace
}  // namespace assay::kernels
