#include "kernels/bench/choice.h"

#include <gtest/gtest.h>

#include "kernels/catalogue.h"
#include "tests/bench/ordered_device.h"

namespace assay::kernels::bench {
namespace {

constexpr DeviceLimits kH100{
    .target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232'448, .l2_bytes = 50 << 20};

std::vector<const Kernel*> whole_catalogue() {
  std::vector<const Kernel*> rows;
  for (const Kernel& row : catalogue()) rows.push_back(&row);
  return rows;
}

std::string_view chosen(std::span<const Kernel* const> admitted, const Problem& problem,
                        const DeviceLimits& limits = kH100) {
  const auto choice = choose(admitted, problem, limits);
  return choice ? choice->product->id : std::string_view("none");
}

TEST(ChoiceTest, FewTokensAreDecodedAndManyAreNot) {
  const auto rows = whole_catalogue();
  for (const std::int64_t m : {1, 16, 32})
    EXPECT_EQ(chosen(rows, {.m = m, .n = 4096, .k = 4096}), "kernel.nvfp4_decode_wgmma") << m;
  for (const std::int64_t m : {33, 512})
    EXPECT_EQ(chosen(rows, {.m = m, .n = 4096, .k = 4096}), "kernel.nvfp4_gemm_wgmma") << m;
  EXPECT_EQ(choose(rows, {.m = 1, .n = 4096, .k = 4096}, kH100)->prepare->id, "kernel.nvfp4_prepare_weights");
}

TEST(ChoiceTest, WithoutTheBestLaneTheNextOneDoes) {
  auto rows = whole_catalogue();
  std::erase_if(rows, [](const Kernel* row) { return row->id == "kernel.nvfp4_decode_wgmma"; });
  EXPECT_EQ(chosen(rows, {.m = 1, .n = 4096, .k = 4096}), "kernel.nvfp4_decode_portable");
  DeviceLimits other = kH100;
  other.target = {120, 'a'};
  EXPECT_EQ(chosen(whole_catalogue(), {.m = 1, .n = 4096, .k = 4096}, other), "kernel.nvfp4_decode_portable");
}

TEST(ChoiceTest, WhereNothingDecodesAGemmDoes) {
  auto rows = whole_catalogue();
  std::erase_if(rows, [](const Kernel* row) { return row->id.starts_with("kernel.nvfp4_decode"); });
  EXPECT_EQ(chosen(rows, {.m = 1, .n = 4096, .k = 4096}), "kernel.nvfp4_gemm_wgmma");
}

TEST(ChoiceTest, OfEqualRowsTheFirst) {
  const Kernel first = ordered_row(Lane::tcgen05, "kernel.first"), second = ordered_row(Lane::tcgen05, "kernel.second");
  const std::vector<const Kernel*> rows{&kStandIns[0], &first, &second, &kStandIns[1]};
  EXPECT_EQ(chosen(rows, {.m = 1, .n = 16, .k = 64}), "kernel.first");
}

TEST(ChoiceTest, CanonicalWeightsNeedNoPreparation) {
  const std::vector<const Kernel*> rows{&kStandIns[0]};
  const auto choice = choose(rows, {.m = 1, .n = 16, .k = 64}, {});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->prepare, nullptr);
}

TEST(ChoiceTest, WhyNoRowTakesItIsSaidOfEach) {
  const Kernel ordered = ordered_row(Lane::wgmma, "kernel.ordered");
  const std::vector<const Kernel*> rows{&kStandIns[0], &ordered};
  EXPECT_EQ(choose(rows, {.m = 1, .n = 16, .k = 48}, {}).error().message,
            "no row takes it: kernel.stand_in: K is no multiple of 32; kernel.ordered: K is no multiple of 32");
  EXPECT_EQ(choose(std::span(rows).subspan(1), {.m = 1, .n = 16, .k = 64}, {}).error().message,
            "no row takes it: kernel.ordered: nothing that may run here prepares its weights");
  Kernel picky = kStandIns[1];
  picky.refuses = [](const Problem&, const DeviceLimits&) { return std::optional<std::string>("too large"); };
  const std::vector<const Kernel*> both{&ordered, &picky};
  EXPECT_EQ(choose(both, {.m = 1, .n = 16, .k = 64}, {}).error().message,
            "no row takes it: kernel.ordered: kernel.stand_in_prepare: too large");
  EXPECT_EQ(choose({}, {.m = 1, .n = 16, .k = 64}, {}).error().message, "no product may run here");
}

}  // namespace
}  // namespace assay::kernels::bench
