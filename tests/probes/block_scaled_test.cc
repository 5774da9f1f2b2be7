#include "probes/block_scaled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ostream>
#include <set>

#include "kernels/nvfp4/formats.h"
#include "tests/probes/probe_values.h"

namespace assay::probes {
namespace {

constexpr ProblemShape kShape{.m = 16, .n = 8, .k = 128}, kTall{.m = 32, .n = 8, .k = 128};

struct Named {
  const char* name;
  BlockFormat format;
  ExactScales scales;
};
void PrintTo(const Named& named, std::ostream* out) { *out << named.name; }

BlockFormat e4m3_times_e2m1(std::int32_t unit_exponent) {
  BlockFormat format = mxfp4_format();
  format.a = e4m3_elements(unit_exponent);
  return format;
}

BlockFormat nvfp4_with(ScaleFormat scale) {
  BlockFormat format = nvfp4_format();
  format.scale = std::move(scale);
  return format;
}

/// The terms of one element of D, C first, from the codes; `least` counts subnormals as the least normal.
std::vector<double> terms(const ScaledMatrices& s, const BlockFormat& format, std::size_t element, bool least = false) {
  const std::size_t row = element / s.n, column = element % s.n, blocks = s.k / s.block;
  const auto counted = [&](double value, double normal) { return least ? std::max(std::fabs(value), normal) : value; };
  std::vector<double> found = {s.c[element]};
  for (std::size_t block = 0; block < blocks; ++block)
    for (std::size_t k = block * s.block; k < (block + 1) * s.block; ++k)
      found.push_back(counted(format.a.value(s.a[row * s.k + k]), format.a.least_normal) *
                      counted(format.b.value(s.b[column * s.k + k]), format.b.least_normal) *
                      counted(format.scale.value(s.scale_a[row * blocks + block]), format.scale.least_normal) *
                      counted(format.scale.value(s.scale_b[column * blocks + block]), format.scale.least_normal));
  return found;
}

/// The largest power of two of which a value is a multiple.
double grid_of(double value) {
  int exponent = 0;
  double significand = std::frexp(std::fabs(value), &exponent);
  while (significand != std::floor(significand)) significand *= 2, --exponent;
  return std::ldexp(1.0, exponent);
}

class BlockScaledExactTest : public testing::TestWithParam<Named> {
 protected:
  ScaledMatrices draw(std::uint32_t which, ProblemShape shape = kShape) const {
    gate::ChallengeStream stream(fixed_seed(), "exact " + std::to_string(which));
    return draw_exact(stream, shape, GetParam().format, GetParam().scales);
  }
};

TEST_P(BlockScaledExactTest, NoSumLosesABitInFloat32) {
  for (std::uint32_t which = 0; which < 40; ++which) {
    const ScaledMatrices s = draw(which, which % 2 == 0 ? kShape : ProblemShape{.m = 5, .n = 9, .k = 256});
    for (std::size_t i = 0; i < s.m * s.n; ++i) {
      double unit = std::numeric_limits<double>::infinity(), sum = 0;
      for (const double term : terms(s, GetParam().format, i)) {
        ASSERT_NE(term, 0);
        unit = std::min(unit, grid_of(term));
      }
      for (const double term : terms(s, GetParam().format, i, true)) sum += std::fabs(term);
      ASSERT_LT(sum, 0x1p24 * unit) << "problem " << which << " element " << i;
    }
  }
}

TEST_P(BlockScaledExactTest, Float32SumsInEveryOrderGiveTheOracle) {
  const ScaledMatrices s = draw(0);
  const std::vector<float> expected = multiply(s, GetParam().format);
  for (std::size_t i = 0; i < s.m * s.n; ++i) {
    std::vector<double> all = terms(s, GetParam().format, i);
    const auto sum = [&] {
      float total = 0;
      for (const double term : all) total += static_cast<float>(term);
      return total;
    };
    ASSERT_EQ(sum(), expected[i]);
    std::reverse(all.begin(), all.end());
    ASSERT_EQ(sum(), expected[i]);
    std::sort(all.begin(), all.end());
    ASSERT_EQ(sum(), expected[i]);
  }
}

TEST_P(BlockScaledExactTest, ScalesWithinOneSumSpreadOverSeveralExponents) {
  for (std::uint32_t which = 0; which < 10; ++which) {
    const ScaledMatrices s = draw(which);
    double widest = 0;
    for (std::size_t i = 0; i < s.m * s.n; ++i) {
      double low = std::numeric_limits<double>::infinity(), high = 0;
      for (std::size_t block = 0; block < s.k / s.block; ++block) {
        const double scale = double{GetParam().format.scale.value(s.scale_a[i / s.n * (s.k / s.block) + block])} *
                             GetParam().format.scale.value(s.scale_b[i % s.n * (s.k / s.block) + block]);
        low = std::min(low, scale), high = std::max(high, scale);
      }
      widest = std::max(widest, high / low);
    }
    EXPECT_GE(widest, 0x1p6) << "problem " << which;
  }
}

TEST_P(BlockScaledExactTest, NeighboursDiffer) {
  const ScaledMatrices s = draw(0);
  for (const auto* codes : {&s.a, &s.b})
    for (std::size_t i = 0; i < codes->size(); i += 2) ASSERT_NE((*codes)[i], (*codes)[i + 1]);
  for (const auto* scales : {&s.scale_a, &s.scale_b})
    for (std::size_t i = 0; i < scales->size(); i += 4)
      ASSERT_EQ(std::set(&(*scales)[i], &(*scales)[i] + 4).size(), 4u) << i;
  EXPECT_EQ(std::set(s.c.begin(), s.c.end()).size(), s.c.size());
}

INSTANTIATE_TEST_SUITE_P(
    Formats, BlockScaledExactTest,
    testing::Values(Named{"nvfp4_powers_of_two", nvfp4_format(), ExactScales::powers_of_two},
                    Named{"nvfp4_any", nvfp4_format(), ExactScales::any},
                    Named{"mxfp4", mxfp4_format(), ExactScales::powers_of_two},
                    Named{"nvfp4_normal", nvfp4_with(normal_ue4m3_scales()), ExactScales::any},
                    Named{"nvfp4_subnormal_powers_of_two", nvfp4_with(subnormal_ue4m3_scales()),
                          ExactScales::powers_of_two},
                    Named{"nvfp4_subnormal_any", nvfp4_with(subnormal_ue4m3_scales()), ExactScales::any},
                    Named{"least_e4m3_e2m1", e4m3_times_e2m1(kLowE4m3Unit), ExactScales::powers_of_two},
                    Named{"largest_e4m3_e2m1", e4m3_times_e2m1(kHighE4m3Unit), ExactScales::powers_of_two}),
    [](const auto& test) { return test.param.name; });

class BlockScaledWideTest : public testing::TestWithParam<Named> {
 protected:
  ScaledMatrices draw() const {
    gate::ChallengeStream stream(fixed_seed(), "wide");
    return draw_wide(stream, kTall, GetParam().format);
  }
};

TEST_P(BlockScaledWideTest, EveryCodeOccurs) {
  const ScaledMatrices s = draw();
  const auto is_in = [](const std::vector<std::uint8_t>& codes) {
    return [&codes](std::uint8_t code) { return std::ranges::find(codes, code) != codes.end(); };
  };
  EXPECT_TRUE(std::ranges::all_of(GetParam().format.a.wide, is_in(s.a)));
  EXPECT_TRUE(std::ranges::all_of(GetParam().format.b.wide, is_in(s.b)));
  ASSERT_GE(s.scale_a.size(), GetParam().format.scale.wide.size());
  EXPECT_TRUE(std::ranges::all_of(GetParam().format.scale.wide, is_in(s.scale_a)));
}

/// A sum as a unit might compute it: chunks of products with the carried sum, each truncated to `bits` below the
/// largest, and the sum to float32.
double truncating_sum(const std::vector<double>& terms, std::size_t chunk, int bits) {
  double carried = terms[0];
  for (std::size_t first = 1; first < terms.size(); first += chunk) {
    double largest = std::fabs(carried);
    for (std::size_t i = first; i < first + chunk; ++i) largest = std::max(largest, std::fabs(terms[i]));
    if (largest == 0) continue;
    const double grid = std::ldexp(1.0, std::ilogb(largest) - bits);
    double sum = std::trunc(carried / grid) * grid;
    for (std::size_t i = first; i < first + chunk; ++i) sum += std::trunc(terms[i] / grid) * grid;
    const double kept = sum == 0 ? 1 : std::ldexp(1.0, std::ilogb(sum) - 23);
    carried = std::trunc(sum / kept) * kept;
  }
  return carried;
}

TEST_P(BlockScaledWideTest, BoundsHoldForTruncatingUnitsAndNotForCoarseOnes) {
  const ScaledMatrices s = draw();
  const std::vector<float> expected = multiply(s, GetParam().format), bound = error_bound(s, GetParam().format);
  const auto outside = [&](std::size_t chunk, int bits) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < bound.size(); ++i)
      count += std::fabs(truncating_sum(terms(s, GetParam().format, i), chunk, bits) - expected[i]) > bound[i];
    return count;
  };
  for (const std::size_t chunk : {2, 4, 16, 32, 64, 128}) EXPECT_EQ(outside(chunk, 25), 0u) << chunk;
  EXPECT_EQ(outside(64, 35), 0u);
  EXPECT_GT(outside(128, 11), 0u);
}

TEST_P(BlockScaledWideTest, BoundsAreSmallerThanTheLargestProduct) {
  const ScaledMatrices s = draw();
  const std::vector<float> bound = error_bound(s, GetParam().format);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const std::vector<double> all = terms(s, GetParam().format, i);
    double largest = 0;
    for (std::size_t k = 1; k < all.size(); ++k) largest = std::max(largest, std::fabs(all[k]));
    ASSERT_TRUE(bound[i] > 0 && std::isfinite(bound[i]));
    EXPECT_LT(bound[i], largest / 64) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, BlockScaledWideTest,
                         testing::Values(Named{"nvfp4", nvfp4_format(), ExactScales::any},
                                         Named{"mxfp4", mxfp4_format(), ExactScales::any},
                                         Named{"e4m3_e2m1", e4m3_times_e2m1(0), ExactScales::any}),
                         [](const auto& test) { return test.param.name; });

TEST(BlockScaledTest, ExactNvfp4ScalesReachSubnormalsAndTheLargest) {
  std::array<bool, 256> seen{};
  for (std::uint32_t which = 0; which < 8; ++which) {
    gate::ChallengeStream stream(fixed_seed(), std::to_string(which));
    for (const std::uint8_t code : draw_exact(stream, kShape, nvfp4_format(), ExactScales::any).scale_a)
      seen[code] = true;
  }
  for (std::size_t code = 1; code < 8; ++code) EXPECT_TRUE(seen[code]) << code;
  EXPECT_TRUE(seen[0x7e]);
  EXPECT_FALSE(seen[0x7f]);
  EXPECT_FALSE(seen[0x00]);
}

/// The scales of A and of B in exact problems of one kind.
std::vector<std::uint8_t> exact_scales(const ScaleFormat& scale, ExactScales kind) {
  std::vector<std::uint8_t> scales;
  for (std::uint32_t which = 0; which < 8; ++which) {
    gate::ChallengeStream stream(fixed_seed(), std::to_string(which));
    const ScaledMatrices s = draw_exact(stream, kShape, nvfp4_with(scale), kind);
    scales.insert(scales.end(), s.scale_a.begin(), s.scale_a.end());
    scales.insert(scales.end(), s.scale_b.begin(), s.scale_b.end());
  }
  return scales;
}

TEST(BlockScaledTest, NormalAndSubnormalScalesAreApart) {
  const auto is_subnormal = [](std::uint8_t code) { return code < 8; };
  for (const ExactScales kind : {ExactScales::powers_of_two, ExactScales::any}) {
    EXPECT_TRUE(std::ranges::none_of(exact_scales(normal_ue4m3_scales(), kind), is_subnormal));
    const std::vector<std::uint8_t> scales = exact_scales(subnormal_ue4m3_scales(), kind);
    EXPECT_GT(std::ranges::count_if(scales, is_subnormal), static_cast<std::ptrdiff_t>(scales.size() / 5));
  }
}

TEST(BlockScaledTest, ExactE4m3ElementsAreNormalAndFinite) {
  for (std::int32_t exponent = kLowE4m3Unit; exponent <= kHighE4m3Unit; ++exponent) {
    const ElementFormat format = e4m3_elements(exponent);
    EXPECT_EQ(std::set(format.exact.begin(), format.exact.end()).size(), 30u);
    for (const std::uint8_t code : format.exact) EXPECT_TRUE((code & 0x78) != 0 && (code & 0x7f) != 0x7f);
  }
}

TEST(BlockScaledTest, MultiplyScalesEachBlock) {
  const BlockFormat format{.a = e2m1_elements(), .b = e2m1_elements(), .scale = ue4m3_scales(), .block = 2};
  // Row (0.5, -6 | 3, 1) scaled by (2, 1); column (1, 0.5 | 4, -2) scaled by (1, 0.5); C = 10.
  const ScaledMatrices s{.m = 1,
                         .n = 1,
                         .k = 4,
                         .block = 2,
                         .a = {1, 15, 5, 2},
                         .b = {2, 1, 6, 12},
                         .scale_a = {0x40, 0x38},
                         .scale_b = {0x38, 0x30},
                         .c = {10}};
  EXPECT_EQ(multiply(s, format), std::vector<float>{10 + 2 * (0.5f - 3) + 0.5f * (12 - 2)});
}

TEST(BlockScaledTest, TheFirstOfTwoCodesIsInTheLowHalf) {
  EXPECT_EQ(two_a_byte({0x1, 0xf, 0x5, 0x2}), (std::vector<std::uint8_t>{0xf1, 0x25}));
}

}  // namespace
}  // namespace assay::probes
