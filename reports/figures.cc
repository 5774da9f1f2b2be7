#include "reports/figures.h"

#include <array>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

/// Three significant digits of a value that is below 1000.
std::string three_digits(double value) {
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  return value >= 9.995 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::string figure(std::int64_t value, std::string_view unit) {
  constexpr std::array<std::string_view, 6> kPrefixes = {"", "k", "M", "G", "T", "P"};
  if (value < 1000) return fmt::format("{} {}", value, unit);
  auto scaled = static_cast<double>(value);
  std::size_t prefix = 0;
  while (scaled >= 999.5 && prefix + 1 < kPrefixes.size()) {
    scaled /= 1000;
    ++prefix;
  }
  return fmt::format("{} {}{}", three_digits(scaled), kPrefixes[prefix], unit);
}

std::string duration(std::int64_t nanoseconds) {
  constexpr std::array<std::string_view, 4> kUnits = {"ns", "us", "ms", "s"};
  if (nanoseconds < 1000) return fmt::format("{} ns", nanoseconds);
  auto scaled = static_cast<double>(nanoseconds);
  std::size_t unit = 0;
  while (scaled >= 999.5 && unit + 1 < kUnits.size()) {
    scaled /= 1000;
    ++unit;
  }
  return fmt::format("{} {}", three_digits(scaled), kUnits[unit]);
}

std::string thousandths(std::int64_t value) { return three_digits(static_cast<double>(value) / 1000); }

std::string value_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return spelled(value);
  std::string text;
  for (const Json& one : value) text += (text.empty() ? "" : ", ") + value_text(one);
  return text;
}

std::string value_text(const Json& value, std::string_view unit) {
  const bool bare = unit.empty() || value.is_null();
  return bare ? value_text(value) : fmt::format("{} {}", value_text(value), unit);
}

}  // namespace assay::reports
