#include "probes/warp_mma.h"

#include <algorithm>
#include <cmath>

namespace assay::probes {
namespace {

std::int32_t draw_signed(gate::ChallengeStream& stream, std::int32_t largest) {
  const std::int32_t magnitude = stream.between(1, largest);
  return stream.below(2) == 0 ? magnitude : -magnitude;
}

/// Sign, full 24-bit significand, exponent in [low, high].
float draw_float(gate::ChallengeStream& stream, std::int32_t low, std::int32_t high) {
  const std::int32_t significand = stream.between(1 << 23, (1 << 24) - 1);
  const float magnitude = std::ldexp(static_cast<float>(significand), stream.between(low, high) - 23);
  return stream.below(2) == 0 ? magnitude : -magnitude;
}

/// Calls visit(index in D, row of A, column of B) for every element of D.
template <class Visit>
void for_each_element(const Matrices& m, Visit visit) {
  for (std::size_t tile = 0; tile < kTiles; ++tile)
    for (std::size_t row = 0; row < kRows; ++row)
      for (std::size_t column = 0; column < kColumns; ++column)
        visit((tile * kRows + row) * kColumns + column, &m.a[(tile * kRows + row) * m.k],
              &m.b[(tile * kColumns + column) * m.k]);
}

gate::Case make_case(std::string name, std::string_view entry, const Matrices& m, Encode encode,
                     std::vector<float> bound) {
  return {
      .name = std::move(name),
      .entry = std::string(entry),
      .launch = {.grid = {kTiles}, .block = {32}},
      .arguments = {gate::Input{"a", encode(m.a)}, gate::Input{"b", encode(m.b)}, gate::Input{"c", gate::bytes_of(m.c)},
                    gate::Output{"d", gate::bytes_of(multiply(m)), std::move(bound)}},
      .hidden = {}};
}

}  // namespace

Matrices draw_exact(gate::ChallengeStream& stream, std::size_t k, const ExactRange& range) {
  Matrices m{.k = k, .a = {}, .b = {}, .c = {}};
  const auto draw = [&](std::vector<float>& to, std::size_t count, std::int32_t largest, std::int32_t unit) {
    for (std::size_t i = 0; i < count; ++i)
      to.push_back(std::ldexp(static_cast<float>(draw_signed(stream, largest)), unit));
  };
  for (std::size_t tile = 0; tile < kTiles; ++tile) {
    const std::int32_t unit_a = stream.between(range.low_unit, range.high_unit);
    const std::int32_t unit_b = stream.between(range.low_unit, range.high_unit);
    const bool a_is_larger = tile % 2 == 0;
    draw(m.a, kRows * k, a_is_larger ? range.larger : range.smaller, unit_a);
    draw(m.b, kColumns * k, a_is_larger ? range.smaller : range.larger, unit_b);
    draw(m.c, kRows * kColumns, range.c, unit_a + unit_b);
  }
  return m;
}

Matrices draw_wide(gate::ChallengeStream& stream, std::size_t k, const WideRange& range) {
  Matrices m{.k = k,
             .a = std::vector<float>(kTiles * kRows * k),
             .b = std::vector<float>(kTiles * kColumns * k),
             .c = std::vector<float>(kTiles * kRows * kColumns)};
  for (float& value : m.a) value = range.draw(stream);
  for (float& value : m.b) value = range.draw(stream);
  for (float& value : m.c) value = draw_float(stream, range.c_low, range.c_high);
  return m;
}

std::vector<float> multiply(const Matrices& m) {
  std::vector<float> d(m.c.size());
  for_each_element(m, [&](std::size_t i, const float* a, const float* b) {
    double sum = m.c[i];
    for (std::size_t k = 0; k < m.k; ++k) sum += static_cast<double>(a[k]) * b[k];
    d[i] = static_cast<float>(sum);
  });
  return d;
}

std::vector<float> error_bound(const Matrices& m, const WideRange& range) {
  const auto magnitude = [&](float operand) { return std::max<double>(std::fabs(operand), range.least_normal); };
  const double events = std::ldexp(2 * static_cast<double>(m.k) + 1, -range.fraction_bits);
  std::vector<float> bound(m.c.size());
  for_each_element(m, [&](std::size_t i, const float* a, const float* b) {
    double largest = std::fabs(m.c[i]);
    for (std::size_t k = 0; k < m.k; ++k) largest += magnitude(a[k]) * magnitude(b[k]);
    bound[i] = static_cast<float>(events * largest);
  });
  return bound;
}

gate::Probe make_warp_mma(const gate::Seed& seed, gate::Source source, std::size_t k, const ExactRange& exact_range,
                          const WideRange& wide_range, Encode encode, std::vector<std::string_view> mnemonics) {
  gate::ChallengeStream stream(seed, "inputs");
  const Matrices exact = draw_exact(stream, k, exact_range);
  const Matrices wide = draw_wide(stream, k, wide_range);
  Matrices changed = exact;
  float& flipped = changed.a[stream.below(static_cast<std::uint32_t>(changed.a.size()))];
  flipped = -flipped;
  const std::string_view entry = source.stem;
  return {.source = source,
          .witness_text = std::string(source.text),
          .cases = {make_case("exact range", entry, exact, encode, {}),
                    make_case("wide range", entry, wide, encode, error_bound(wide, wide_range))},
          .negative = make_case("exact range, the sign of one element of A flipped", entry, changed, encode, {}),
          .mnemonics = std::move(mnemonics)};
}

}  // namespace assay::probes
