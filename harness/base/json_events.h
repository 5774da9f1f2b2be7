// What stands in a JSON text, one event after another, each with the byte at which it starts.
//
// A document whose order, offsets or size matter is read from its events: a tree forgets them, and costs ten times the
// text in memory. The parser is nlohmann-json, whose events carry no position; this layer finds it. What any JSON may
// not hold for us is refused before the first event: a byte-order mark and NUL bytes. What a document of one kind may
// not hold, its reader refuses. Tested by tests/base/json_events_test.cc and, with the tree that parse_json builds from
// events, by tests/base/json_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// Receives the events in the order of the text; `at` is the offset of the event's first byte. Each answers with the
/// rule that the event breaks, which ends the reading, or with nothing.
class JsonEvents {
 public:
  using Rule = std::optional<std::string>;
  virtual ~JsonEvents() = default;

  virtual Rule null(std::size_t at) = 0;
  virtual Rule boolean(bool value, std::size_t at) = 0;
  virtual Rule string(std::string& value, std::size_t at) = 0;
  /// Digits alone, up to 64 bits.
  virtual Rule natural(std::uint64_t value, std::size_t at) = 0;
  /// What starts with a minus sign and has neither fraction nor exponent; -0 is 0.
  virtual Rule negative(std::int64_t value, std::size_t at) = 0;
  /// A fraction, an exponent, or an integer of more than 64 bits.
  virtual Rule floating(double value, std::size_t at) = 0;
  virtual Rule start_object(std::size_t at) = 0;
  virtual Rule end_object(std::size_t at) = 0;
  virtual Rule start_array(std::size_t at) = 0;
  virtual Rule end_array(std::size_t at) = 0;
  /// Decoded: two spellings of one key are the same key here.
  virtual Rule key(std::string& name, std::size_t at) = 0;
};

/// Where a text breaks which rule.
struct JsonFault {
  std::size_t offset = 0;
  std::string rule;
};

/// The first fault of the text, be it the parser's or the receiver's; nothing where all of it was received.
/// `beyond_range` is the rule for numbers that no double holds.
std::optional<JsonFault> read_json_events(std::string_view text, JsonEvents& receiver, std::string_view beyond_range);

/// Text of a stranger in quotes, for a message of one line: at most 48 bytes, nothing that a terminal obeys.
std::string in_quotes(std::string_view text);

}  // namespace assay
