#include "kernels/bench/placement.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

std::vector<std::byte> bytes(std::size_t count, unsigned value) { return {count, static_cast<std::byte>(value)}; }

class PlacementTest : public testing::Test {
 protected:
  PlacementTest() {
    work_.arrays = {{.name = "a", .bytes = 300, .use = Use::streamed, .content = bytes(300, 1)},
                    {.name = "b", .bytes = 10, .use = Use::streamed, .content = bytes(10, 2)},
                    {.name = "x", .bytes = 20, .use = Use::operand, .content = bytes(20, 3)},
                    {.name = "y", .bytes = 24, .use = Use::operand, .content = {}, .filler = std::byte{0xff}},
                    {.name = "w", .bytes = 8, .use = Use::kept}};
    work_.images = {bytes(1, 0)};
    device_.kernels["note"] = [this](test::FakeDevice&, const test::FakeDevice::Launch& launch) {
      seen_.push_back(launch.arg<cuda::Address>(0));
      return ok();
    };
    work_.steps = {{.entry = "note", .slots = {ArrayAddress{1}}}, {.entry = "note", .slots = {ArrayAddress{3}}}};
  }
  std::uint8_t byte_at(cuda::Address address) { return device_.fetch<std::uint8_t>(address); }

  test::FakeDevice device_;
  Workload work_;
  std::vector<cuda::Address> seen_;
};

TEST_F(PlacementTest, CopiesLieBehindEachOtherAndHoldTheSame) {
  const auto placed = Placement::place(device_, work_, 3000);
  ASSERT_TRUE(placed) << placed.error().message;
  EXPECT_EQ(placed->stride(), 512 + 256);
  EXPECT_EQ(placed->copies(), 4);
  EXPECT_EQ(placed->operand_copies(), 4);
  for (std::int64_t copy = 0; copy < 4; ++copy) {
    EXPECT_EQ(placed->at(0, copy), placed->streamed() + static_cast<cuda::Address>(copy * 768));
    EXPECT_EQ(byte_at(placed->at(0, copy) + 299), 1);
    EXPECT_EQ(byte_at(placed->at(1, copy) + 9), 2);
    EXPECT_EQ(byte_at(placed->at(2, copy) + 19), 3);
    EXPECT_EQ(byte_at(placed->at(3, copy) + 23), 0xff);
    EXPECT_EQ(placed->at(4, copy), placed->at(4, 0));
  }
  EXPECT_EQ(placed->at(0, 5), placed->at(0, 1));
  EXPECT_EQ(byte_at(placed->at(4, 0)), 0);
}

TEST_F(PlacementTest, APassLaunchesEveryStepOnEveryCopy) {
  auto placed = Placement::place(device_, work_, 1500);
  ASSERT_TRUE(placed);
  const auto pass = placed->one_pass();
  ASSERT_TRUE(pass);
  for (const cuda::Work& work : *pass) ASSERT_TRUE(device_.enqueue(work));
  EXPECT_EQ(seen_,
            (std::vector<cuda::Address>{placed->at(1, 0), placed->at(3, 0), placed->at(1, 1), placed->at(3, 1)}));
}

TEST_F(PlacementTest, WhatRunsOnceRunsBeforeTheCopiesAreMade) {
  device_.kernels["prepare"] = [](test::FakeDevice& device, const test::FakeDevice::Launch& launch) {
    device.store(launch.arg<cuda::Address>(0), std::uint8_t{0x5a});
    return ok();
  };
  work_.once = {{.entry = "prepare", .slots = {ArrayAddress{0}}}};
  const auto placed = Placement::place(device_, work_, 3000);
  ASSERT_TRUE(placed);
  for (std::int64_t copy = 0; copy < 4; ++copy) EXPECT_EQ(byte_at(placed->at(0, copy)), 0x5a);
}

TEST_F(PlacementTest, NoMemoryOrNoEntryIsAnErrorThatLeavesNothing) {
  device_.free_bytes = 1000;
  EXPECT_EQ(Placement::place(device_, work_, 3000).error().name, "CUDA_ERROR_OUT_OF_MEMORY");
  device_.free_bytes = 1u << 30;
  work_.once = {{.entry = "absent", .slots = {}}};
  EXPECT_EQ(Placement::place(device_, work_, 3000).error().name, "CUDA_ERROR_NOT_FOUND");
  EXPECT_EQ(device_.live_allocations(), 0U);
}

TEST_F(PlacementTest, TensorMapsAreEncodedForEachCopy) {
  work_.steps = {{.entry = "note", .slots = {ArrayMap{0, {}}}}};
  auto placed = Placement::place(device_, work_, 1500);
  ASSERT_TRUE(placed);
  const auto pass = placed->one_pass();
  ASSERT_TRUE(pass);
  for (const cuda::Work& work : *pass) ASSERT_TRUE(device_.enqueue(work));
  EXPECT_EQ(seen_, (std::vector<cuda::Address>{placed->at(0, 0), placed->at(0, 1)}));
}

TEST(DescribeTest, IsTheFormOfRecords) {
  Step step;
  step.shape = {.grid = {132, 1, 1}, .block = {128, 1, 1}, .cluster = {4, 1, 1}, .dynamic_shared_bytes = 49152};
  EXPECT_EQ(describe({step}), "grid 132x1x1, block 128x1x1, cluster 4, shared 49152 B");
  step.shape.cluster = {2, 2, 1};
  EXPECT_EQ(
      describe({step, Step{}}),
      "grid 132x1x1, block 128x1x1, cluster 2x2x1, shared 49152 B; grid 1x1x1, block 1x1x1, cluster 1, shared 0 B");
}

}  // namespace
}  // namespace assay::kernels::bench
