// The portable lane as a whole: both rows on every target, from an A100 to a GB10.
#include <gtest/gtest.h>

#include "harness/cuda/assembler.h"
#include "kernels/decode.h"
#include "kernels/gemm_portable.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

const DeviceLimits kDevices[] = {
    {.target = {80, ' '}, .multiprocessors = 108, .shared_block_bytes = 166912},
    {.target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448},
    {.target = {120, ' '}, .multiprocessors = 170, .shared_block_bytes = 101376},
    {.target = {121, 'a'}, .multiprocessors = 48, .shared_block_bytes = 101376},
};

std::string where(const Kernel& kernel, const Problem& problem, const DeviceLimits& limits) {
  return std::string(kernel.id) + " " + name_of(Operation::w4a16_product, problem) + " on " + to_string(limits.target);
}

std::int64_t row_tiles_of(const Problem& p) { return 2 * ((p.n + (p.gated ? 15 : 31)) / (p.gated ? 16 : 32)); }

TEST(PortableTest, EveryBlockOfDecodeHasRowsAndEveryRowABlock) {
  for (const DeviceLimits& limits : kDevices)
    for (const std::int64_t m : {1, 9, 32})
      for (const std::int64_t n : {1, 33, 896, 28672, 151936})
        for (const std::int64_t k : {16, 4096, 28672})
          for (const bool gated : {false, true}) {
            const Problem p{.m = m, .n = n, .k = k, .gated = gated};
            ASSERT_FALSE(decode_portable().refuses(p, limits)) << where(decode_portable(), p, limits);
            const cuda::LaunchShape shape = decode_portable().plan(p, limits).launches.at(0).shape;
            const std::int64_t tiles_of_block = shape.block.x / 32, tiles = row_tiles_of(p);
            EXPECT_GE(shape.grid.x * tiles_of_block, tiles) << where(decode_portable(), p, limits);
            EXPECT_LT((shape.grid.x - 1) * tiles_of_block, tiles) << where(decode_portable(), p, limits);
            EXPECT_EQ(shape.cluster.x, 1u) << where(decode_portable(), p, limits);
            EXPECT_LE(shape.block.x * shape.block.y, 896u) << where(decode_portable(), p, limits);
            EXPECT_LE(shape.dynamic_shared_bytes, limits.shared_block_bytes) << where(decode_portable(), p, limits);
          }
}

/// A block's limit counts static memory too, which no plan knows.
TEST(PortableTest, AllSharedMemoryIsInThePlan) {
  const Problem p{.m = 32, .n = 1024, .k = 8192};
  for (const Kernel* kernel : {&decode_portable(), &gemm_portable()}) {
    const std::string source = kernel->plan(p, kDevices[0]).launches.at(0).source;
    for (auto at = source.find("__shared__"); at != std::string::npos; at = source.find("__shared__", at + 1))
      EXPECT_EQ(source.substr(at - 7, 7), "extern ") << kernel->id << ": " << source.substr(at, 60);
  }
}

TEST(PortableTest, BothTextsCompileForEveryTarget) {
  const auto compiler = cuda::open_cuda_compiler();
  if (!compiler) GTEST_SKIP() << compiler.error().message;
  const std::pair<const Kernel*, Problem> cases[] = {
      {&decode_portable(), {.m = 1, .n = 4096, .k = 4096, .gated = true}},
      {&decode_portable(), {.m = 32, .n = 1000, .k = 4096, .activation = Activation::f16, .bias = true}},
      {&gemm_portable(), {.m = 64, .n = 1024, .k = 8192, .gated = true}},
      {&gemm_portable(), {.m = 4096, .n = 4096, .k = 4096, .activation = Activation::f16, .bias = true}}};
  for (const DeviceLimits& limits : kDevices)
    for (const auto& [kernel, problem] : cases) {
      const Plan plan = kernel->plan(problem, limits);
      const auto built = (*compiler)->compile(plan.launches.at(0).source, "kernel.cu", limits.target);
      ASSERT_TRUE(built) << built.error().message;
      EXPECT_TRUE(built->accepted) << where(*kernel, problem, limits) << ":\n" << built->log;
    }
}

}  // namespace
}  // namespace assay::kernels
