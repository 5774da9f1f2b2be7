#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/nvfp4/formats.h"
#include "tests/nvfp4/toolkit.h"

namespace assay::nvfp4 {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

// The tables, at compile time.

constexpr bool e2m1_keeps_its_values() {
  for (std::uint8_t code = 0; code < 16; ++code)
    if (e2m1_nearest(e2m1_value(code)) != code) return false;
  return true;
}
static_assert(e2m1_keeps_its_values());
static_assert(e2m1_nearest(0.25f) == 0 && e2m1_nearest(0.75f) == 2 && e2m1_nearest(1.25f) == 2);
static_assert(e2m1_nearest(1.75f) == 4 && e2m1_nearest(2.5f) == 4 && e2m1_nearest(3.5f) == 6 && e2m1_nearest(5) == 6);
static_assert(e2m1_nearest(-0.0f) == 8 && e2m1_nearest(-0.1f) == 8 && e2m1_nearest(-0.25f) == 8);
static_assert(e2m1_nearest(7) == 7 && e2m1_nearest(kInfinity) == 7 && e2m1_nearest(-kInfinity) == 15);
static_assert(e2m1_nearest(kNan) == 7 && e2m1_nearest(-kNan) == 7);

constexpr bool e4m3_keeps_its_values() {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    if ((code & 0x7f) != 0x7f && e4m3_nearest(e4m3_value(byte)) != byte) return false;
  }
  return true;
}
static_assert(e4m3_keeps_its_values());
static_assert(e4m3_nearest(448) == 0x7e && e4m3_nearest(464) == 0x7e && e4m3_nearest(1e9f) == 0x7e);
static_assert(e4m3_nearest(kInfinity) == 0x7e && e4m3_nearest(-kInfinity) == 0xfe);
static_assert(e4m3_nearest(0x1p-10f) == 0 && e4m3_nearest(0x1.000002p-10f) == 1 && e4m3_nearest(-0x1p-11f) == 0x80);
static_assert(e4m3_nearest(kNan) == 0x7f && e4m3_nearest(0.0f) == 0 && e4m3_nearest(-0.0f) == 0x80);

constexpr bool f16_keeps_its_values() {
  for (std::uint32_t code = 0; code < 0x7c00; ++code)
    if (f16_nearest(f16_value(static_cast<std::uint16_t>(code))) != code) return false;
  return true;
}
static_assert(f16_keeps_its_values());
static_assert(f16_value(0x3c00) == 1 && f16_value(0x0001) == 0x1p-24f && f16_value(0x7bff) == 65504);
static_assert(f16_value(0x7c00) == kInfinity && f16_value(0xfc00) == -kInfinity);
static_assert(f16_nearest(65519) == 0x7bff && f16_nearest(65520) == 0x7c00 && f16_nearest(0x1p-25f) == 0);
static_assert(f16_nearest(0x1.8p-24f) == 2 && f16_nearest(-0x1.004p0f) == 0xbc01 && f16_nearest(0x1.002p0f) == 0x3c00);

static_assert(bf16_nearest(1) == 0x3f80 && bf16_nearest(0x1.01p0f) == 0x3f80 && bf16_nearest(0x1.03p0f) == 0x3f82);
static_assert(bf16_nearest(std::numeric_limits<float>::max()) == 0x7f80 && bf16_nearest(-kInfinity) == 0xff80);

/// Between two neighbouring codes of a magnitude: where the tie goes, and one float32 to either side of it.
template <class Nearest, class Value>
void expect_ties_to_even(Nearest nearest, Value value, std::uint32_t last, std::uint32_t sign) {
  for (std::uint32_t code = 0; code < last; ++code) {
    const float low = value(code), high = value(code + 1), tie = low + (high - low) / 2;
    const std::uint32_t even = code + code % 2;
    ASSERT_EQ(nearest(tie), even) << tie;
    ASSERT_EQ(nearest(-tie), even | sign) << -tie;
    ASSERT_EQ(nearest(std::nextafter(tie, 0.0f)), code) << tie;
    ASSERT_EQ(nearest(std::nextafter(tie, kInfinity)), code + 1) << tie;
    ASSERT_EQ(nearest(-std::nextafter(tie, kInfinity)), (code + 1) | sign) << tie;
  }
}

TEST(ConversionsTest, EveryTieGoesToTheEvenCode) {
  expect_ties_to_even([](float x) { return std::uint32_t{e2m1_nearest(x)}; },
                      [](std::uint32_t code) { return e2m1_value(static_cast<std::uint8_t>(code)); }, 7, 8);
  expect_ties_to_even([](float x) { return std::uint32_t{e4m3_nearest(x)}; },
                      [](std::uint32_t code) { return e4m3_value(static_cast<std::uint8_t>(code)); }, 0x7e, 0x80);
  expect_ties_to_even([](float x) { return std::uint32_t{f16_nearest(x)}; },
                      [](std::uint32_t code) { return f16_value(static_cast<std::uint16_t>(code)); }, 0x7bff, 0x8000);
  expect_ties_to_even([](float x) { return std::uint32_t{bf16_nearest(x)}; },
                      [](std::uint32_t code) { return bf16_value(static_cast<std::uint16_t>(code)); }, 0x7f7f, 0x8000);
}

/// The nearest of a format's magnitudes by search in float64, the even code of two that are as near.
std::uint32_t searched(const std::vector<double>& magnitudes, double value) {
  const auto above = std::lower_bound(magnitudes.begin(), magnitudes.end(), value);
  if (above == magnitudes.end()) return static_cast<std::uint32_t>(magnitudes.size() - 1);
  const auto high = static_cast<std::uint32_t>(above - magnitudes.begin());
  if (high == 0) return 0;
  const double to_high = *above - value, to_low = value - magnitudes[high - 1];
  if (to_high == to_low) return high % 2 == 0 ? high : high - 1;
  return to_high < to_low ? high : high - 1;
}

TEST(ConversionsTest, EveryBf16GoesToTheNearest) {
  const std::vector<double> e2m1 = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  std::vector<double> e4m3;
  for (int exponent = 0; exponent < 16; ++exponent)
    for (int fraction = 0; fraction < 8; ++fraction)
      if (exponent < 15 || fraction < 7)
        e4m3.push_back(exponent == 0 ? fraction / 8.0 / 64 : std::ldexp(1 + fraction / 8.0, exponent - 7));
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float x = bf16_value(static_cast<std::uint16_t>(code));
    const std::uint32_t negative = code >> 15;
    if (std::isnan(x)) {
      ASSERT_EQ(e2m1_nearest(x), 7);
      ASSERT_EQ(e4m3_nearest(x) & 0x7f, 0x7f);
      continue;
    }
    ASSERT_EQ(e2m1_nearest(x), searched(e2m1, std::fabs(x)) | negative << 3) << x;
    ASSERT_EQ(e4m3_nearest(x), searched(e4m3, std::fabs(x)) | negative << 7) << x;
  }
}

TEST(ConversionsTest, NanStaysNan) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0xff800001u, 0xffffffffu, 0x7f80ffffu, 0xffbfe000u}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(f16_value(f16_nearest(nan)))) << bits;
    EXPECT_TRUE(std::isnan(bf16_value(bf16_nearest(nan)))) << bits;
    EXPECT_TRUE(std::isnan(e4m3_value(e4m3_nearest(nan)))) << bits;
    EXPECT_EQ(f16_nearest(nan) >> 15, bits >> 31);
    EXPECT_EQ(bf16_nearest(nan) >> 15, bits >> 31);
    EXPECT_EQ(e4m3_nearest(nan) >> 7, bits >> 31);
  }
  EXPECT_TRUE(std::isnan(f16_value(0x7c01)) && std::isnan(f16_value(0xffff)));
}

/// 2^20 float32 bits: of each sign and exponent every tie of BF16 (among them those of E2M1 and E4M3) and its
/// neighbours, some ties of FP16 and theirs, and others at random.
std::vector<std::uint32_t> stratified_million() {
  constexpr std::size_t kOfOne = 2048;
  std::mt19937 random(51);
  std::vector<std::uint32_t> all;
  for (std::uint32_t high = 0; high < 512; ++high) {
    const std::size_t begin = all.size();
    const auto near = [&](std::uint32_t fraction) {
      for (const std::uint32_t off : {0x7fffffu, 0u, 1u}) all.push_back(high << 23 | ((fraction + off) & 0x7fffff));
    };
    for (std::uint32_t top = 0; top < 256; ++top) near(top << 15);
    for (int i = 0; i < 256; ++i) near(static_cast<std::uint32_t>(random() % 2048) << 12);
    while (all.size() < begin + kOfOne) all.push_back(high << 23 | static_cast<std::uint32_t>(random() & 0x7fffff));
  }
  return all;
}

TEST(ConversionsTest, AMillionFloatsGiveTheCodesOfCudasHeaders) {
  if (toolkit_conversions().empty()) GTEST_SKIP() << why_no_toolkit();
  const std::vector<std::uint32_t> million = stratified_million();
  ASSERT_EQ(million.size(), std::size_t{1} << 20);
  for (const ToolkitConversion& conversion : toolkit_conversions())
    for (const std::uint32_t bits : million) {
      const auto value = std::bit_cast<float>(bits);
      ASSERT_EQ(conversion.ours(value), conversion.theirs(value))
          << conversion.name << " of " << value << ", bits " << bits;
    }
}

std::uint32_t all_the_same(float) { return 1; }
std::uint32_t some_others(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits == 0x7f800001 || bits == 0xffffffff ? 2 : 1;
}

TEST(ConversionsTest, TheLongRunFindsWhatDiffers) {
  constexpr auto kFind = first_difference<all_the_same, some_others>;
  EXPECT_EQ(kFind(0x7f800000, 0x7f800001), std::nullopt);
  EXPECT_EQ(kFind(0x7f800000, 0x7f800002), 0x7f800001u);
  EXPECT_EQ(kFind(0x7f800001, 0x7f800002), 0x7f800001u);
  EXPECT_EQ(kFind(0xfffffff0, 0xffffffff), std::nullopt);
  EXPECT_EQ(kFind(0xfffffff0, 0x100000000), 0xffffffffu);
}

TEST(ConversionsTest, EveryCodeHasTheValueOfCudasHeaders) {
  if (toolkit_values().empty()) GTEST_SKIP() << why_no_toolkit();
  for (const ToolkitValue& format : toolkit_values())
    for (std::uint32_t code = 0; code < format.codes; ++code) {
      const float ours = format.ours(code), theirs = format.theirs(code);
      ASSERT_EQ(std::isnan(ours), std::isnan(theirs)) << format.name << ' ' << code;
      if (std::isnan(ours)) continue;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(ours), std::bit_cast<std::uint32_t>(theirs)) << format.name << ' ' << code;
    }
}

}  // namespace
}  // namespace assay::nvfp4
