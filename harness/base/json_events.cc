#include "harness/base/json_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/base/json.h"

namespace assay {
namespace {

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

/// Gives each event of the parser its offset.
class Positions : public nlohmann::json_sax<Json> {
 public:
  Positions(std::string_view text, JsonEvents& receiver, std::string_view beyond_range)
      : text_(text), receiver_(receiver), beyond_range_(beyond_range), read_(text.data()) {}

  std::optional<JsonFault> run() {
    const char* end = text_.data() + text_.size();
    if (Json::sax_parse(CountingIterator{text_.data(), &read_}, CountingIterator{end, &read_}, this))
      return std::nullopt;
    return std::move(fault_);
  }

  bool null() override { return token(receiver_.null(start())); }
  bool boolean(bool value) override { return token(receiver_.boolean(value, start())); }
  bool string(string_t& value) override { return token(receiver_.string(value, start())); }
  bool binary(binary_t&) override { return token("binary value"); }
  bool number_float(number_float_t value, const string_t&) override {
    return number(receiver_.floating(value, start()));
  }
  bool number_integer(number_integer_t value) override { return number(receiver_.negative(value, start())); }
  bool number_unsigned(number_unsigned_t value) override { return number(receiver_.natural(value, start())); }
  bool start_object(std::size_t) override { return token(receiver_.start_object(start())); }
  bool start_array(std::size_t) override { return token(receiver_.start_array(start())); }
  bool end_object() override { return token(receiver_.end_object(start())); }
  bool end_array() override { return token(receiver_.end_array(start())); }
  bool key(string_t& name) override { return token(receiver_.key(name, start())); }

  /// The refused token starts where the next one is due, or at the last character read if that is a separator too many.
  bool parse_error(std::size_t characters_read, const std::string&, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) return refuse(start(), std::string(beyond_range_));
    const std::size_t at = std::min(start(), characters_read - 1);
    const std::string_view unexpected = text_.substr(at, characters_read - at);
    return refuse(
        at, unexpected.empty() ? "not JSON: the text ends too early" : "not JSON: unexpected " + in_quotes(unexpected));
  }

 private:
  /// Where the token of the current event starts: after the last event's, and the separators between.
  std::size_t start() const { return std::min(text_.find_first_not_of(" \t\r\n,:", token_end_), text_.size()); }

  bool refuse(std::size_t at, std::string rule) {
    fault_ = JsonFault{at, std::move(rule)};
    return false;
  }
  bool token(JsonEvents::Rule rule) { return close(std::move(rule), static_cast<std::size_t>(read_ - text_.data())); }
  /// Numbers have no closing mark: the parser has read one character more.
  bool number(JsonEvents::Rule rule) {
    return close(std::move(rule), text_.find_first_not_of("+-.0123456789eE", start()));
  }
  bool close(JsonEvents::Rule rule, std::size_t end) {
    if (rule) return refuse(start(), *std::move(rule));
    token_end_ = std::min(end, text_.size());
    return true;
  }

  std::string_view text_;
  JsonEvents& receiver_;
  std::string_view beyond_range_;
  const char* read_;
  std::size_t token_end_ = 0;
  std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> read_json_events(std::string_view text, JsonEvents& receiver, std::string_view beyond_range) {
  if (text.starts_with("\xEF\xBB\xBF")) return JsonFault{0, "byte-order mark; write plain UTF-8"};
  // The parser takes a NUL for the end of the text, whatever follows.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) return JsonFault{nul, "NUL byte"};
  return Positions(text, receiver, beyond_range).run();
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 48;
  std::string shown = clean_utf8(text.substr(0, kShown));
  std::ranges::replace_if(
      shown, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return fmt::format("'{}{}'", shown, text.size() > kShown ? "..." : "");
}

}  // namespace assay
