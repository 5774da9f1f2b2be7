#include "probes/f16_product.h"

#include <bit>
#include <cmath>

namespace assay::probes {
namespace {

using gate::ChallengeStream;

constexpr std::size_t kStepK = 16;
constexpr std::int32_t kLong = 2047, kShort = 31, kLargestC = (1 << 22) - 1;  // in units
constexpr std::int32_t kLowUnit = -8, kHighUnit = 4;                          // exponents

using Exponents = std::vector<std::int32_t>;

bool draw_sign(ChallengeStream& stream) { return stream.below(2) != 0; }

/// The code of (-1)^negative * integer * 2^unit, a normal number; 1 <= integer < 2^11.
std::uint16_t f16_code(bool negative, std::int32_t integer, std::int32_t unit) {
  const std::int32_t length = std::bit_width(static_cast<std::uint32_t>(integer)) - 1;
  const std::int32_t fraction = (integer << (10 - length)) & 0x3ff;
  return static_cast<std::uint16_t>((negative ? 0x8000 : 0) | (length + unit + 15) << 10 | fraction);
}

Exponents draw_units(ChallengeStream& stream, std::size_t rows) {
  Exponents units(rows);
  for (std::int32_t& unit : units) unit = stream.between(kLowUnit, kHighUnit);
  return units;
}

std::vector<std::uint16_t> draw_integers(ChallengeStream& stream, const Exponents& units, std::size_t k,
                                         std::int32_t largest) {
  std::vector<std::uint16_t> matrix;
  for (const std::int32_t unit : units)
    for (std::size_t i = 0; i < k; ++i) {
      const bool negative = draw_sign(stream);
      matrix.push_back(f16_code(negative, stream.between(1, largest), unit));
    }
  return matrix;
}

std::vector<std::uint16_t> draw_wide(ChallengeStream& stream, std::size_t count) {
  std::vector<std::uint16_t> matrix(count);
  for (std::uint16_t& code : matrix) {
    const std::uint32_t sign = stream.below(2), exponent = 15 - 6 + stream.below(13), fraction = stream.below(1024);
    code = static_cast<std::uint16_t>(sign << 15 | exponent << 10 | fraction);
  }
  return matrix;
}

float draw_wide_c(ChallengeStream& stream) {
  const std::uint32_t sign = stream.below(2), exponent = 127 - 8 + stream.below(21), fraction = stream.below(1 << 23);
  return std::bit_cast<float>(sign << 31 | exponent << 23 | fraction);
}

std::vector<double> values(const std::vector<std::uint16_t>& codes) {
  std::vector<double> decoded;
  for (const std::uint16_t code : codes) decoded.push_back(f16_value(code));
  return decoded;
}

/// scale * the sum of term(C), where it counts, and of term(product) over k, for each element. All columns of a row go
/// on together, each in the order of k: a sum alone would wait for every addition.
template <class Term>
std::vector<float> for_each_element(const F16Product& product, double scale, Term term) {
  const std::vector<double> a = values(product.a), b = values(product.b);
  const std::size_t n = product.n, k = product.k;
  std::vector<double> by_k(n * k), sums(n);
  for (std::size_t column = 0; column < n; ++column)
    for (std::size_t i = 0; i < k; ++i) by_k[i * n + column] = b[column * k + i];
  std::vector<float> d;
  for (std::size_t row = 0; row < product.m; ++row) {
    for (std::size_t column = 0; column < n; ++column)
      sums[column] = product.accumulate ? term(product.c[row * n + column]) : 0;
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t column = 0; column < n; ++column) sums[column] += term(a[row * k + i] * by_k[i * n + column]);
    for (const double sum : sums) d.push_back(static_cast<float>(scale * sum));
  }
  return d;
}

}  // namespace

double f16_value(std::uint16_t code) {
  const int exponent = code >> 10 & 31, fraction = code & 0x3ff;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (code & 0x8000) != 0 ? -magnitude : magnitude;
}

F16Product draw_exact_f16(ChallengeStream& stream, std::size_t m, std::size_t n, std::size_t k, Longer longer) {
  F16Product product{.m = m, .n = n, .k = k, .a = {}, .b = {}, .c = {}};
  const Exponents rows = draw_units(stream, m), columns = draw_units(stream, n);
  product.a = draw_integers(stream, rows, k, longer == Longer::a ? kLong : kShort);
  product.b = draw_integers(stream, columns, k, longer == Longer::b ? kLong : kShort);
  for (const std::int32_t row : rows)
    for (const std::int32_t column : columns) {
      const bool negative = draw_sign(stream);
      const auto c = static_cast<float>(std::ldexp(stream.between(1, kLargestC), row + column));
      product.c.push_back(negative ? -c : c);
    }
  return product;
}

F16Product draw_wide_f16(ChallengeStream& stream, std::size_t m, std::size_t n, std::size_t k) {
  F16Product product{.m = m, .n = n, .k = k, .a = {}, .b = {}, .c = {}};
  product.a = draw_wide(stream, m * k);
  product.b = draw_wide(stream, n * k);
  product.c.resize(m * n);
  for (float& c : product.c) c = draw_wide_c(stream);
  return product;
}

std::vector<float> multiply(const F16Product& product) {
  return for_each_element(product, 1, [](double term) { return term; });
}

std::vector<float> error_bound(const F16Product& product) {
  const std::size_t steps = product.k / kStepK;
  return for_each_element(product, static_cast<double>(steps) * 0x1p-18, [](double term) { return std::fabs(term); });
}

}  // namespace assay::probes
