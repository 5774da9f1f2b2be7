#include "probes/f16_product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "probe_values.h"

namespace assay::probes {
namespace {

constexpr std::size_t kM = 24, kN = 16, kK = 64;

F16Product draw(bool exact, bool onto_c, Longer longer = Longer::a) {
  gate::ChallengeStream stream(fixed_seed(), "inputs");
  F16Product product = exact ? draw_exact_f16(stream, kM, kN, kK, longer) : draw_wide_f16(stream, kM, kN, kK);
  product.accumulate = onto_c;
  return product;
}

/// The products of element i of D, C first where it counts.
std::vector<double> terms_of(const F16Product& product, std::size_t i) {
  std::vector<double> terms;
  if (product.accumulate) terms.push_back(product.c[i]);
  for (std::size_t k = 0; k < kK; ++k)
    terms.push_back(f16_value(product.a[i / kN * kK + k]) * f16_value(product.b[i % kN * kK + k]));
  return terms;
}

template <class Range>
float float_sum(const Range& terms) {
  float sum = 0;
  for (const double term : terms) sum += static_cast<float>(term);
  return sum;
}

TEST(F16ProductTest, CodesHaveTheValuesOfTheFormat) {
  EXPECT_EQ(f16_value(0x3c00), 1);
  EXPECT_EQ(f16_value(0xc000), -2);
  EXPECT_EQ(f16_value(0x3555), 1365 * 0x1p-12);
  EXPECT_EQ(f16_value(0x0001), 0x1p-24);
  EXPECT_EQ(f16_value(0x0400), 0x1p-14);
  EXPECT_EQ(f16_value(0x7bff), 65504);
}

TEST(F16ProductTest, AnExactSumIsTheSameInFloatInAnyOrder) {
  for (const Longer longer : {Longer::a, Longer::b})
    for (const bool onto_c : {false, true}) {
      const F16Product product = draw(true, onto_c, longer);
      const std::vector<float> d = multiply(product);
      for (std::size_t i = 0; i < d.size(); ++i) {
        std::vector<double> terms = terms_of(product, i);
        ASSERT_EQ(float_sum(terms), d[i]) << i;
        std::reverse(terms.begin(), terms.end());
        ASSERT_EQ(float_sum(terms), d[i]) << i;
        std::sort(terms.begin(), terms.end());
        ASSERT_EQ(float_sum(terms), d[i]) << i;
      }
    }
}

TEST(F16ProductTest, ExactOperandsUseWholeSignificandsAndNoZero) {
  const F16Product product = draw(true, false, Longer::b);
  bool whole_b = false, short_a = true;
  for (const std::uint16_t code : product.a) {
    ASSERT_NE(f16_value(code), 0);
    short_a = short_a && (code & 0x3f) == 0;  // 5 bits: the hidden one and four of the fraction
  }
  for (const std::uint16_t code : product.b) {
    ASSERT_NE(f16_value(code), 0);
    whole_b = whole_b || (code & 1) != 0;
  }
  EXPECT_TRUE(short_a);
  EXPECT_TRUE(whole_b);
}

// Largest operands in every place: C and all products of an element stay below 2^23 units.
TEST(F16ProductTest, TheExactRangeHoldsWhateverIsDrawn) {
  static_assert(64 * 2047 * 31 + (1 << 22) < 1 << 23);
  const F16Product product = draw(true, true);
  for (std::size_t i = 0; i < kM * kN; ++i) {
    double sum = 0;
    for (const double term : terms_of(product, i)) sum += std::fabs(term);
    ASSERT_LT(sum, 0x1p23 * 0x1p8);  // the largest unit of a product is 2^8
  }
}

TEST(F16ProductTest, TheWideBoundAdmitsAFloatSumAndNoMissingProduct) {
  for (const bool onto_c : {false, true}) {
    const F16Product product = draw(false, onto_c);
    const std::vector<float> d = multiply(product), bound = error_bound(product);
    for (std::size_t i = 0; i < d.size(); ++i) {
      const std::vector<double> terms = terms_of(product, i);
      double magnitude = 0;
      for (const double term : terms) magnitude += std::fabs(term);
      EXPECT_LE(std::fabs(static_cast<double>(float_sum(terms)) - d[i]), bound[i]) << i;
      EXPECT_LT(bound[i] * 512, magnitude / static_cast<double>(terms.size())) << i;
    }
  }
}

TEST(F16ProductTest, CCountsOnlyWhereItIsToBeAccumulated) {
  const std::vector<float> without = multiply(draw(true, false)), with = multiply(draw(true, true));
  const F16Product product = draw(true, true);
  for (std::size_t i = 0; i < with.size(); ++i) {
    ASSERT_EQ(with[i], without[i] + product.c[i]) << i;
    ASSERT_NE(product.c[i], 0) << i;
  }
}

}  // namespace
}  // namespace assay::probes
