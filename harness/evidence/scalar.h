// What was measured: an integer, a string or a boolean, or null: could not be read. Tested by
// tests/evidence/scalar_test.cc.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "harness/base/json_fwd.h"

namespace assay::evidence {

template <class T>
concept FitsScalar = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                     std::numeric_limits<T>::digits <= std::numeric_limits<std::int64_t>::digits;

class Scalar {
 public:
  // Implicit, as a measured value is written where it is measured. A 64-bit unsigned integer has to be narrowed by who
  // knows that it fits.
  Scalar() = default;
  Scalar(std::nullptr_t) {}
  template <FitsScalar T>
  Scalar(T integer) : value_(static_cast<std::int64_t>(integer)) {}
  template <std::same_as<bool> T>
  Scalar(T boolean) : value_(boolean) {}
  Scalar(std::string text) : value_(std::move(text)) {}
  Scalar(std::string_view text) : value_(std::string(text)) {}
  Scalar(const char* text) : value_(std::string(text)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }

  /// Each only of what is one.
  std::int64_t integer() const { return std::get<std::int64_t>(value_); }
  const std::string& string() const { return std::get<std::string>(value_); }
  std::string& string() { return std::get<std::string>(value_); }

  bool operator==(const Scalar&) const = default;

 private:
  friend void to_json(Json&, const Scalar&);
  std::variant<std::monostate, std::int64_t, bool, std::string> value_;
};

void to_json(Json&, const Scalar&);
/// False: a value of another type, or an integer beyond 64 bits; the scalar is left alone.
bool read_scalar(const Json&, Scalar&);

/// As JSON spells it: a string in quotes.
std::string to_string(const Scalar&);

}  // namespace assay::evidence
