#include "harness/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>

#include "harness/base/digest.h"
#include "harness/base/json_events.h"

namespace nlohmann {

void PrintTo(const json& value, std::ostream* out) { *out << assay::spelled(value); }

}  // namespace nlohmann

namespace assay {
namespace {

// --- UTF-8 ---

/// Well-formed UTF-8 of more than one byte: Unicode 15.0, table 3-7. Bytes after the second are 80..BF.
struct Utf8Row {
  unsigned char first_low, first_high, second_low, second_high;
  std::size_t length;
};
constexpr std::array kUtf8Rows = {
    Utf8Row{0xC2, 0xDF, 0x80, 0xBF, 2}, Utf8Row{0xE0, 0xE0, 0xA0, 0xBF, 3}, Utf8Row{0xE1, 0xEC, 0x80, 0xBF, 3},
    Utf8Row{0xED, 0xED, 0x80, 0x9F, 3}, Utf8Row{0xEE, 0xEF, 0x80, 0xBF, 3}, Utf8Row{0xF0, 0xF0, 0x90, 0xBF, 4},
    Utf8Row{0xF1, 0xF3, 0x80, 0xBF, 4}, Utf8Row{0xF4, 0xF4, 0x80, 0x8F, 4},
};

/// The length of the character that the text starts with; 0 if that is not well-formed UTF-8.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  for (const Utf8Row& row : kUtf8Rows) {
    if (byte(0) < row.first_low || byte(0) > row.first_high) continue;
    if (text.size() < row.length || byte(1) < row.second_low || byte(1) > row.second_high) return 0;
    for (std::size_t i = 2; i < row.length; ++i)
      if ((byte(i) & 0xC0) != 0x80) return 0;
    return row.length;
  }
  return 0;
}

/// C0, DEL and C1: what a terminal obeys instead of showing.
bool is_control(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  if (character.size() == 1) return last < 0x20 || last == 0x7F;
  return character.size() == 2 && character[0] == '\xC2' && last < 0xA0;
}

/// Calls visit(character, well_formed) for each character, and for each byte that belongs to none; stops at false.
template <class Visit>
bool each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (!visit(text.substr(0, std::max<std::size_t>(length, 1)), length != 0)) return false;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return true;
}

bool is_utf8(std::string_view text) {
  return each_character(text, [](std::string_view, bool well_formed) { return well_formed; });
}
bool has_control(std::string_view text) {
  return !each_character(text, [](std::string_view c, bool well_formed) { return !well_formed || !is_control(c); });
}

// --- Parser ---

constexpr std::string_view kFloatRule =
    "floating-point number or integer beyond 64 bits; write an integer of at most 64 bits";

/// Builds the document from its events, which show what the finished document hides: decoded keys in order, numbers
/// that became floating point, and depth.
class Builder : public JsonEvents {
 public:
  explicit Builder(JsonLimits limits) : limits_(limits) {}
  Json take() { return std::move(root_); }

  Rule null(std::size_t) override { return add(nullptr); }
  Rule boolean(bool value, std::size_t) override { return add(value); }
  Rule string(std::string& value, std::size_t) override { return add(std::move(value)); }
  Rule natural(std::uint64_t value, std::size_t) override {
    return value > INT64_MAX ? Rule(fmt::format("integer over {}", INT64_MAX)) : add(value);
  }
  Rule negative(std::int64_t value, std::size_t) override {
    return value == 0 ? Rule("negative zero; write 0") : add(value);
  }
  Rule floating(double value, std::size_t) override {
    return limits_.floats == Floats::kRefuse ? Rule(kFloatRule) : add(value);
  }
  Rule start_object(std::size_t) override { return open(Json::object()); }
  Rule start_array(std::size_t) override { return open(Json::array()); }
  Rule end_object(std::size_t) override { return close(); }
  Rule end_array(std::size_t) override { return close(); }

  Rule key(std::string& name, std::size_t) override {
    if (has_control(name)) return "control character in key " + in_quotes(name);
    const auto [field, is_new] = open_.back()->emplace(name, nullptr);
    if (!is_new) return "duplicate key " + in_quotes(name);
    slot_ = &*field;
    return std::nullopt;
  }

 private:
  Rule add(Json value) {
    place(std::move(value));
    return std::nullopt;
  }
  Json* place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*slot_ = std::move(value));
  }
  Rule open(Json empty) {
    if (open_.size() == limits_.depth) return fmt::format("nesting over the limit of {}", limits_.depth);
    open_.push_back(place(std::move(empty)));
    return std::nullopt;
  }
  Rule close() {
    open_.pop_back();
    return std::nullopt;
  }

  JsonLimits limits_;
  Json root_;
  std::vector<Json*> open_;  ///< The arrays and objects around the current position.
  Json* slot_ = nullptr;     ///< Where the value of the last key goes.
};

Error refusal(std::string_view text, std::string_view name, std::size_t offset, std::string_view rule) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t column = offset - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0.
  return {fmt::format("{}:{}:{} (offset {}): {}", name, line, column, offset, rule)};
}

// --- Writer ---

/// Why the value itself, leaving out what it holds, cannot be written; empty if it can.
std::string_view unwritable(const Json& value) {
  if (value.is_number_float()) return "floating-point value; write an integer of a smaller unit";
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return "integer over 9223372036854775807";
  if (value.is_string() && !is_utf8(value.get_ref<const std::string&>())) return "string is not UTF-8";
  if (value.is_binary() || value.is_discarded()) return "value that JSON cannot spell";
  return {};
}

/// The first fault in the tree, with its pointer. The writer refuses what the parser would refuse.
std::optional<Error> find_fault(const Json& value, const Json::json_pointer& at) {
  const auto error = [](const Json::json_pointer& where, std::string_view rule) {
    return Error{fmt::format("JSON value at '{}': {}", clean_utf8(where.to_string()), rule)};
  };
  if (const std::string_view rule = unwritable(value); !rule.empty()) return error(at, rule);
  if (value.is_object())
    for (const auto& [key, field] : value.items()) {
      if (!is_utf8(key) || has_control(key)) return error(at / key, "key holds a control character or is not UTF-8");
      if (auto fault = find_fault(field, at / key)) return fault;
    }
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto fault = find_fault(value[i], at / i)) return fault;
  return std::nullopt;
}

Result<std::string> write(const Json& value, int indent) {
  if (auto fault = find_fault(value, Json::json_pointer())) return *std::move(fault);
  return value.dump(indent);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view name, JsonLimits limits) {
  if (text.size() > limits.bytes)
    return refusal(text, name, 0, fmt::format("{} bytes, over the limit of {}", text.size(), limits.bytes));
  Builder builder(limits);
  if (const auto fault = read_json_events(text, builder, kFloatRule))
    return refusal(text, name, fault->offset, fault->rule);
  return builder.take();
}

Result<std::string> canonical_json(const Json& value) { return write(value, -1); }

Result<std::string> pretty_json(const Json& value) {
  Result<std::string> text = write(value, 2);
  if (text) *text += '\n';
  return text;
}

std::string spelled(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string clean_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  each_character(text, [&](std::string_view c, bool well_formed) {
    const bool keep = well_formed && (!is_control(c) || c == "\n" || c == "\t");
    clean += keep ? c : std::string_view("\uFFFD");
    return true;
  });
  return clean;
}

// --- ObjectReader ---

ObjectReader::ObjectReader(const Json& object, std::string where) : object_(&object), where_(std::move(where)) {
  if (!object.is_object()) fault_ = fmt::format("{}: expected an object, found {}", where_, object.type_name());
}

void ObjectReader::fault(std::string_view key, std::string_view rule) {
  if (fault_.empty()) fault_ = fmt::format("{}: field {}: {}", where_, in_quotes(key), rule);
}

bool ObjectReader::has(std::string_view key) const { return object_->is_object() && object_->contains(key); }

/// The field if it is there, marked as read.
const Json* ObjectReader::find(std::string_view key) {
  read_.emplace_back(key);
  return has(key) ? &*object_->find(key) : nullptr;
}

const Json& ObjectReader::typed(std::string_view key, Json::value_t type) {
  static const Json kEmptyObject = Json::object(), kEmptyArray = Json::array(), kEmptyString = "", kFalse = false;
  const Json* field = find(key);
  if (field && field->type() == type) return *field;
  const Json& empty = type == Json::value_t::object   ? kEmptyObject
                      : type == Json::value_t::array  ? kEmptyArray
                      : type == Json::value_t::string ? kEmptyString
                                                      : kFalse;
  fault(key, field ? fmt::format("expected {}, found {}", empty.type_name(), field->type_name()) : "missing");
  return empty;
}

std::string ObjectReader::string(std::string_view key) {
  return typed(key, Json::value_t::string).get_ref<const std::string&>();
}
std::string ObjectReader::string_or(std::string_view key, std::string_view fallback) {
  return has(key) ? string(key) : std::string(fallback);
}
bool ObjectReader::boolean(std::string_view key) { return typed(key, Json::value_t::boolean).get<bool>(); }
const Json& ObjectReader::object(std::string_view key) { return typed(key, Json::value_t::object); }
const Json& ObjectReader::array(std::string_view key) { return typed(key, Json::value_t::array); }

const Json& ObjectReader::any(std::string_view key) {
  static const Json kNull;
  const Json* field = find(key);
  if (!field) fault(key, "missing");
  return field ? *field : kNull;
}

std::int64_t ObjectReader::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  const Json& field = any(key);
  if (!field.is_number_integer()) {
    fault(key,
          fmt::format("expected integer, found {}", field.is_number_float() ? "floating point" : field.type_name()));
    return std::clamp<std::int64_t>(0, low, high);
  }
  const bool beyond = field.is_number_unsigned() && field.get<std::uint64_t>() > INT64_MAX;
  const auto value = beyond ? INT64_MAX : field.get<std::int64_t>();
  if (beyond || value < low || value > high)
    fault(key, fmt::format("{} is not in {} to {}", spelled(field), low, high));
  return std::clamp(value, low, high);
}

std::string ObjectReader::sha256(std::string_view key, bool allow_empty) {
  std::string text = string(key);
  if (is_sha256_hex(text) || (allow_empty && text.empty())) return text;
  fault(key, fmt::format("expected 64 lower-case hex digits, found {}", in_quotes(text)));
  return {};
}

Status ObjectReader::finish() {
  if (fault_.empty())
    for (const auto& [key, field] : object_->items())
      if (std::ranges::find(read_, key) == read_.end()) fault(key, "unknown");
  if (!fault_.empty()) return Error{fault_};
  return ok();
}

}  // namespace assay
