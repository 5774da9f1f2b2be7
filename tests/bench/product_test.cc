#include "kernels/bench/product.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

TEST(ProductTest, APeerThatCannotBeOpenedIsSaidBesideTheFigure) {
  // On a machine without a GPU cuBLAS is either not there or refuses to start; with one, the test's device is not its.
  BenchDevice device;
  device.largest_allocation = cuda::kBlasWorkspaceBytes - 1;
  const Problem problem = BenchDevice::problem();
  const Inputs inputs = draw_inputs(problem);
  const auto work = product_workload(BenchDevice::product_plan(), nullptr, problem, inputs, BenchDevice::compile);
  ASSERT_TRUE(work);
  const auto measured = measure_product(*work, inputs, problem, bounds_of(problem),
                                        {.device = device, .rotate_bytes = 1300, .compile = BenchDevice::compile},
                                        {.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_EQ(measured->why_not, "");
  ASSERT_TRUE(measured->peer);
  EXPECT_EQ(measured->peer->name, "cuBLAS");
  EXPECT_EQ(measured->peer->why_not, "cuMemAlloc refused");
}

TEST(ProductTest, ThePeersWeightsAreExpandedExactly) {
  BenchDevice device;
  const Problem problem = BenchDevice::problem();
  const Inputs inputs = draw_inputs(problem);
  const auto work = peer_workload(inputs, problem, BenchDevice::compile);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->arrays[2].bytes, 2U * 4 * 32);
  const auto placed = Placement::place(device, *work, 600);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->copies(), 3);
  const auto first = std::to_integer<std::uint8_t>(inputs.codes[0]),
             scale = std::to_integer<std::uint8_t>(inputs.scales[0]);
  for (std::int64_t copy = 0; copy < 3; ++copy)
    EXPECT_EQ(nvfp4::bf16_value(device.fetch<std::uint16_t>(placed->at(2, copy))),
              nvfp4::e2m1_value(first) * nvfp4::e4m3_value(scale));
}

}  // namespace
}  // namespace assay::kernels::bench
