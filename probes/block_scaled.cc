#include "probes/block_scaled.h"

#include <algorithm>
#include <cmath>

#include "kernels/nvfp4/formats.h"

namespace assay::probes {
namespace {

using Codes = std::vector<std::uint8_t>;

constexpr std::size_t kWord = 4;  // scales in a word

/// Codes low .. high, inclusive.
Codes codes_between(std::int32_t low, std::int32_t high) {
  Codes codes;
  for (std::int32_t code = low; code <= high; ++code) codes.push_back(static_cast<std::uint8_t>(code));
  return codes;
}

std::uint8_t draw_one(gate::ChallengeStream& stream, const Codes& codes) {
  return codes[stream.below(static_cast<std::uint32_t>(codes.size()))];
}

template <class T>
void shuffle(gate::ChallengeStream& stream, std::vector<T>& values) {
  for (std::size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[stream.below(static_cast<std::uint32_t>(left))]);
}

/// `count` elements; the two of a byte differ.
Codes draw_elements(gate::ChallengeStream& stream, const Codes& codes, std::size_t count) {
  Codes drawn;
  while (drawn.size() < count) {
    std::uint8_t code = draw_one(stream, codes);
    while (drawn.size() % 2 == 1 && code == drawn.back()) code = draw_one(stream, codes);
    drawn.push_back(code);
  }
  return drawn;
}

/// Whether the deck's first cards would repeat one of the word that is not full yet.
bool repeats_in_word(const Codes& dealt, const Codes& deck) {
  const std::size_t begun = dealt.size() % kWord;
  if (begun == 0) return false;
  return std::find_first_of(dealt.end() - static_cast<std::ptrdiff_t>(begun), dealt.end(), deck.begin(),
                            deck.begin() + static_cast<std::ptrdiff_t>(kWord - begun)) != dealt.end();
}

/// `count` scales, each code of the deck once before any comes again; the four of a word differ.
Codes deal_scales(gate::ChallengeStream& stream, Codes deck, std::size_t count) {
  Codes dealt;
  while (dealt.size() < count) {
    do shuffle(stream, deck);
    while (repeats_in_word(dealt, deck));
    dealt.insert(dealt.end(), deck.begin(), deck.end());
  }
  dealt.resize(count);
  return dealt;
}

/// `count` units, each exponent of the range once before any comes again.
std::vector<std::int32_t> deal_units(gate::ChallengeStream& stream, const ScaleFormat& scale, std::size_t count) {
  std::vector<std::int32_t> deck, dealt;
  for (std::int32_t unit = scale.low_unit; unit <= scale.high_unit; ++unit) deck.push_back(unit);
  while (dealt.size() < count) {
    shuffle(stream, deck);
    dealt.insert(dealt.end(), deck.begin(), deck.end());
  }
  dealt.resize(count);
  return dealt;
}

/// The scales of one line, a row of A or a column of B: what may be drawn there.
struct ScaleRange {
  ExactScales kind = ExactScales::any;
  std::int32_t limit = 0;  ///< In units.
};

bool is_power_of_two(double value) {
  int exponent = 0;
  return std::frexp(value, &exponent) == 0.5;
}

/// The codes of scales that are 1 .. limit units.
Codes scales_within(const ScaleFormat& scale, const ScaleRange& range, std::int32_t unit) {
  Codes codes;
  for (const std::uint8_t code : scale.codes) {
    const double units = std::ldexp(scale.value(code), -unit);
    if (units != std::floor(units) || units > range.limit) continue;
    if (range.kind == ExactScales::any || is_power_of_two(units)) codes.push_back(code);
  }
  return codes;
}

Codes draw_exact_scales(gate::ChallengeStream& stream, const ScaleFormat& scale, const ScaleRange& range,
                        const std::vector<std::int32_t>& units, std::size_t each) {
  Codes drawn;
  for (const std::int32_t unit : units) {
    const Codes line = deal_scales(stream, scales_within(scale, range, unit), each);
    drawn.insert(drawn.end(), line.begin(), line.end());
  }
  return drawn;
}

constexpr std::int32_t kExactSum = (1 << 24) - 1;  // what float32 keeps, in units
constexpr std::int32_t kLeastC = 1 << 16, kLargestC = 1 << 22;

struct ScaleLimits {
  std::int32_t a = 0, b = 0, c = 0;
};

/// Shares among the scales of A, those of B and C what the elements leave of the exact sum.
ScaleLimits draw_limits(gate::ChallengeStream& stream, const BlockFormat& format, std::size_t k, ExactScales kind) {
  const std::int32_t products = static_cast<std::int32_t>(k) * format.a.largest * format.b.largest;
  const std::int32_t left = (kExactSum - kLeastC) / products;
  ScaleLimits limits;
  if (kind == ExactScales::powers_of_two) {
    const std::int32_t bits = static_cast<std::int32_t>(std::ilogb(left)), of_a = stream.between(3, bits - 3);
    limits.a = 1 << of_a, limits.b = 1 << (bits - of_a);
  } else {
    limits.a = stream.between(15, left / 15), limits.b = left / limits.a;
  }
  limits.c = std::min(kLargestC, kExactSum - products * limits.a * limits.b);
  return limits;
}

std::int32_t draw_signed(gate::ChallengeStream& stream, std::int32_t largest) {
  const std::int32_t magnitude = stream.between(1, largest);
  return stream.below(2) == 0 ? magnitude : -magnitude;
}

/// Calls visit(row, column) for every element of D in order.
template <class Visit>
void for_each_element(const ScaledMatrices& s, Visit visit) {
  for (std::size_t row = 0; row < s.m; ++row)
    for (std::size_t column = 0; column < s.n; ++column) visit(row, column);
}

/// Elements times their scales, which double holds without rounding, as it does the products of two of them.
std::vector<double> scaled(const Codes& codes, const ElementFormat& element, const Codes& scales,
                           const BlockFormat& format) {
  std::vector<double> values;
  for (std::size_t i = 0; i < codes.size(); ++i)
    values.push_back(static_cast<double>(element.value(codes[i])) * format.scale.value(scales[i / format.block]));
  return values;
}

/// The same without signs, subnormals counted as the least normal.
std::vector<double> magnitudes(const Codes& codes, const ElementFormat& element, const Codes& scales,
                               const BlockFormat& format) {
  std::vector<double> values;
  for (std::size_t i = 0; i < codes.size(); ++i)
    values.push_back(std::max<double>(std::fabs(element.value(codes[i])), element.least_normal) *
                     std::max<double>(format.scale.value(scales[i / format.block]), format.scale.least_normal));
  return values;
}

/// Rows of A and columns of B, K values each, one after the other.
struct Operands {
  std::vector<double> a, b;
  std::size_t k = 0;

  /// `start` plus the products of a row and a column, in the order of K.
  double sum(std::size_t row, std::size_t column, double start) const {
    for (std::size_t i = 0; i < k; ++i) start += a[row * k + i] * b[column * k + i];
    return start;
  }
};

Operands scaled_operands(const ScaledMatrices& s, const BlockFormat& format) {
  return {scaled(s.a, format.a, s.scale_a, format), scaled(s.b, format.b, s.scale_b, format), s.k};
}

/// Those whose sums are sums of |products|.
Operands magnitudes_of_operands(const ScaledMatrices& s, const BlockFormat& format) {
  return {magnitudes(s.a, format.a, s.scale_a, format), magnitudes(s.b, format.b, s.scale_b, format), s.k};
}

ScaledMatrices nothing_drawn(const ProblemShape& shape, const BlockFormat& format) {
  return {.m = shape.m,
          .n = shape.n,
          .k = shape.k,
          .block = format.block,
          .a = {},
          .b = {},
          .scale_a = {},
          .scale_b = {},
          .c = {}};
}

}  // namespace

ElementFormat e2m1_elements() {
  ElementFormat format{.value = nvfp4::e2m1_value,
                       .exact = codes_between(1, 7),
                       .unit = 0.5,
                       .largest = 12,
                       .wide = codes_between(0, 15),
                       .least_normal = 1};
  const Codes negative = codes_between(9, 15);
  format.exact.insert(format.exact.end(), negative.begin(), negative.end());
  return format;
}

ElementFormat e4m3_elements(std::int32_t unit_exponent) {
  ElementFormat format{.value = nvfp4::e4m3_value,
                       .exact = {},
                       .unit = std::ldexp(1.0, unit_exponent),
                       .largest = 15,
                       .wide = codes_between(0, 0x7e),
                       .least_normal = 0x1p-6};
  const Codes negative = codes_between(0x80, 0xfe);
  format.wide.insert(format.wide.end(), negative.begin(), negative.end());
  for (std::int32_t units = 1; units <= format.largest; ++units)
    for (const double value : {format.unit * units, -format.unit * units})
      format.exact.push_back(nvfp4::e4m3_code(static_cast<float>(value)).value());
  return format;
}

ScaleFormat ue4m3_scales() {
  return {.value = nvfp4::e4m3_value,
          .low_unit = -9,
          .high_unit = 5,
          .codes = codes_between(1, 0x7e),
          .wide = codes_between(1, 0x7e),
          .least_normal = 0x1p-6};
}

ScaleFormat normal_ue4m3_scales() {
  ScaleFormat format = ue4m3_scales();
  format.low_unit = -6;
  return format;
}

ScaleFormat subnormal_ue4m3_scales() {
  constexpr std::int32_t kLargest = 0x18;
  ScaleFormat format = ue4m3_scales();
  format.high_unit = -7;
  format.codes = codes_between(1, kLargest);
  return format;
}

ScaleFormat ue8m0_scales() {
  constexpr std::int32_t kOne = 127;
  return {.value = nvfp4::ue8m0_value,
          .low_unit = -30,
          .high_unit = 30,
          .codes = codes_between(kOne - 39, kOne + 39),
          .wide = codes_between(kOne - 24, kOne + 24),
          .least_normal = 0x1p-126};
}

BlockFormat nvfp4_format() {
  return {.a = e2m1_elements(), .b = e2m1_elements(), .scale = ue4m3_scales(), .block = 16};
}

BlockFormat mxfp4_format() {
  return {.a = e2m1_elements(), .b = e2m1_elements(), .scale = ue8m0_scales(), .block = 32};
}

ScaledMatrices draw_exact(gate::ChallengeStream& stream, const ProblemShape& shape, const BlockFormat& format,
                          ExactScales kind) {
  ScaledMatrices s = nothing_drawn(shape, format);
  const ScaleLimits limits = draw_limits(stream, format, s.k, kind);
  const auto units_a = deal_units(stream, format.scale, s.m), units_b = deal_units(stream, format.scale, s.n);
  s.a = draw_elements(stream, format.a.exact, s.m * s.k);
  s.b = draw_elements(stream, format.b.exact, s.n * s.k);
  s.scale_a = draw_exact_scales(stream, format.scale, {kind, limits.a}, units_a, s.k / s.block);
  s.scale_b = draw_exact_scales(stream, format.scale, {kind, limits.b}, units_b, s.k / s.block);
  for_each_element(s, [&](std::size_t row, std::size_t column) {
    const double unit = std::ldexp(format.a.unit * format.b.unit, units_a[row] + units_b[column]);
    s.c.push_back(static_cast<float>(draw_signed(stream, limits.c) * unit));
  });
  return s;
}

ScaledMatrices draw_wide(gate::ChallengeStream& stream, const ProblemShape& shape, const BlockFormat& format) {
  ScaledMatrices s = nothing_drawn(shape, format);
  s.a = draw_elements(stream, format.a.wide, s.m * s.k);
  s.b = draw_elements(stream, format.b.wide, s.n * s.k);
  s.scale_a = deal_scales(stream, format.scale.wide, s.m * (s.k / s.block));
  s.scale_b = deal_scales(stream, format.scale.wide, s.n * (s.k / s.block));
  const Operands magnitudes = magnitudes_of_operands(s, format);
  for_each_element(s, [&](std::size_t row, std::size_t column) {
    const std::int32_t significand = draw_signed(stream, kExactSum);
    const std::int32_t exponent = std::ilogb(magnitudes.sum(row, column, 0)) - stream.between(0, 12);
    s.c.push_back(std::ldexp(static_cast<float>(significand), exponent - 24));
  });
  return s;
}

std::vector<float> multiply(const ScaledMatrices& s, const BlockFormat& format) {
  const Operands operands = scaled_operands(s, format);
  std::vector<float> d;
  for_each_element(s, [&](std::size_t row, std::size_t column) {
    d.push_back(static_cast<float>(operands.sum(row, column, s.c[row * s.n + column])));
  });
  return d;
}

std::vector<float> error_bound(const ScaledMatrices& s, const BlockFormat& format) {
  const double events = std::ldexp(3.5 * static_cast<double>(s.k) + 4, -25);
  const Operands magnitudes = magnitudes_of_operands(s, format);
  std::vector<float> bound;
  for_each_element(s, [&](std::size_t row, std::size_t column) {
    const double largest = std::fabs(s.c[row * s.n + column]) + magnitudes.sum(row, column, 0);
    bound.push_back(static_cast<float>(events * largest));
  });
  return bound;
}

std::vector<std::uint8_t> two_a_byte(const std::vector<std::uint8_t>& codes) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < codes.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(codes[i] | codes[i + 1] << 4));
  return bytes;
}

}  // namespace assay::probes
