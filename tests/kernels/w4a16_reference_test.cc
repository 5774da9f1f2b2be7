#include "kernels/w4a16_reference.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

#include "kernels/nvfp4/formats.h"
#include "kernels/problems.h"
#include "tests/support/attempt_tools.h"

namespace assay::kernels {
namespace {

/// One row of weights over K = 16: codes 1 (0x2) everywhere but 3 (0x5) at k = 1, scale 2 (0x40).
Inputs by_hand() {
  Inputs inputs;
  inputs.codes = {0x52, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22};
  inputs.scales = {0x40};
  inputs.x.assign(16, nearest(Activation::bf16, 1));
  inputs.x[1] = nearest(Activation::bf16, -2);
  inputs.tensor_scale = {0.25f, 0.25f};
  return inputs;
}

Element only(const Problem& problem, const Inputs& inputs) {
  std::vector<Element> elements(1);
  refer(problem, inputs, elements, 1);
  return elements.front();
}

TEST(W4a16ReferenceTest, AProductByHand) {
  // sum = 2 * (15 * 1 - 2 * 3) = 18, of magnitudes 2 * 21 = 42; times 1/4.
  const Element y = only({.m = 1, .n = 1, .k = 16}, by_hand());
  EXPECT_EQ(y.value, 4.5);
  EXPECT_EQ(y.bound, 0x1p-8 * 4.5 + 16 * 0x1p-23 * 10.5);
}

TEST(W4a16ReferenceTest, TheBiasIsATermOfItsOwn) {
  Inputs inputs = by_hand();
  inputs.bias = {-5};
  const Element y = only({.m = 1, .n = 1, .k = 16, .bias = true}, inputs);
  EXPECT_EQ(y.value, -0.5);
  EXPECT_EQ(y.bound, 0x1p-8 * 0.5 + 16 * 0x1p-23 * 15.5);
}

TEST(W4a16ReferenceTest, Fp16HasATighterBoundWithALeastPart) {
  Inputs inputs = by_hand();
  for (std::uint16_t& x : inputs.x) x = nearest(Activation::f16, static_cast<double>(value_of(Activation::bf16, x)));
  const Element y = only({.m = 1, .n = 1, .k = 16, .activation = Activation::f16}, inputs);
  EXPECT_EQ(y.value, 4.5);
  EXPECT_EQ(y.bound, 0x1p-11 * 4.5 + 0x1p-25 + 16 * 0x1p-23 * 10.5);
}

TEST(W4a16ReferenceTest, AGatedPairByHand) {
  Inputs inputs = by_hand();
  inputs.codes.insert(inputs.codes.end(), {0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22});
  inputs.scales.push_back(0x38);
  inputs.tensor_scale = {0.25f, 1.0f};
  const Element y = only({.m = 1, .n = 1, .k = 16, .gated = true}, inputs);
  const double silu = 4.5 / (1 + std::exp(-4.5));  // up = 15 - 2 = 13
  EXPECT_DOUBLE_EQ(y.value, silu * 13);
  EXPECT_GT(y.bound, 0x1p-8 * silu * 13);
  EXPECT_LT(y.bound, 0x1p-8 * silu * 13 * 1.1);
}

/// Kernels that do what is allowed stay within the bound: float32 in order, and truncated after every addition.
TEST(W4a16ReferenceTest, Float32InOrderAndWithTruncationIsWithinTheBound) {
  for (const bool gated : {false, true}) {
    const Problem problem{.m = 4, .n = 24, .k = 1024, .gated = gated};
    const Inputs inputs = make_inputs(Operation::w4a16_product, problem, Range::wide, test::test_seed());
    std::vector<Element> elements = compared_elements(problem, test::test_seed());
    refer(problem, inputs, elements, 2);
    const auto truncated = [](float x) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & ~1u); };
    for (const Element& element : elements) {
      const auto sum = [&](std::int64_t row, std::size_t matrix) {
        float total = 0;
        for (std::int64_t k = 0; k < problem.k; ++k) {
          const std::uint8_t pair = inputs.codes[static_cast<std::size_t>((row * problem.k + k) / 2)];
          const float weight = nvfp4::e2m1_value(static_cast<std::uint8_t>(k % 2 == 0 ? pair & 15 : pair >> 4)) *
                               nvfp4::e4m3_value(inputs.scales[static_cast<std::size_t>((row * problem.k + k) / 16)]);
          total = truncated(
              total + weight * nvfp4::bf16_value(inputs.x[static_cast<std::size_t>(element.row * problem.k + k)]));
        }
        return total * inputs.tensor_scale[matrix];
      };
      float y = sum(element.column, 0);
      if (gated) y = y / (1 + std::exp(-y)) * sum(problem.n + element.column, 1);
      const double got = static_cast<double>(nvfp4::bf16_value(nvfp4::bf16_nearest(y)));
      EXPECT_LE(std::fabs(got - element.value), element.bound) << element.row << ' ' << element.column;
    }
  }
}

TEST(W4a16ReferenceTest, WideResultsAreOfAReasonableSizeForEveryK) {
  for (const std::int64_t k : {16, 80, 512, 4096, 14336}) {
    const Problem problem{.m = 2, .n = 64, .k = k};
    const Inputs inputs = make_inputs(Operation::w4a16_product, problem, Range::wide, test::test_seed());
    std::vector<Element> elements = compared_elements(problem, test::test_seed());
    refer(problem, inputs, elements, 2);
    double squares = 0;
    for (const Element& element : elements) squares += element.value * element.value;
    const double size = std::sqrt(squares / static_cast<double>(elements.size()));
    EXPECT_GT(size, 1) << k;
    EXPECT_LT(size, 40) << k;
  }
}

TEST(W4a16ReferenceTest, ThreadsChangeNothing) {
  const Problem problem{.m = 3, .n = 72, .k = 208, .bias = true};
  const Inputs inputs = make_inputs(Operation::w4a16_product, problem, Range::wide, test::test_seed());
  std::vector<Element> one = compared_elements(problem, test::test_seed()), many = one;
  refer(problem, inputs, one, 1);
  refer(problem, inputs, many, 5);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].value, many[i].value);
    EXPECT_EQ(one[i].bound, many[i].bound);
  }
}

TEST(W4a16ReferenceTest, OfASmallProblemEveryElementIsCompared) {
  const Problem problem{.m = 3, .n = 72, .k = 208};
  const std::vector<Element> elements = compared_elements(problem, test::test_seed());
  std::set<std::pair<std::int64_t, std::int64_t>> places;
  for (const Element& element : elements) places.emplace(element.row, element.column);
  EXPECT_EQ(places.size(), 3u * 72);
}

TEST(W4a16ReferenceTest, OfALargeOneASampleWithEveryRowAndTheTilesEdges) {
  const Problem problem{.m = 128, .n = 4096, .k = 4096};
  const std::vector<Element> elements = compared_elements(problem, test::test_seed());
  EXPECT_GT(elements.size(), 15000u);
  EXPECT_LT(elements.size(), 16384u);
  std::set<std::int64_t> rows, columns;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    rows.insert(elements[i].row), columns.insert(elements[i].column);
    EXPECT_LE(elements[i == 0 ? 0 : i - 1].column, elements[i].column);
  }
  EXPECT_EQ(rows.size(), 128u);
  for (std::int64_t edge = 0; edge < 4096; edge += 64) {
    EXPECT_TRUE(columns.contains(edge)) << edge;
    EXPECT_TRUE(columns.contains(edge + 63)) << edge;
  }
}

}  // namespace
}  // namespace assay::kernels
