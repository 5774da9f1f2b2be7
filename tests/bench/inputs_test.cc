#include "kernels/bench/inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace assay::kernels::bench {
namespace {

Inputs by_hand() {
  // Two rows of 16: codes 1 (0.5) and 2 (1.0) throughout, scales 1 and 2, x all 1.0 and then all -2.0 (BF16).
  Inputs inputs{.codes = std::vector<std::byte>(8, std::byte{0x11}), .scales = {std::byte{0x38}, std::byte{0x40}}};
  inputs.codes.insert(inputs.codes.end(), 8, std::byte{0x22});
  for (const unsigned high : {0x3fu, 0xc0u})
    for (int i = 0; i < 16; ++i) {
      inputs.x.push_back(high == 0x3f ? std::byte{0x80} : std::byte{0x00});
      inputs.x.push_back(static_cast<std::byte>(high));
    }
  inputs.tensor_scales = {0.5f, 0.25f};
  return inputs;
}

TEST(InputsTest, AnOutputIsTheScaledSumAndItsSlack) {
  const Inputs inputs = by_hand();
  const Problem problem{.m = 2, .n = 2, .k = 16};
  EXPECT_EQ(expected_output(inputs, problem, 0, 0).value, 16 * 0.5 * 0.5);
  EXPECT_EQ(expected_output(inputs, problem, 0, 1).value, 16 * 2.0 * 0.5);
  EXPECT_EQ(expected_output(inputs, problem, 1, 1).value, -16 * 4.0 * 0.5);
  EXPECT_EQ(expected_output(inputs, problem, 1, 1).slack, 16 * 4.0 * 0.5);
}

TEST(InputsTest, AGatedPairMultipliesSiluOfTheFirstByTheSecond) {
  const Inputs inputs = by_hand();
  const Problem problem{.m = 2, .n = 1, .k = 16, .gated = true};
  const double gate = 4, up = 16 * 2.0 * 0.25;
  EXPECT_DOUBLE_EQ(expected_output(inputs, problem, 0, 0).value, gate / (1 + std::exp(-gate)) * up);
  EXPECT_EQ(stored_rows(problem), 2);
}

TEST(InputsTest, ABiasIsAddedUnscaled) {
  Inputs inputs = by_hand();
  inputs.bias.resize(8);
  const float bias = -3;
  std::copy_n(reinterpret_cast<const std::byte*>(&bias), 4, inputs.bias.begin() + 4);
  const Problem problem{.m = 2, .n = 2, .k = 16, .bias = true};
  EXPECT_EQ(expected_output(inputs, problem, 0, 1).value, 16.0 - 3);
  EXPECT_EQ(expected_output(inputs, problem, 0, 1).slack, 16.0 + 3);
}

TEST(InputsTest, DrawnInputsAreRandomFiniteAndRepeatable) {
  const Problem problem{.m = 3, .n = 64, .k = 256, .bias = true};
  const Inputs inputs = draw_inputs(problem);
  EXPECT_EQ(inputs.codes.size(), 64U * 128);
  EXPECT_EQ(inputs.scales.size(), 64U * 16);
  EXPECT_EQ(inputs.x.size(), 2U * 3 * 256);
  EXPECT_EQ(inputs.bias.size(), 4U * 64);
  EXPECT_EQ(std::set(inputs.codes.begin(), inputs.codes.end()).size(), 256U);
  for (const std::byte scale : inputs.scales) {
    EXPECT_GE(scale, std::byte{0x18});
    EXPECT_LE(scale, std::byte{0x5f});
  }
  EXPECT_EQ(draw_inputs(problem).codes, inputs.codes);
  double squares = 0;
  for (std::int64_t n = 0; n < 64; ++n) squares += std::pow(expected_output(inputs, problem, 1, n).value, 2);
  EXPECT_GT(squares, 0.1);
  EXPECT_LT(squares, 64e4);
}

TEST(InputsTest, MoreTokensLeaveTheFirstOnesAsTheyAre) {
  const auto few = draw_activations({.m = 1, .n = 1, .k = 32}), many = draw_activations({.m = 5, .n = 1, .k = 32});
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

}  // namespace
}  // namespace assay::kernels::bench
