#include "harness/evidence/ledger.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/json.h"

namespace assay::evidence {
namespace {

constexpr std::size_t kLongestLine = 1u << 20;

std::string digest_of(std::string_view bytes) { return hex(sha256(bytes)); }

Json derived_to_json(const Derived& derived) {
  return {{"class", word(derived.evidence_class)},
          {"level", word(derived.level)},
          {"verdict", word(derived.verdict)},
          {"furthest", derived.furthest ? Json(word(*derived.furthest)) : Json(nullptr)},
          {"reason", derived.reason},
          {"rules", kRules}};
}

/// A word of a closed set, or a fault of its field.
template <class E>
E read_word(ObjectReader& reader, std::string_view key, Result<E> (*parse)(std::string_view)) {
  const Result<E> value = parse(reader.string(key));
  if (value) return *value;
  reader.fault(key, value.error().message);
  return E{};
}

std::optional<Stage> read_furthest(ObjectReader& reader) {
  const Json& furthest = reader.any("furthest");
  if (furthest.is_null()) return std::nullopt;
  return read_word(reader, "furthest", parse_stage);
}

struct Label {
  Derived derived;
  std::string rules;
};

Result<Label> read_label(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Label label{.derived = {.evidence_class = read_word(reader, "class", parse_class),
                          .level = read_word(reader, "level", parse_level),
                          .verdict = read_word(reader, "verdict", parse_verdict),
                          .furthest = read_furthest(reader),
                          .reason = reader.string("reason")},
              .rules = reader.string("rules")};
  if (const Status status = reader.finish(); !status) return status.error();
  return label;
}

/// Takes a field out of the object; null if it is not there.
Json take(Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return nullptr;
  Json value = std::move(*found);
  object.erase(found);
  return value;
}

bool is_end(const Json& line) { return line.is_object() && (line.contains("done") || line.contains("interrupted")); }

/// Walks the lines of a ledger, holding what the next one must be chained to.
class Walk {
 public:
  explicit Walk(std::string_view head_sha256) : previous_(head_sha256) {}

  LedgerReading read(std::string_view text);

 private:
  bool read_line(std::string_view line);
  bool read_record(Json json, std::string_view line);
  bool read_end(const Json& json);
  bool chained(const Json& previous);
  bool fault(std::string_view rule, std::string message);
  std::string where() const { return fmt::format("{}:{}", kLedgerFile, number_); }

  std::string previous_;
  std::size_t number_ = 0;
  LedgerReading reading_;
};

bool Walk::fault(std::string_view rule, std::string message) {
  reading_.fault = finding_at(rule, where(), std::move(message));
  return false;
}

bool Walk::chained(const Json& previous) {
  if (previous.is_string() && previous.get_ref<const std::string&>() == previous_) return true;
  return fault("chain", number_ == 1 ? "prev_sha256 is not the digest of challenge.json"
                                     : fmt::format("prev_sha256 is not the digest of line {}", number_ - 1));
}

bool Walk::read_record(Json json, std::string_view line) {
  const Json previous = take(json, "prev_sha256");
  const Json id = take(json, "record_id");
  const Json label_json = take(json, "derived");
  auto record = record_from_json(json, where());
  if (!record) return fault("schema", record.error().message);
  auto label = read_label(label_json, where() + ": derived");
  if (!label) return fault("schema", label.error().message);
  if (id != record->id()) return fault("schema", fmt::format("record_id is not {}", record->id()));
  if (!chained(previous)) return false;
  reading_.lines.push_back({*std::move(record), std::move(label->derived), std::move(label->rules), line});
  return true;
}

bool Walk::read_end(const Json& json) {
  ObjectReader reader(json, where());
  const bool done = reader.has("done");
  const std::int64_t count = reader.integer(done ? "done" : "interrupted", 0);
  const std::int64_t signal = done ? 0 : reader.integer("signal", 1, 64);
  const std::string previous = reader.sha256("prev_sha256");
  if (const Status status = reader.finish(); !status) return fault("schema", status.error().message);
  if (!chained(previous)) return false;
  if (count != static_cast<std::int64_t>(reading_.lines.size())) {
    return fault("count", fmt::format("says {} records, found {}", count, reading_.lines.size()));
  }
  reading_.end = done ? LedgerEnd::done : LedgerEnd::interrupted;
  reading_.signal = static_cast<int>(signal);
  return true;
}

bool Walk::read_line(std::string_view line) {
  ++number_;
  if (reading_.end != LedgerEnd::cut) return fault("chain", "a line after the last");
  auto json = parse_json(line, where(), {.bytes = kLongestLine});
  if (!json) return fault("json", json.error().message);
  // Spaces, escapes and carriage returns that mean nothing would be bytes that differ without a difference.
  if (const auto spelled = canonical_json(*json); !spelled || *spelled != line)
    return fault("json", where() + ": not spelled as the writer spells it");
  const bool read = is_end(*json) ? read_end(*json) : read_record(*std::move(json), line);
  if (read) previous_ = digest_of(line);
  return read;
}

LedgerReading Walk::read(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      // The start of a line that was being written when its writer was killed; after a last line it is foreign matter.
      if (reading_.end != LedgerEnd::cut) read_line(text);
      break;
    }
    if (!read_line(text.substr(0, end))) break;
    text.remove_prefix(end + 1);
  }
  return std::move(reading_);
}

}  // namespace

Result<Ledger> Ledger::create(const std::filesystem::path& path, std::string head_sha256) {
  auto file = AppendFile::create(path);
  if (!file) return file.error();
  return Ledger(*std::move(file), std::move(head_sha256));
}

Status Ledger::write(Json line, Durable durable) {
  line["prev_sha256"] = previous_;
  auto text = canonical_json(line);
  if (!text) return text.error();
  if (text->size() > kLongestLine) {
    return Error{.message =
                     fmt::format("{}: a record of {} bytes, the limit is {}", kLedgerFile, text->size(), kLongestLine)};
  }
  if (const Status status = file_.append(*text + "\n", durable); !status) return status.error();
  previous_ = digest_of(*text);
  return ok();
}

Status Ledger::append(const Record& record, const Derived& derived) {
  Json line = to_json(record);
  line["record_id"] = record.id();
  line["derived"] = derived_to_json(derived);
  // What only a toolchain said can be asked again; what a driver said may have cost the machine its life.
  const bool repeatable = record.driver_library == DriverLibrary::none;
  const Status status = write(std::move(line), repeatable ? Durable::later : Durable::now);
  if (status) ++count_;
  return status;
}

Status Ledger::done() { return write({{"done", count_}}); }

Status Ledger::interrupted(int signal) { return write({{"interrupted", count_}, {"signal", signal}}); }

LedgerReading read_ledger(std::string_view text, std::string_view head_sha256) { return Walk(head_sha256).read(text); }

}  // namespace assay::evidence
