#include "kernels/trial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/fragment_order.h"
#include "kernels/nvfp4/layout.h"
#include "tests/support/attempt_tools.h"

namespace assay::kernels {
namespace {

const gate::Seed kSeed = test::test_seed();

TEST(TrialTest, AProductHasAWideAndAnExactTrialAPairOnlyAWide) {
  const Task plain = make_task(Operation::w4a16_product, {.m = 2, .n = 24, .k = 96}, kSeed);
  ASSERT_EQ(plain.trials.size(), 2u);
  EXPECT_EQ(plain.trials[0].name, "wide range");
  EXPECT_FALSE(plain.trials[0].outputs.front().exact);
  EXPECT_EQ(plain.trials[1].name, "exact range");
  EXPECT_TRUE(plain.trials[1].outputs.front().exact);
  EXPECT_EQ(plain.trials[0].outputs.front().size, 2u * 24 * 2);
  EXPECT_EQ(make_task(Operation::w4a16_product, {.m = 2, .n = 24, .k = 96, .gated = true}, kSeed).trials.size(), 1u);
}

/// In units of a quarter, every expected value of exact range is an integer below 2^24, so float32 holds it.
TEST(TrialTest, ExactResultsAreExactInFloat32) {
  const Task task = make_task(Operation::w4a16_product, {.m = 1, .n = 64, .k = 14336, .bias = true}, kSeed);
  for (const Element& element : task.trials[1].outputs.front().elements) {
    EXPECT_EQ(element.value * 4, std::floor(element.value * 4));
    EXPECT_LT(std::abs(element.value * 4), 0x1p24);
  }
}

TEST(TrialTest, PreparedWeightsAreTheFragmentOrderOfTheInputs) {
  const Problem problem{.n = 24, .k = 64, .gated = true};
  const Task task = make_task(Operation::prepare_weights, problem, kSeed);
  ASSERT_EQ(task.trials.size(), 1u);
  const Inputs& inputs = task.trials[0].inputs;
  EXPECT_EQ(inputs.codes.size(), 48u * 32);
  EXPECT_EQ(task.trials[0].outputs.front().whole.expected,
            gate::bytes_of(fragment_order(inputs.codes, inputs.scales, 48, 64, true)));
}

TEST(TrialTest, QuantisedActivationsAreTwoArraysWithZeroPadding) {
  const Task task = make_task(Operation::quantize_activations, {.m = 5, .k = 48}, kSeed);
  const auto& outputs = task.trials[0].outputs;
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].size, 5u * 24);
  EXPECT_EQ(outputs[1].size, nvfp4::tiled_size(5, 3));
  EXPECT_EQ(outputs[1].whole.expected.back(), std::byte{0});
}

std::size_t differences(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i];
  return count;
}

TEST(TrialTest, AChangeIsOneActivationOfOneRowAndMovesIt) {
  for (const bool gated : {false, true}) {
    const Problem problem{.m = 5, .n = 40, .k = 96, .gated = gated};
    const Task task = make_task(Operation::w4a16_product, problem, kSeed);
    const Change change = make_change(task, kSeed);
    ASSERT_TRUE(change.row);
    EXPECT_EQ(differences(task.trials.back().inputs.x, change.trial.inputs.x), 1u);
    const auto& now = change.trial.outputs.front().elements;
    const auto& before = change.wrong.front().elements;
    ASSERT_EQ(now.size(), before.size());
    EXPECT_EQ(now.front().row, *change.row);
    EXPECT_TRUE(std::ranges::any_of(now, [&, i = 0u](const Element& element) mutable {
      const Element& old = before[i++];
      return std::abs(element.value - old.value) > element.bound + old.bound;
    }));
  }
}

TEST(TrialTest, AChangedCodeOrSignMovesBytes) {
  const Task prepare = make_task(Operation::prepare_weights, {.n = 16, .k = 32}, kSeed);
  const Change code = make_change(prepare, kSeed);
  EXPECT_EQ(code.role, Role::codes);
  EXPECT_FALSE(code.row);
  EXPECT_NE(code.trial.outputs.front().whole.expected, code.wrong.front().whole.expected);
  const Task quantize = make_task(Operation::quantize_activations, {.m = 2, .k = 32}, kSeed);
  const Change sign = make_change(quantize, kSeed);
  EXPECT_EQ(sign.role, Role::x);
  EXPECT_NE(sign.trial.outputs[0].whole.expected, sign.wrong[0].whole.expected);
  EXPECT_EQ(sign.trial.outputs[1].whole.expected, sign.wrong[1].whole.expected);
}

TEST(TrialTest, DependsOnTheSeed) {
  const Problem problem{.m = 2, .n = 24, .k = 96};
  const auto y = [&](const gate::Seed& seed) {
    return make_task(Operation::w4a16_product, problem, seed).trials[0].outputs[0].elements[0].value;
  };
  EXPECT_EQ(y(kSeed), y(kSeed));
  EXPECT_NE(y(kSeed), y(test::test_seed("another")));
}

}  // namespace
}  // namespace assay::kernels
