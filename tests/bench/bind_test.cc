#include "kernels/bench/bind.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

const Array& array_named(const Workload& work, std::string_view name) {
  return *std::ranges::find(work.arrays, name, &Array::name);
}

Plan plan_taking(std::vector<Parameter> parameters) {
  assay::kernels::Launch launch{.source = "text", .entry = "k", .shape = {}, .parameters = std::move(parameters)};
  return {.launches = {launch}, .workspace_bytes = 0, .choice = ""};
}

Result<Workload> bound(const Plan& plan, const Plan* prepare = nullptr, Problem problem = BenchDevice::problem()) {
  return product_workload(plan, prepare, problem, draw_inputs(problem), BenchDevice::compile);
}

TEST(BindTest, RolesBecomeArraysThatAreRotatedByWhatTheyAre) {
  const auto work = bound(BenchDevice::product_plan());
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_EQ(array_named(*work, "codes").use, Use::streamed);
  EXPECT_EQ(array_named(*work, "scales").use, Use::streamed);
  EXPECT_EQ(array_named(*work, "x").use, Use::operand);
  EXPECT_EQ(array_named(*work, "workspace").use, Use::kept);
  EXPECT_EQ(array_named(*work, "workspace").filler, std::byte{0});
  EXPECT_EQ(work->arrays[work->output].name, "y");
  EXPECT_EQ(work->arrays[work->output].filler, std::byte{0xff});
  EXPECT_EQ(work->arrays[*work->workspace].bytes, 16U);
  EXPECT_EQ(work->steps.size(), 1U);
  EXPECT_EQ(std::get<cuda::Parameter>(work->steps[0].slots[4]).size(), 4U);
}

TEST(BindTest, PreparedWeightsAreStreamedAndTheCanonicalOnesKept) {
  const Plan prepare = plan_taking({AddressOf{Role::codes}, AddressOf{Role::scales}, AddressOf{Role::weights}});
  const auto work = bound(plan_taking({AddressOf{Role::weights}, AddressOf{Role::x}, AddressOf{Role::y}}), &prepare);
  ASSERT_TRUE(work);
  EXPECT_EQ(array_named(*work, "codes").use, Use::kept);
  EXPECT_EQ(array_named(*work, "weights").use, Use::streamed);
  EXPECT_EQ(array_named(*work, "weights").bytes, 2U * 1 * 1152);  // 4 rows fill two tiles of 16, 32 columns one step
  EXPECT_EQ(work->once.size(), 1U);
}

TEST(BindTest, APreparationIsTimedByWhatItReadsAndWrites) {
  const Plan prepare = plan_taking({AddressOf{Role::codes}, AddressOf{Role::scales}, AddressOf{Role::weights}});
  const Problem problem = BenchDevice::problem();
  const auto work = prepare_workload(prepare, problem, draw_inputs(problem), BenchDevice::compile);
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_EQ(work->arrays.size(), 3U);
  for (const Array& array : work->arrays) EXPECT_EQ(array.use, Use::streamed) << array.name;
  EXPECT_EQ(work->arrays[work->output].name, "weights");
  EXPECT_EQ(work->steps.size(), 1U);
  EXPECT_TRUE(work->once.empty());
  EXPECT_EQ(work->bytes, 4 * 32 / 2 + 4 * 32 / 16 + 2 * 1152);
  EXPECT_EQ(work->operations, 0);
  EXPECT_EQ(prepare_workload(plan_taking({AddressOf{Role::codes}}), problem, draw_inputs(problem), BenchDevice::compile)
                .error()
                .message,
            "writes no weights in fragment order");
}

TEST(BindTest, WhatNobodyPreparesIsRefused) {
  EXPECT_EQ(bound(plan_taking({AddressOf{Role::weights}})).error().message,
            "takes weights in fragment order, and no row of the catalogue prepares them");
}

TEST(BindTest, WhatAProductDoesNotHaveIsRefused) {
  EXPECT_EQ(bound(plan_taking({AddressOf{Role::packed}})).error().message,
            "k: takes packed, which this product does not have");
  EXPECT_EQ(bound(plan_taking({AddressOf{Role::bias}})).error().message,
            "k: takes bias, which this product does not have");
  EXPECT_EQ(bound(plan_taking({TensorScale{1}})).error().message,
            "k: takes the tensor scale of matrix 1, which this product does not have");
}

TEST(BindTest, ACompilersRefusalIsTheError) {
  const Problem problem = BenchDevice::problem();
  const auto refusing = [](std::string_view, std::string_view name) -> Result<std::vector<std::byte>> {
    return Error{std::string(name) + ": no"};
  };
  EXPECT_EQ(product_workload(plan_taking({}), nullptr, problem, draw_inputs(problem), refusing).error().message,
            "k.cu: no");
}

TEST(BindTest, BytesAndOperationsAreThoseOfTheFloor) {
  const Problem decode{.m = 1, .n = 4096, .k = 4096};
  EXPECT_EQ(product_bytes(decode), 9'437'184 + 2 * 2 * 4096);
  EXPECT_EQ(product_operations(decode), 2LL * 4096 * 4096);
  EXPECT_EQ(fragment_bytes(decode), 9'437'184);
  const Problem gated{.m = 2, .n = 48, .k = 64, .gated = true};
  EXPECT_EQ(product_bytes(gated), 96 * 64 / 2 + 96 * 64 / 16 + 2 * 2 * (64 + 48));
  EXPECT_EQ(fragment_bytes(gated), 6 * 1152);
}

}  // namespace
}  // namespace assay::kernels::bench
