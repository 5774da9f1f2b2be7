// What every warp-level matrix probe must keep, whatever its operand format. Tests read codes back with the format's
// decoder and compute the product their own way.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "probes/warp_mma.h"
#include "tests/probes/probe_values.h"
#include "tests/probes/word_map_expectations.h"

namespace assay::probes {

/// The operands of a case as values.
template <class Code, class Decode>
Matrices matrices_of(const gate::Case& launch_case, std::size_t k, Decode decode) {
  Matrices m{.k = k, .a = {}, .b = {}, .c = argument<float>(launch_case, 2)};
  for (const Code code : argument<Code>(launch_case, 0)) m.a.push_back(decode(code));
  for (const Code code : argument<Code>(launch_case, 1)) m.b.push_back(decode(code));
  return m;
}

/// The terms of one element of D: C first, then the products along K.
inline std::vector<double> terms_of(const Matrices& m, std::size_t element) {
  const std::size_t row = element / kColumns, tile = row / kRows, column = tile * kColumns + element % kColumns;
  std::vector<double> terms = {m.c[element]};
  for (std::size_t k = 0; k < m.k; ++k) terms.push_back(double{m.a[row * m.k + k]} * m.b[column * m.k + k]);
  return terms;
}

/// Buffers have the sizes that the kernel reads, and no operand is zero or not finite.
inline void expect_shapes(const Matrices& m) {
  EXPECT_EQ(m.a.size(), kTiles * kRows * m.k);
  EXPECT_EQ(m.b.size(), kTiles * kColumns * m.k);
  EXPECT_EQ(m.c.size(), kTiles * kRows * kColumns);
  for (const auto* matrix : {&m.a, &m.b, &m.c})
    for (const float value : *matrix) ASSERT_TRUE(std::isfinite(value));
}

/// All terms of an element are multiples of one unit, and their magnitudes sum to less than 2^bits units, so that an
/// accumulator of that many bits cannot lose any, in any order.
inline void expect_exact_range(const Matrices& m, int bits) {
  for (std::size_t i = 0; i < m.c.size(); ++i) {
    double unit = std::numeric_limits<double>::infinity(), sum = 0;
    for (const double term : terms_of(m, i)) {
      ASSERT_NE(term, 0);
      int exponent = 0;
      double significand = std::frexp(std::fabs(term), &exponent);
      while (significand != std::floor(significand)) significand *= 2, --exponent;
      unit = std::min(unit, std::ldexp(1.0, exponent));
      sum += std::fabs(term);
    }
    ASSERT_LT(sum, std::ldexp(unit, bits)) << "element " << i;
  }
}

/// Float32 sums in three orders give the expected bits.
inline void expect_order_free(const Matrices& m, const std::vector<float>& expected) {
  for (std::size_t i = 0; i < m.c.size(); ++i) {
    std::vector<double> terms = terms_of(m, i);
    const auto sum = [&] {
      float total = 0;
      for (const double term : terms) total += static_cast<float>(term);
      return total;
    };
    ASSERT_EQ(sum(), expected[i]);
    std::reverse(terms.begin(), terms.end());
    ASSERT_EQ(sum(), expected[i]);
    std::sort(terms.begin(), terms.end());
    ASSERT_EQ(sum(), expected[i]);
  }
}

/// Whichever single element of A changes, exactly the eight words of its row move; the same for B and its column.
inline void expect_every_operand_matters(const Matrices& m) {
  const std::vector<float> good = multiply(m);
  Matrices changed = m;
  for (std::size_t i = 0; i < m.a.size(); i += 97) {
    changed.a[i] = -m.a[i];
    std::vector<std::size_t> row(kColumns);
    for (std::size_t column = 0; column < kColumns; ++column) row[column] = i / m.k * kColumns + column;
    ASSERT_EQ(differences(good, multiply(changed)), row) << "A element " << i;
    changed.a[i] = m.a[i];
  }
  for (std::size_t i = 0; i < m.b.size(); i += 89) {
    changed.b[i] = -m.b[i];
    const std::size_t tile = i / m.k / kColumns, column = i / m.k % kColumns;
    std::vector<std::size_t> words(kRows);
    for (std::size_t row = 0; row < kRows; ++row) words[row] = (tile * kRows + row) * kColumns + column;
    ASSERT_EQ(differences(good, multiply(changed)), words) << "B element " << i;
    changed.b[i] = m.b[i];
  }
}

/// Bounds are positive, finite, and small enough that a product that is lost, or has the wrong sign, is noticed in
/// every element: the largest term is well above the bound.
inline void expect_bounds_that_bite(const Matrices& m, const std::vector<float>& bound) {
  ASSERT_EQ(bound.size(), m.c.size());
  for (std::size_t i = 0; i < bound.size(); ++i) {
    ASSERT_TRUE(std::isfinite(bound[i]) && bound[i] > 0);
    std::vector<double> terms = terms_of(m, i);
    const auto largest = *std::max_element(terms.begin() + 1, terms.end(),
                                           [](double a, double b) { return std::fabs(a) < std::fabs(b); });
    EXPECT_GT(std::fabs(largest), bound[i]) << "element " << i;
  }
}

/// The sum of an element as a unit of arithmetic might compute it: groups of terms with the carried sum, each truncated
/// to `fraction_bits` below the largest exponent, the result truncated to as many bits.
inline double truncating_sum(const std::vector<double>& terms, std::size_t group, int fraction_bits) {
  double carried = terms[0];
  for (std::size_t first = 1; first < terms.size(); first += group) {
    double largest = std::fabs(carried);
    for (std::size_t i = first; i < first + group; ++i) largest = std::max(largest, std::fabs(terms[i]));
    const double grid = std::ldexp(1.0, std::ilogb(largest) - fraction_bits);
    double sum = std::trunc(carried / grid) * grid;
    for (std::size_t i = first; i < first + group; ++i) sum += std::trunc(terms[i] / grid) * grid;
    const double kept = sum == 0 ? 1 : std::ldexp(1.0, std::ilogb(sum) - fraction_bits);
    carried = std::trunc(sum / kept) * kept;
  }
  return carried;
}

/// Units that keep `fraction_bits`, in groups of 2 to K, stay within the bound; one that keeps too few does not.
inline void expect_truncation_within(const Matrices& m, const std::vector<float>& expected,
                                     const std::vector<float>& bound, int fraction_bits, int too_few) {
  const auto outside = [&](std::size_t group, int bits) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < bound.size(); ++i)
      count += std::fabs(truncating_sum(terms_of(m, i), group, bits) - expected[i]) > bound[i];
    return count;
  };
  for (std::size_t group = 2; group <= m.k; group *= 2) EXPECT_EQ(outside(group, fraction_bits), 0u) << group;
  EXPECT_GT(outside(m.k, too_few), 0u);
}

/// The negative case differs from the exact one in one element of A and in the eight words of its row.
inline void expect_one_row_moves(const gate::Probe& probe, std::size_t k, std::size_t code_bytes) {
  const auto a = differences(argument<std::uint8_t>(probe.cases[0], 0), argument<std::uint8_t>(probe.negative, 0));
  ASSERT_EQ(a.size(), 1u) << "a sign bit is in one byte";
  EXPECT_EQ(argument(probe.cases[0], 1), argument(probe.negative, 1));
  EXPECT_EQ(argument(probe.cases[0], 2), argument(probe.negative, 2));
  std::vector<std::size_t> row(kColumns);
  for (std::size_t column = 0; column < kColumns; ++column) row[column] = a[0] / code_bytes / k * kColumns + column;
  EXPECT_EQ(differences(argument(probe.cases[0], 3), argument(probe.negative, 3)), row);
}

}  // namespace assay::probes
