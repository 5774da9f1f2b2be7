// Strict JSON: what a signed or hash-chained document may hold, and a typed reader for it.
//
// The parser is nlohmann-json; what it lets through and we must not is refused here with a position: duplicate keys
// (also when spelled with escapes), floating point and integers that do not fit 64 bits, a byte-order mark, control
// characters in keys, negative zero, NUL bytes, nesting and size over the limits. The writer refuses what the parser
// would. Tested by tests/base/json_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"

namespace nlohmann {

/// How GoogleTest shows a value. Its own way instantiates the library's writer in every test.
void PrintTo(const json&, std::ostream*);

}  // namespace nlohmann

namespace assay {

/// Floating-point numbers differ from writer to writer, so a document of ours has none; a stranger's may.
enum class Floats { kRefuse, kAllow };

struct JsonLimits {
  std::size_t bytes = 64u << 20;
  std::size_t depth = 64;
  Floats floats = Floats::kRefuse;
};

/// Parses one document. An error reads "NAME:LINE:COLUMN (offset N): rule".
Result<Json> parse_json(std::string_view text, std::string_view name, JsonLimits limits = {});

/// Sorted keys, no spaces. Error: a value that parse_json would refuse, with its JSON pointer.
Result<std::string> canonical_json(const Json&);
/// The same with two-space indentation and a final newline, for files that people read.
Result<std::string> pretty_json(const Json&);

/// On one line as it is, whatever it holds, for messages. Strings come in quotes, bytes that are not UTF-8 as U+FFFD.
std::string spelled(const Json&);

/// Invalid UTF-8 and control characters (but newline and tab) become U+FFFD; for driver and child strings.
std::string clean_utf8(std::string_view text);

/// Reads the fields of one object, each with its type and range; the first fault is kept, later reads return defaults,
/// so a reader is a straight list of fields followed by `finish`.
class ObjectReader {
 public:
  /// `where` starts every message: "gates.jsonl:3" or "policy.json: require[2]".
  ObjectReader(const Json& object, std::string where);

  std::string string(std::string_view key);
  std::string string_or(std::string_view key, std::string_view fallback);
  std::int64_t integer(std::string_view key, std::int64_t low = INT64_MIN, std::int64_t high = INT64_MAX);
  bool boolean(std::string_view key);
  /// 64 lower-case hex digits, or empty if `allow_empty`.
  std::string sha256(std::string_view key, bool allow_empty = false);
  /// The value itself; after a fault an empty object or array, or null.
  const Json& object(std::string_view key);
  const Json& array(std::string_view key);
  const Json& any(std::string_view key);
  bool has(std::string_view key) const;

  /// Records a fault of the caller's own ("unknown word 'x'").
  void fault(std::string_view key, std::string_view rule);
  /// The first fault, or a fault naming a field that was never read (unknown field).
  Status finish();

 private:
  const Json* find(std::string_view key);
  const Json& typed(std::string_view key, Json::value_t type);
  const Json* object_;
  std::string where_;
  std::vector<std::string> read_;
  std::string fault_;
};

}  // namespace assay
