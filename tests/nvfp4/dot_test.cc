#include "kernels/nvfp4/dot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "kernels/nvfp4/formats.h"

namespace assay::nvfp4 {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A row along K that owns its bytes.
struct Line {
  Bytes codes, scales;

  operator DotOperand() const { return {codes, scales}; }  // NOLINT: that it is one is the point.
  std::size_t k() const { return scales.size() * kBlock; }
  double value(std::size_t i) const {
    const auto code = static_cast<std::uint8_t>(codes[i / 2] >> (i % 2 * 4));
    return static_cast<double>(e2m1_value(code)) * e4m3_value(scales[i / kBlock]);
  }
};

Line line_of(std::size_t blocks, std::uint8_t code, std::uint8_t scale) {
  return {Bytes(blocks * 8, static_cast<std::uint8_t>(code | code << 4)), Bytes(blocks, scale)};
}

/// Sets one code.
void put(Line& line, std::size_t i, std::uint8_t code) {
  std::uint8_t& byte = line.codes[i / 2];
  byte = static_cast<std::uint8_t>(i % 2 == 0 ? (byte & 0xf0) | code : (byte & 0x0f) | code << 4);
}

Bytes scale_range(std::uint8_t first, std::uint8_t last) {
  Bytes scales;
  for (int code = first; code <= last; ++code) scales.push_back(static_cast<std::uint8_t>(code));
  return scales;
}

Line drawn(std::mt19937& random, std::size_t blocks, const Bytes& scales) {
  Line line;
  for (std::size_t i = 0; i < blocks * 8; ++i) line.codes.push_back(static_cast<std::uint8_t>(random() & 0xff));
  for (std::size_t i = 0; i < blocks; ++i) line.scales.push_back(scales[random() % scales.size()]);
  return line;
}

// Sums of products in float32, as kernels without the instruction add them.
float forwards(const Line& a, const Line& b, float c) {
  for (std::size_t i = 0; i < a.k(); ++i) c += static_cast<float>(a.value(i) * b.value(i));
  return c;
}
float backwards(const Line& a, const Line& b, float c) {
  for (std::size_t i = a.k(); i-- > 0;) c += static_cast<float>(a.value(i) * b.value(i));
  return c;
}
float pairwise(const Line& a, const Line& b, float c) {
  std::vector<float> terms = {c};
  for (std::size_t i = 0; i < a.k(); ++i) terms.push_back(static_cast<float>(a.value(i) * b.value(i)));
  for (std::size_t length = terms.size(); length > 1; length = (length + 1) / 2)
    for (std::size_t i = 0; i < length / 2; ++i) {
      terms[i] = terms[2 * i] + terms[2 * i + 1];
      if (i + 1 == length / 2 && length % 2 == 1) terms[i + 1] = terms[length - 1];
    }
  return terms[0];
}

// The model again, in real numbers: what frexp, ldexp and trunc say, where dot.h shifts integers.
struct Real {
  double significand = 0;
  int exponent = -126;
};
Real parts(double value, int least) {
  Real real;
  if (value == 0) return real;
  real.significand = 2 * std::frexp(value, &real.exponent);
  --real.exponent;
  if (real.exponent < least) real = {std::ldexp(value, -least), least};
  return real;
}

float step_in_reals(const Line& a, const Line& b, std::size_t first, float c) {
  std::vector<Real> terms = {parts(c, -126)};
  for (std::size_t block = first; block < first + 4; ++block) {
    double products = 0;
    for (std::size_t i = block * 16; i < block * 16 + 16; ++i)
      products += e2m1_value(static_cast<std::uint8_t>(a.codes[i / 2] >> (i % 2 * 4))) *
                  e2m1_value(static_cast<std::uint8_t>(b.codes[i / 2] >> (i % 2 * 4)));
    const Real of_a = parts(e4m3_value(a.scales[block]), -6), of_b = parts(e4m3_value(b.scales[block]), -6);
    terms.push_back({products * of_a.significand * of_b.significand, of_a.exponent + of_b.exponent});
  }
  int largest = terms[0].exponent;
  for (const Real& term : terms) largest = std::max(largest, term.exponent);
  double sum = 0;
  for (const Real& term : terms) sum += std::trunc(std::ldexp(term.significand, 35 + term.exponent - largest));
  const Real result = parts(std::ldexp(sum, largest - 35), -126);
  return static_cast<float>(std::ldexp(std::trunc(std::ldexp(result.significand, 23)), result.exponent - 23));
}

float in_reals(const Line& a, const Line& b, float c) {
  for (std::size_t first = 0; first < a.scales.size(); first += 4) c = step_in_reals(a, b, first, c);
  return c;
}

constexpr std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

constexpr std::array<std::uint8_t, 8> kOnes = {0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22};
constexpr std::array<std::uint8_t, 1> kScaleOne = {0x38};
static_assert(dot_f64({kOnes, kScaleOne}, {kOnes, kScaleOne}) == 16, "usable at compile time");
static_assert(truncated_to_f32(-(std::int64_t{1} << 24) - 1, 0) == -0x1p24f && truncated_to_f32(3, -150) == 0x1p-149f);
static_assert(truncated_to_f32(0x1ffffff, 0) == 33554430.0f && truncated_to_f32(1, -151) == 0);
static_assert(truncated_to_f32(1, 127) == 0x1p127f && truncated_to_f32(0x7fffff, -149) == 0x0.fffffep-126f);
static_assert(truncated_to_f32(1, 128) == std::numeric_limits<float>::infinity());

TEST(DotTest, HalvesAndScalePartsAreTheFormats) {
  const Line line{{0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe}, {0x38}};
  for (std::size_t i = 0; i < kBlock; ++i)
    EXPECT_EQ(static_cast<float>(DotOperand(line).halves(0, i)) / 2, e2m1_value(static_cast<std::uint8_t>(i)));
  for (std::uint8_t scale = 0; scale < 0x7f; ++scale)
    EXPECT_EQ(std::ldexp(scale_parts(scale).eighths, scale_parts(scale).exponent - 3), e4m3_value(scale)) << int{scale};
}

TEST(DotTest, ExactIsTheSumInDoubleWhereDoubleIsExact) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t blocks = 1 + random() % 64;
    const Line a = drawn(random, blocks, scale_range(0, 0x7e)), b = drawn(random, blocks, scale_range(0, 0x7e));
    double sum = 0, magnitudes = 0;  // 43 bits a product, 10 bits of K
    for (std::size_t i = 0; i < a.k(); ++i)
      sum += a.value(i) * b.value(i), magnitudes += std::fabs(a.value(i) * b.value(i));
    ASSERT_EQ(dot_f64(a, b), sum);
    ASSERT_EQ(magnitude_of_dot(a, b), magnitudes);
  }
}

TEST(DotTest, ExactHoldsTheLargestAndTheLeastAtOnce) {
  Line a = line_of(kLargestExactK / kBlock, 7, 0x7e), b = a;
  EXPECT_EQ(exact_dot(a, b), std::int64_t{2688} * 2688 << 40);
  a = line_of(kLargestExactK / kBlock, 0xf, 0x7e);
  EXPECT_EQ(exact_dot(a, b), -(std::int64_t{2688} * 2688 << 40));
  EXPECT_EQ(exact_dot(a, b, true), std::int64_t{2688} * 2688 << 40);
  EXPECT_EQ(exact_dot(line_of(1, 1, 1), line_of(1, 1, 1)), 16) << "2^-20 each";
}

/// One row of the table of ranges in which every order gives the same bits.
struct ExactRange {
  std::string name;
  Bytes scales;
  double unit = 0, largest = 0;
  std::size_t k = 0;  ///< Up to which it is sure.
};
const ExactRange kExactRanges[] = {
    {"1", {0x38}, 0x1p-2, 36, 116508},
    {"1, 2", {0x38, 0x40}, 0x1p-2, 144, 29127},
    {"1, 1.5", {0x38, 0x3c}, 0x1p-4, 81, 12945},
    {"0.5, 1, 2", {0x30, 0x38, 0x40}, 0x1p-4, 144, 7281},
    {"0.5, 1, 1.5, 2, 3", {0x30, 0x38, 0x3c, 0x40, 0x44}, 0x1p-4, 324, 3236},
    {"0x38 to 0x3f", scale_range(0x38, 0x3f), 0x1p-8, 126.5625, 517},
    {"0x30 to 0x3f", scale_range(0x30, 0x3f), 0x1p-10, 126.5625, 129},
};

TEST(DotTest, RangesAreThoseOfTheirScales) {
  for (const ExactRange& range : kExactRanges) {
    double largest = 0;
    for (const std::uint8_t a : range.scales)
      for (const std::uint8_t b : range.scales)
        for (std::uint8_t code = 1; code < 8; ++code)
          for (std::uint8_t other = 1; other < 8; ++other) {
            const double product =
                static_cast<double>(e2m1_value(code)) * e2m1_value(other) * e4m3_value(a) * e4m3_value(b);
            largest = std::max(largest, product);
            ASSERT_EQ(product / range.unit, std::floor(product / range.unit)) << range.name;
          }
    EXPECT_EQ(largest, range.largest) << range.name;
    EXPECT_EQ(range.k, static_cast<std::size_t>(0x1p24 * range.unit / largest)) << range.name;
  }
}

TEST(DotTest, InTheExactRangeEveryOrderAndTheModelGiveTheSameBits) {
  std::mt19937 random(2);
  for (const ExactRange& range : kExactRanges) {
    const double sure = 0x1p24 * range.unit / range.largest;
    for (int trial = 0; trial < 40; ++trial) {
      const std::size_t most = std::min<std::size_t>(static_cast<std::size_t>(sure) / 64, 160);
      const std::size_t steps = trial == 0 ? most : 1 + random() % most;
      const Line a = drawn(random, 4 * steps, range.scales), b = drawn(random, 4 * steps, range.scales);
      const double room = 0x1p24 * range.unit - static_cast<double>(a.k()) * range.largest;
      const auto c = static_cast<float>(
          range.unit * std::floor(room / range.unit * (static_cast<double>(random() % 2001) / 1000 - 1)));
      const double exact = dot_f64(a, b) + c;
      const auto expected = static_cast<float>(exact);
      ASSERT_EQ(static_cast<double>(expected), exact) << range.name;
      ASSERT_EQ(forwards(a, b, c), expected) << range.name << ", K = " << a.k();
      ASSERT_EQ(backwards(a, b, c), expected) << range.name << ", K = " << a.k();
      ASSERT_EQ(pairwise(a, b, c), expected) << range.name << ", K = " << a.k();
      ASSERT_EQ(dot_fixed_point(a, b, c), expected) << range.name << ", K = " << a.k();
    }
  }
}

TEST(DotTest, TheWorstCaseIsExactUpToTheBoundAndNotBeyond) {
  // Scales of 1, every product 36 but for a last one of 1/4.
  for (const std::size_t k : {std::size_t{116480}, std::size_t{116544}}) {
    Line a = line_of(k / kBlock, 7, 0x38), b = a;
    put(a, k - 1, 1), put(b, k - 1, 1);
    const double exact = dot_f64(a, b);
    EXPECT_EQ(exact, static_cast<double>(k - 1) * 36 + 0.25);
    const bool within = k <= 116508;
    EXPECT_EQ(static_cast<double>(static_cast<float>(exact)) == exact, within) << k;
    EXPECT_EQ(dot_fixed_point(a, b, 0) == exact, within) << k;
    EXPECT_EQ(forwards(a, b, 0) == exact, within) << k;
  }
}

TEST(DotTest, TheModelIsThatOfRealNumbers) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const Bytes kinds[] = {scale_range(0, 0x7e), scale_range(0, 8), scale_range(0x70, 0x7e), {0, 0x38}, {1, 0x7e}};
  for (int trial = 0; trial < 20000; ++trial) {
    const Bytes &of_a = kinds[random() % 5], &of_b = kinds[random() % 5];
    Line a = drawn(random, 4, of_a);
    const Line b = drawn(random, 4, of_b);
    if (trial % 7 == 0) a.codes.assign(a.codes.size(), 0);
    const float c = trial % 5 == 0 ? 0 : std::ldexp(normal(random), static_cast<int>(random() % 260) - 145);
    if (!std::isfinite(c)) continue;
    const float model = dot_fixed_point(a, b, c);
    ASSERT_EQ(bits(model), bits(in_reals(a, b, c))) << trial << ", C = " << c;
  }
  for (int trial = 0; trial < 200; ++trial) {
    const Line a = drawn(random, 64, scale_range(0, 0x7e)), b = drawn(random, 64, scale_range(0, 0x7e));
    ASSERT_EQ(bits(dot_fixed_point(a, b, 1)), bits(in_reals(a, b, 1)));
  }
}

TEST(DotTest, TheModelTruncatesEachStepTowardZero) {
  Line a = line_of(4, 0, 0x38), b = line_of(4, 0, 0x38);
  put(a, 5, 1), put(b, 5, 1);  // 1/4
  EXPECT_EQ(dot_fixed_point(a, b, 0x1p24f), 0x1p24f);
  EXPECT_EQ(dot_fixed_point(a, b, -0x1p24f), -16777215.0f);
  put(a, 5, 9);  // -1/4
  EXPECT_EQ(dot_fixed_point(a, b, 0x1p24f), 16777215.0f);
  EXPECT_EQ(dot_fixed_point(a, b, -0x1p24f), -0x1p24f);
}

TEST(DotTest, TheModelKeepsThirtyFiveBitsBelowTheLargestExponent) {
  // C takes away a block of scales 256 * 256, whose exponent is 16; what is left is another block's 2^-19 or 2^-20.
  Line a = line_of(4, 0, 0x38), b = line_of(4, 0, 0x38);
  a.scales[0] = b.scales[0] = 0x78;
  put(a, 0, 2), put(b, 0, 2);
  a.scales[3] = b.scales[3] = 0x01;
  put(a, 63, 2), put(b, 63, 1);
  EXPECT_EQ(dot_fixed_point(a, b, -0x1p16f), 0x1p-19f);
  put(a, 63, 1);
  EXPECT_EQ(dot_f64(a, b) - 0x1p16, 0x1p-20);
  EXPECT_EQ(dot_fixed_point(a, b, -0x1p16f), 0);
  // The exponent is the scales', whatever the block holds: here nothing.
  put(a, 0, 0);
  EXPECT_EQ(dot_fixed_point(a, b, 0), 0);
  a.scales[0] = 0;
  EXPECT_EQ(dot_fixed_point(a, b, 0), 0x1p-20f) << "a scale of zero has no exponent";
}

TEST(DotTest, ScalesOfZeroLeaveTheSmallestCAsItIs) {
  // Were zero's exponent that of a subnormal, -6, C would be aligned to the blocks and lose all its bits.
  const Line a = line_of(4, 7, 0), b = line_of(4, 7, 0x38);
  for (const float c : {0x1p-60f, -0x1.234568p-50f, 0x1p-149f}) EXPECT_EQ(dot_fixed_point(a, b, c), c) << c;
}

/// How many of `trials` dot products of one length the model and a sum in order tell apart.
int told_apart(std::mt19937& random, std::size_t k, const Bytes& scales, int trials) {
  int apart = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Line a = drawn(random, k / kBlock, scales), b = drawn(random, k / kBlock, scales);
    apart += bits(dot_fixed_point(a, b, 0)) != bits(forwards(a, b, 0)) ? 1 : 0;
  }
  return apart;
}

TEST(DotTest, NarrowScalesHideTheOrderAndWideOnesShowIt) {
  std::mt19937 random(4);
  for (const std::size_t k : {std::size_t{64}, std::size_t{1024}, std::size_t{4096}})
    EXPECT_EQ(told_apart(random, k, scale_range(0x30, 0x3f), 200), 0) << k;
  // With all scales the more the longer: a test that wants bits equal to another order's must not draw these.
  int before = 200;
  for (const std::size_t k : {std::size_t{64}, std::size_t{256}, std::size_t{1024}}) {
    const int apart = told_apart(random, k, scale_range(0, 0x7e), 2000);
    RecordProperty("of_2000_differ_at_" + std::to_string(k), apart);
    EXPECT_GT(apart, before) << k;
    before = apart;
  }
}

TEST(DotTest, TheModelStaysWithinItsBound) {
  std::mt19937 random(5);
  double worst = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    const std::size_t blocks = 4 << random() % 7;
    const Bytes scales = trial % 3 == 0   ? scale_range(0, 0x7e)
                         : trial % 3 == 1 ? scale_range(0x20, 0x5f)
                                          : Bytes{1, 0x7e};
    const Line a = drawn(random, blocks, scales), b = drawn(random, blocks, scales);
    const float c = trial % 2 == 0
                        ? 0
                        : std::ldexp(static_cast<float>(random() % 4001) - 2000, static_cast<int>(random() % 24) - 12);
    const double off = std::fabs(dot_fixed_point(a, b, c) - (dot_f64(a, b) + c)), bound = fixed_point_bound(a, b, c);
    ASSERT_LE(off, bound) << "K = " << a.k() << ", C = " << c;
    worst = std::max(worst, off / bound);
  }
  RecordProperty("worst_share_of_bound", std::to_string(worst));
  EXPECT_GT(worst, 0.01) << "a bound that nothing comes near says little";
}

TEST(DotTest, TheBoundCountsScalesOfBlocksThatHoldNothing) {
  Line a = line_of(4, 0, 0x38), b = line_of(4, 0, 0x38);
  a.scales[0] = b.scales[0] = 0x78;
  a.scales[3] = b.scales[3] = 0x01;
  put(a, 63, 1), put(b, 63, 1);
  EXPECT_EQ(dot_f64(a, b), 0x1p-20);
  EXPECT_EQ(dot_fixed_point(a, b, 0), 0) << "aligned with 256 * 256";
  EXPECT_GE(fixed_point_bound(a, b, 0), 0x1p-20);
}

TEST(DotTest, ASumOfOneSignIsNeverTooLarge) {
  const Line a = line_of(4 * 64, 7, 0x39), b = line_of(4 * 64, 3, 0x3b);
  EXPECT_LT(dot_fixed_point(a, b, 0x1.fffffep-9f), dot_f64(a, b) + 0x1.fffffep-9);
}

}  // namespace
}  // namespace assay::nvfp4
