#include "reports/wording.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

/// The first line, of printable ASCII alone: nothing that turns the direction of a text, hides in it, or ends it.
std::string first_line(std::string_view text, std::size_t limit) {
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  std::ranges::replace(line, '\t', ' ');
  std::ranges::replace_if(
      line, [](char c) { return c < ' ' || c > '~'; }, '?');
  return line.size() <= limit ? line : line.substr(0, limit) + "...";
}

}  // namespace

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string with_article(std::string_view noun) {
  const bool vowel = !noun.empty() && std::string_view("AEIOUaeiou").find(noun.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel || noun.starts_with("NVIDIA") ? "an" : "a", noun);
}

std::string listed(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  const auto last = items.end() - 1;
  if (items.size() == 1) return *last;
  return fmt::format("{} and {}", fmt::join(items.begin(), last, ", "), *last);
}

std::string capitalised(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

std::string decimal(std::int64_t value, std::int64_t scale, int digits) {
  std::int64_t parts = 1;
  for (int i = 0; i < digits; ++i) parts *= 10;
  std::int64_t whole = value / scale;
  // The remainder is smaller than the scale, so this stays far from overflow for every scale used here.
  std::int64_t part = ((value % scale) * parts + scale / 2) / scale;
  if (part == parts) {
    ++whole;
    part = 0;
  }
  return digits == 0 ? fmt::format("{}", whole) : fmt::format("{}.{:0{}}", whole, part, digits);
}

std::string measured(const Json& value, std::string_view unit) {
  if (value.is_string()) return name_of(value.get_ref<const std::string&>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_number_integer()) return "nothing";
  const auto number = value.get<std::int64_t>();
  if (unit == "B/s") return decimal(number, 1'000'000'000, 1) + " GB/s";
  if (unit == "kHz") return decimal(number, 1000, number % 1000 == 0 ? 0 : 1) + " MHz";
  if (unit == "mW") return decimal(number, 1000, 1) + " W";
  return unit.empty() ? fmt::format("{}", number) : fmt::format("{} {}", number, unit);
}

std::string time_of(std::int64_t ns) {
  if (ns >= 1'000'000) return decimal(ns, 1'000'000, 3) + " ms";
  if (ns >= 1000) return decimal(ns, 1000, 2) + " us";
  return fmt::format("{} ns", ns);
}

std::string name_of(std::string_view text) { return first_line(text, 80); }

std::string in_quotes(std::string_view text) {
  std::string line = first_line(text, 160);
  std::ranges::replace(line, '"', '\'');
  return fmt::format("\"{}\"", line);
}

}  // namespace assay::reports
