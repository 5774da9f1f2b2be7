#include "harness/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <ostream>

#include "harness/base/digest.h"

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

/// Text of a stranger, for a message of one line.
std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 48;
  std::string shown = clean_utf8(text.substr(0, kShown));
  std::ranges::replace_if(
      shown, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return fmt::format("'{}{}'", shown, text.size() > kShown ? "..." : "");
}

// --- Parser ---

constexpr std::string_view kFloatRule =
    "floating-point number or integer beyond 64 bits; write an integer of at most 64 bits";

/// Hands the text to the parser and leaves, in *read, how far it came: events carry no position of their own.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** read;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    *read = ++at;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
};

/// Builds the document from the parser's events, which show what the finished document hides: decoded keys in order,
/// numbers that became floating point, and depth.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, JsonLimits limits) : text_(text), limits_(limits), read_(text.data()) {}

  bool run() {
    const char* end = text_.data() + text_.size();
    return Json::sax_parse(CountingIterator{text_.data(), &read_}, CountingIterator{end, &read_}, this);
  }
  Json take() { return std::move(root_); }
  std::size_t fault_offset() const { return fault_offset_; }
  const std::string& rule() const { return rule_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary value"); }
  bool number_float(number_float_t, const string_t&) override { return refuse(std::string(kFloatRule)); }
  bool number_integer(number_integer_t value) override {
    // The parser sends here only what starts with '-'.
    return value == 0 ? refuse("negative zero; write 0") : add_number(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return value > INT64_MAX ? refuse(fmt::format("integer over {}", INT64_MAX)) : add_number(value);
  }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (has_control(name)) return refuse("control character in key " + quote(name));
    const auto [field, is_new] = open_.back()->emplace(name, nullptr);
    if (!is_new) return refuse("duplicate key " + quote(name));
    slot_ = &*field;
    return step();
  }

  /// The refused token starts where the next one is due, or at the last character read if that is a separator too many.
  bool parse_error(std::size_t characters_read, const std::string&, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) return refuse(std::string(kFloatRule));
    fault_offset_ = std::min(start(), characters_read - 1);
    const std::string_view token = text_.substr(fault_offset_, characters_read - fault_offset_);
    rule_ = token.empty() ? "not JSON: the text ends too early" : "not JSON: unexpected " + quote(token);
    return false;
  }

 private:
  std::size_t offset() const { return static_cast<std::size_t>(read_ - text_.data()); }
  /// Where the token of the current event starts: after the last event's, and the separators between.
  std::size_t start() const { return std::min(text_.find_first_not_of(" \t\r\n,:", token_end_), text_.size()); }

  bool refuse(std::string rule) {
    fault_offset_ = start();
    rule_ = std::move(rule);
    return false;
  }
  bool step() {
    token_end_ = offset();
    return true;
  }
  /// Numbers have no closing mark: the parser has read one character more.
  template <class Integer>
  bool add_number(Integer value) {
    const std::size_t end = text_.find_first_not_of("-0123456789", start());
    place(value);
    token_end_ = std::min(end, text_.size());
    return true;
  }
  bool add(Json value) {
    place(std::move(value));
    return step();
  }
  Json* place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*slot_ = std::move(value));
  }
  bool open(Json empty) {
    if (open_.size() == limits_.depth) return refuse(fmt::format("nesting over the limit of {}", limits_.depth));
    open_.push_back(place(std::move(empty)));
    return step();
  }
  bool close() {
    open_.pop_back();
    return step();
  }

  std::string_view text_;
  JsonLimits limits_;
  const char* read_;
  std::size_t token_end_ = 0;
  Json root_;
  std::vector<Json*> open_;  ///< The arrays and objects around the current position.
  Json* slot_ = nullptr;     ///< Where the value of the last key goes.
  std::size_t fault_offset_ = 0;
  std::string rule_;
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
  if (text.starts_with("\xEF\xBB\xBF")) return refusal(text, name, 0, "byte-order mark; write plain UTF-8");
  // The parser takes a NUL for the end of the text, whatever follows.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) return refusal(text, name, nul, "NUL byte");
  Builder builder(text, limits);
  if (!builder.run()) return refusal(text, name, builder.fault_offset(), builder.rule());
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
  if (fault_.empty()) fault_ = fmt::format("{}: field {}: {}", where_, quote(key), rule);
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
  fault(key, fmt::format("expected 64 lower-case hex digits, found {}", quote(text)));
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
