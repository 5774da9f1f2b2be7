#include "kernels/quantize_activations.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "kernels/catalogue.h"
#include "kernels/nvfp4/block.h"
#include "kernels/nvfp4/layout.h"
#include "tests/kernels/device_text.h"

// The device's text itself, for what it says of thresholds.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
namespace assay::kernels::device_text {
#include "kernels/quantize_activations.cu"
}  // namespace assay::kernels::device_text
#pragma GCC diagnostic pop

namespace assay::kernels {
namespace {

namespace device = device_text::nvfp4;

const Kernel kRow = quantize_activations();
const DeviceLimits kLimits{
    .target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448, .l2_bytes = 50 << 20};

Launch launch_of(const Problem& problem) { return kRow.plan(problem, kLimits).launches.at(0); }

std::int32_t number(const Parameter& parameter) {
  std::int32_t value = 0;
  std::memcpy(&value, std::get<Value>(parameter).bytes.data(), sizeof value);
  return value;
}

TEST(QuantizeActivationsTest, IsARowOfTheCatalogue) {
  ASSERT_NE(find_kernel("kernel.nvfp4_quantize_activations"), nullptr);
  EXPECT_EQ(kRow.id, "kernel.nvfp4_quantize_activations");
}

/// Each CTA writes two tiles of scales, so the grid has to have room for all tiles, padding included.
TEST(QuantizeActivationsTest, TheGridCoversEveryTile) {
  for (const Problem& problem : {Problem{.m = 1, .k = 16}, Problem{.m = 128, .k = 128}, Problem{.m = 129, .k = 144},
                                 Problem{.m = 512, .k = 4096}}) {
    const Launch launch = launch_of(problem);
    const auto m = static_cast<std::size_t>(problem.m), blocks = static_cast<std::size_t>(problem.k) / 16;
    const std::size_t tiles = nvfp4::tiled_size(m, blocks) / 512, down = (m + 127) / 128, along = tiles / down;
    EXPECT_EQ(launch.shape.grid.y, down) << problem.m;
    EXPECT_EQ(launch.shape.grid.x, (along + 1) / 2) << problem.k;
    EXPECT_EQ(launch.shape.block.x, 256u);
  }
}

TEST(QuantizeActivationsTest, ParametersAreArraysTensorScaleAndSizes) {
  const Launch launch = launch_of({.m = 37, .k = 208});
  ASSERT_EQ(launch.parameters.size(), 6u);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[0]).role, Role::x);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[1]).role, Role::packed);
  EXPECT_EQ(std::get<AddressOf>(launch.parameters[2]).role, Role::packed_scales);
  EXPECT_EQ(std::get<TensorScale>(launch.parameters[3]).matrix, 0);
  EXPECT_EQ(number(launch.parameters[4]), 37);
  EXPECT_EQ(number(launch.parameters[5]), 208);
}

TEST(QuantizeActivationsTest, RefusesInWords) {
  const auto why = [](const Problem& problem) { return kRow.refuses(problem, kLimits).value_or(""); };
  EXPECT_EQ(why({.m = 0, .k = 16}), "M and K must be 1 or more");
  EXPECT_EQ(why({.m = 1, .k = 72}), "K is no multiple of 16");
  EXPECT_EQ(why({.m = 1, .k = 16, .activation = Activation::f16}), "x must be BF16");
  EXPECT_EQ(why({.m = 65535 * 128 + 1, .k = 16}), "more than 8388480 rows of x");
  EXPECT_EQ(why({.m = 1, .k = (std::int64_t{1} << 30) + 16}), "more than 1073741824 columns");
  EXPECT_EQ(why({.m = 65535 * 128, .k = 16}), "");
}

/// The codes of +x and -x by thresholds and by division: how many differ.
int differences(std::uint16_t x, float step, const device::Thresholds& thresholds) {
  const std::uint32_t negative = x | 0x8000u, pair = device::codes_of_pair(x | negative << 16, thresholds);
  return ((pair >> 12 & 15) != nvfp4::element_code(nvfp4::bf16_value(x), step)) +
         ((pair >> 28) != nvfp4::element_code(nvfp4::bf16_value(static_cast<std::uint16_t>(negative)), step));
}

constexpr float kLeastS2 = 0x1p-126f, kMostS2 = 0x1.fffffep127f / 2688;

TEST(QuantizeActivationsTest, ThresholdsGiveTheCodesOfDivisionForEveryMagnitude) {
  int wrong = 0;
  for (const float s2 : {kLeastS2, 0x1.fffffep-126f, 0x1.234568p-61f, 1.0f / 3000, 1.0f, 0x1.555556p20f, kMostS2})
    for (const std::uint8_t scale : std::to_array<std::uint8_t>({0x01, 0x07, 0x38, 0x3d, 0x7e})) {
      const float step = nvfp4::e4m3_value(scale) * s2;
      ASSERT_EQ(device_text::__fmul_rn(device::e4m3_value(scale), s2), step);
      const device::Thresholds thresholds = device::thresholds(step);
      for (std::uint16_t x = 0; x < 0x7f80; ++x) wrong += differences(x, step, thresholds);
    }
  EXPECT_EQ(wrong, 0);
}

/// Steps a few units in the last place from x / middle: quotients that are a middle, or only rounded to one.
TEST(QuantizeActivationsTest, ThresholdsGiveTheCodesOfDivisionBesideTies) {
  std::mt19937 random(1);
  int wrong = 0, rounded_to_middle = 0;
  for (int i = 0; i < 200000; ++i) {
    const auto x = static_cast<std::uint16_t>(1 + random() % (i % 3 == 0 ? 0x0e00 : 0x7f7e));
    const float value = nvfp4::bf16_value(x);
    const float middle = std::array{0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f}.at(random() % 7);
    const auto near = std::bit_cast<std::uint32_t>(value / middle) + random() % 9 - 4;
    const float step = std::bit_cast<float>(static_cast<std::uint32_t>(near));
    if (!(step >= 0x1p-135f && step <= kMostS2 * 448)) continue;
    wrong += differences(x, step, device::thresholds(step));
    rounded_to_middle += value / step == middle && double{middle} * step != double{value};
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(rounded_to_middle, 1000);
}

TEST(QuantizeActivationsTest, ScalesAreThoseOfTheFormulas) {
  int wrong = 0;
  for (const float s2 : {kLeastS2, 0x1.234568p-61f, 1.0f / 3000, 1.0f, kMostS2})
    for (std::uint16_t x = 0; x < 0x7f80; ++x)
      wrong += device::block_scale(nvfp4::bf16_value(x), s2) != nvfp4::rtn_scale(nvfp4::bf16_value(x), s2);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace assay::kernels
