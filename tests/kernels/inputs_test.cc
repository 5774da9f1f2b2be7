#include "kernels/inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/nvfp4/formats.h"
#include "kernels/problems.h"
#include "tests/support/attempt_tools.h"

namespace assay::kernels {
namespace {

constexpr Problem kProblem{.m = 6, .n = 40, .k = 336, .bias = true};

Inputs product(Range range, Activation type = Activation::bf16) {
  Problem problem = kProblem;
  problem.activation = type;
  return make_inputs(Operation::w4a16_product, problem, range, test::test_seed());
}

TEST(InputsTest, HaveTheSizesOfTheProblem) {
  const Inputs inputs = product(Range::wide);
  EXPECT_EQ(inputs.codes.size(), 40u * 168);
  EXPECT_EQ(inputs.scales.size(), 40u * 21);
  EXPECT_EQ(inputs.x.size(), 6u * 336);
  EXPECT_EQ(inputs.bias.size(), 40u);
  Problem gated = kProblem;
  gated.gated = true, gated.bias = false;
  const Inputs pair = make_inputs(Operation::w4a16_product, gated, Range::wide, test::test_seed());
  EXPECT_EQ(pair.codes.size(), 2 * inputs.codes.size());
  EXPECT_TRUE(pair.bias.empty());
  EXPECT_NE(pair.tensor_scale[0], pair.tensor_scale[1]);
}

TEST(InputsTest, WideScalesAreOfAllCodesWithBothEndsEvenInTheSmallestMatrix) {
  for (std::int64_t n : {1, 4096}) {
    const Problem problem{.n = n, .k = 80};
    const Inputs inputs = make_inputs(Operation::prepare_weights, problem, Range::wide, test::test_seed());
    const std::set<int> seen(inputs.scales.begin(), inputs.scales.end());
    for (const int end : {0x00, 0x01, 0x7e}) EXPECT_TRUE(seen.contains(end)) << n << ' ' << end;
    EXPECT_LE(*seen.rbegin(), 0x7e);
    EXPECT_TRUE(n == 1 || seen.size() == 0x7f);
  }
}

TEST(InputsTest, WideActivationsAreNearGaussian) {
  for (const Activation type : {Activation::bf16, Activation::f16}) {
    double sum = 0, squares = 0;
    const Inputs inputs = product(Range::wide, type);
    for (const std::uint16_t bits : inputs.x) {
      const double value = static_cast<double>(value_of(type, bits));
      sum += value, squares += value * value;
    }
    const auto count = static_cast<double>(inputs.x.size());
    EXPECT_NEAR(sum / count, 0, 0.15);
    EXPECT_NEAR(std::sqrt(squares / count), 1.155, 0.1);
  }
}

TEST(InputsTest, ExactInputsAreSmallMultiples) {
  const Inputs inputs = product(Range::exact, Activation::f16);
  std::set<float> x, bias;
  for (const std::uint16_t bits : inputs.x) x.insert(value_of(Activation::f16, bits));
  for (const float value : inputs.bias) bias.insert(value);
  EXPECT_EQ(x, (std::set<float>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(std::set<int>(inputs.scales.begin(), inputs.scales.end()), (std::set<int>{0x38, 0x40}));
  for (const float value : bias) EXPECT_EQ(value, std::floor(value));
  EXPECT_EQ(inputs.tensor_scale[0], 0.5f);
}

TEST(InputsTest, DependOnSeedProblemAndRange) {
  const Inputs one = product(Range::wide);
  EXPECT_EQ(one.codes, product(Range::wide).codes);
  EXPECT_NE(one.codes, product(Range::exact).codes);
  Problem other = kProblem;
  other.bias = false;
  EXPECT_NE(one.codes, make_inputs(Operation::w4a16_product, other, Range::wide, test::test_seed()).codes);
  EXPECT_NE(one.codes, make_inputs(Operation::w4a16_product, kProblem, Range::wide, test::test_seed("b")).codes);
}

TEST(InputsTest, ActivationsToQuantiseHaveABlockOfZerosAndManyMagnitudes) {
  const Problem problem{.m = 37, .k = 208};
  const Inputs inputs = make_inputs(Operation::quantize_activations, problem, Range::wide, test::test_seed());
  float least = 1e30f, most = 0;
  bool zeros = false;
  for (std::size_t i = 0; i < inputs.x.size(); i += 16) {
    float amax = 0;
    for (std::size_t j = i; j < i + 16; ++j) amax = std::max(amax, std::fabs(nvfp4::bf16_value(inputs.x[j])));
    zeros |= amax == 0;
    if (amax > 0) least = std::min(least, amax);
    most = std::max(most, amax);
  }
  EXPECT_TRUE(zeros);
  EXPECT_GT(most / least, 1e5f);
  EXPECT_GT(inputs.tensor_scale[0], 0);
}

TEST(InputsTest, NearestRoundsOnceToEachType) {
  EXPECT_EQ(nearest(Activation::bf16, 1.0), 0x3f80);
  EXPECT_EQ(nearest(Activation::f16, 1.0), 0x3c00);
  EXPECT_EQ(value_of(Activation::f16, 0x3c00), 1.0f);
  EXPECT_EQ(value_of(Activation::bf16, 0xbf80), -1.0f);
}

}  // namespace
}  // namespace assay::kernels
