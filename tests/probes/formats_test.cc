#include "kernels/nvfp4/formats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay::nvfp4 {
namespace {

static_assert(e4m3_value(0x7e) == 448 && bf16_value(0x3f80) == 1, "usable at compile time");

TEST(FormatsTest, E4m3LandmarksOfTheSpecification) {
  EXPECT_EQ(e4m3_value(0x01), 0x1p-9f);
  EXPECT_EQ(e4m3_value(0x07), 7 * 0x1p-9f);
  EXPECT_EQ(e4m3_value(0x08), 0x1p-6f);
  EXPECT_EQ(e4m3_value(0x38), 1.0f);
  EXPECT_EQ(e4m3_value(0xb9), -1.125f);
  EXPECT_EQ(e4m3_value(0xfe), -448.0f);
  EXPECT_TRUE(std::signbit(e4m3_value(0x80)));
  EXPECT_TRUE(std::isnan(e4m3_value(0x7f)) && std::isnan(e4m3_value(0xff)));
}

TEST(FormatsTest, E4m3ValuesRiseWithTheirCodes) {
  for (int code = 1; code < 0x7f; ++code)
    EXPECT_GT(e4m3_value(static_cast<std::uint8_t>(code)), e4m3_value(static_cast<std::uint8_t>(code - 1))) << code;
}

TEST(FormatsTest, EveryE4m3CodeButNanComesBack) {
  for (int code = 0; code < 256; ++code) {
    const auto encoded = e4m3_code(e4m3_value(static_cast<std::uint8_t>(code)));
    if ((code & 0x7f) == 0x7f)
      EXPECT_FALSE(encoded);
    else
      EXPECT_EQ(encoded, static_cast<std::uint8_t>(code));
  }
}

TEST(FormatsTest, E4m3RefusesWhatItCannotRepresent) {
  EXPECT_FALSE(e4m3_code(1.0625f));
  EXPECT_FALSE(e4m3_code(449));
  EXPECT_FALSE(e4m3_code(0x1p-10f));
}

TEST(FormatsTest, E2m1IsTheSixteenValuesOfTheSpecification) {
  constexpr float kMagnitudes[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (std::uint8_t code = 0; code < 16; ++code) {
    const float value = e2m1_value(code);
    EXPECT_EQ(std::fabs(value), kMagnitudes[code % 8]) << int{code};
    EXPECT_EQ(std::signbit(value), code >= 8) << int{code};
    EXPECT_EQ(e2m1_code(value), code) << value;
  }
  EXPECT_FALSE(e2m1_code(2.5f));
  EXPECT_FALSE(e2m1_code(6.5f));
  EXPECT_FALSE(e2m1_code(std::numeric_limits<float>::quiet_NaN()));
}

TEST(FormatsTest, Ue8m0IsAPowerOfTwoOrNan) {
  for (int code = 0; code < 255; ++code)
    EXPECT_EQ(ue8m0_value(static_cast<std::uint8_t>(code)), std::ldexp(1.0f, code - 127)) << code;
  EXPECT_TRUE(std::isnan(ue8m0_value(0xff)));
}

TEST(FormatsTest, EveryBf16CodeComesBackAndMoreBitsAreRefused) {
  for (std::uint32_t code = 0; code < 0x10000; ++code)
    ASSERT_EQ(bf16_code(bf16_value(static_cast<std::uint16_t>(code))), static_cast<std::uint16_t>(code));
  EXPECT_EQ(bf16_value(0xc040), -3.0f);
  EXPECT_FALSE(bf16_code(257));
  EXPECT_TRUE(bf16_code(255));
}

}  // namespace
}  // namespace assay::nvfp4
