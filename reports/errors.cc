#include "reports/errors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "reports/error_texts.h"

namespace assay::reports {
namespace {

using evidence::ImageKind;
using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;

constexpr std::array<std::string_view, 7> kOutcomes = {"driver-code", "assembler-refusal", "child-signal", "child-exit",
                                                       "watchdog",    "wrong-data",        "right-data"};
constexpr std::array<std::string_view, 7> kStages = {"open",   "assemble", "load",  "resolve",
                                                     "launch", "complete", "verify"};
constexpr std::array<std::string_view, 4> kImages = {"any", "native", "patched", "supplied"};
constexpr std::array<std::string_view, 3> kLogs = {"any", "with", "without"};
constexpr std::array<std::string_view, 5> kSources = {"measured", "documented", "reported", "inferred", "design"};
constexpr std::string_view kOpen = "open";

template <std::size_t N>
void expect_word(ObjectReader& reader, std::string_view key, std::string_view text,
                 const std::array<std::string_view, N>& words) {
  if (std::ranges::find(words, text) == words.end()) reader.fault(key, fmt::format("unknown word '{}'", text));
}

template <std::size_t N>
std::vector<std::string> read_words(ObjectReader& reader, std::string_view key,
                                    const std::array<std::string_view, N>& words) {
  std::vector<std::string> read;
  for (const Json& item : reader.array(key)) {
    read.push_back(item.is_string() ? item.get<std::string>() : "");
    expect_word(reader, key, read.back(), words);
  }
  if (read.empty()) reader.fault(key, "must not be empty");
  return read;
}

std::map<std::int64_t, std::string> read_codes(ObjectReader& reader) {
  std::map<std::int64_t, std::string> codes;
  for (const auto& [text, name] : reader.object("codes").items()) {
    std::int64_t code = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), code);
    const bool number = fault == std::errc() && end == text.data() + text.size();
    if (!number || !name.is_string() || !name.get<std::string>().starts_with("CUDA_ERROR_"))
      reader.fault("codes", fmt::format("'{}' must be a number, its value the name that CUDA gives it", text));
    else
      codes.emplace(code, name.get<std::string>());
  }
  return codes;
}

std::string read_sentence(ObjectReader& reader, std::string_view key) {
  std::string text = reader.string(key);
  if (text.empty()) reader.fault(key, "must not be empty");
  return text;
}

Result<ErrorRow> read_row(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  ErrorRow row;
  const std::string outcome = reader.string("outcome");
  expect_word(reader, "outcome", outcome, kOutcomes);
  const auto found = std::ranges::find(kOutcomes, outcome);
  if (found != kOutcomes.end()) row.outcome = static_cast<Outcome>(found - kOutcomes.begin());
  row.codes = read_codes(reader);
  if (row.codes.empty() == (row.outcome == Outcome::driver_code))
    reader.fault("codes", "a driver's code has a number, and nothing else has");
  row.stages = read_words(reader, "stages", kStages);
  row.image = reader.string("image");
  expect_word(reader, "image", row.image, kImages);
  row.log = reader.string("log");
  expect_word(reader, "log", row.log, kLogs);
  row.shows = read_sentence(reader, "shows");
  row.does_not_show = read_sentence(reader, "does_not_show");
  row.record_as = read_sentence(reader, "record_as");
  row.sources = read_words(reader, "sources", kSources);
  row.remedy = reader.string("remedy");
  if (Status read = reader.finish(); !read) return read.error();
  return row;
}

/// The code under which a row without codes is kept.
std::vector<std::int64_t> codes_of(const ErrorRow& row) {
  std::vector<std::int64_t> codes;
  for (const auto& [code, name] : row.codes) codes.push_back(code);
  if (codes.empty()) codes.push_back(0);
  return codes;
}

using Ending = std::tuple<Outcome, std::int64_t, std::string, std::string, std::string>;

/// The first ending that two rows are of.
std::optional<Ending> twice(const std::vector<ErrorRow>& rows) {
  std::map<Ending, int> seen;
  for (const ErrorRow& row : rows)
    for (const std::int64_t code : codes_of(row))
      for (const std::string& stage : row.stages)
        if (Ending ending{row.outcome, code, stage, row.image, row.log}; ++seen[ending] > 1) return ending;
  return std::nullopt;
}

bool is_of(const ErrorRow& row, const Occurrence& occurrence) {
  return row.outcome == occurrence.outcome &&
         (row.outcome != Outcome::driver_code || row.codes.contains(occurrence.code)) &&
         std::ranges::find(row.stages, occurrence.stage) != row.stages.end() &&
         (row.image == "any" || row.image == evidence::word(occurrence.image)) &&
         (row.log == "any" || row.log == (occurrence.has_log ? "with" : "without"));
}

int exactness(const ErrorRow& row) { return (row.image != "any" ? 2 : 0) + (row.log != "any" ? 1 : 0); }

struct CallStage {
  std::string_view call, stage;
};

/// Calls that belong to one stage. The copy kernel that is run before a probe is told at `load`, whichever of them
/// refused it.
constexpr std::array<CallStage, 6> kCallStages = {{{"cuModuleLoadDataEx", "load"},
                                                   {"cuModuleGetFunction", "resolve"},
                                                   {"cuFuncSetAttribute", "launch"},
                                                   {"cuLaunchKernelEx", "launch"},
                                                   {"cuCtxSynchronize", "complete"},
                                                   {"cuMemcpyDtoH_v2", "verify"}}};

/// The stage as the table names it: that of the call, and `open` where a device could not be opened.
std::string stage_word(const Record& record, Stage stage) {
  const auto known = std::ranges::find(kCallStages, record.stage(stage).call, &CallStage::call);
  if (known != kCallStages.end()) return std::string(known->stage);
  const bool opening = stage == Stage::load && opening_failed(record);
  return std::string(opening ? kOpen : evidence::word(stage));
}

std::optional<Outcome> how_child_ended(const Record& record) {
  if (!record.process) return std::nullopt;
  if (record.process->timed_out) return Outcome::watchdog;
  if (record.process->signal != 0) return Outcome::child_signal;
  if (record.process->exit_code != 0) return Outcome::child_exit;
  return std::nullopt;
}

/// The stage in which a child ended: the one that failed, or the first that it did not reach.
Stage interrupted_stage(const Record& record) {
  for (std::size_t i = 0; i < evidence::kStageCount; ++i)
    if (record.stages[i].status == StageStatus::failed) return static_cast<Stage>(i);
  for (std::size_t i = 0; i < evidence::kStageCount; ++i)
    if (record.stages[i].status == StageStatus::not_reached) return static_cast<Stage>(i);
  return Stage::verify;
}

Occurrence end_of_child(const Record& record, Outcome outcome) {
  const Stage stage = interrupted_stage(record);
  const std::int64_t code = outcome == Outcome::child_exit ? record.process->exit_code : record.process->signal;
  return {outcome, code, record.stage(stage).name, stage_word(record, stage), record.image, false};
}

std::optional<Occurrence> end_of_stage(const Record& record, Stage stage) {
  const StageResult& result = record.stage(stage);
  if (result.status != StageStatus::refused && result.status != StageStatus::failed) return std::nullopt;
  Occurrence occurrence{Outcome::driver_code,      result.code,  result.name,
                        stage_word(record, stage), record.image, !result.log_sha256.empty()};
  if (stage == Stage::assemble) {
    if (result.status == StageStatus::failed) return std::nullopt;
    occurrence.outcome = Outcome::assembler_refusal;
    return occurrence;
  }
  const bool by_driver = result.call.starts_with("cu") && result.code != 0;
  return by_driver ? std::optional(occurrence) : std::nullopt;
}

std::optional<Occurrence> end_of_comparison(const Record& record) {
  if (record.cases.empty()) return std::nullopt;
  const bool wrong = std::ranges::any_of(record.cases, [](const auto& one) { return one.mismatches > 0; });
  const bool right = !wrong && record.stage(Stage::verify).status == StageStatus::ok &&
                     std::ranges::all_of(record.cases, [](const auto& one) { return one.compared > 0; });
  if (!wrong && (!right || record.image == ImageKind::native)) return std::nullopt;
  return Occurrence{wrong ? Outcome::wrong_data : Outcome::right_data, 0, "", "verify", record.image, false};
}

}  // namespace

std::string_view word(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

const ErrorRow* ErrorTable::find(const Occurrence& occurrence) const {
  const ErrorRow* best = nullptr;
  for (const ErrorRow& row : rows_)
    if (is_of(row, occurrence) && (best == nullptr || exactness(row) > exactness(*best))) best = &row;
  return best;
}

Result<ErrorTable> parse_errors(std::string_view text, std::string_view name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(name));
  if (reader.string("schema") != ErrorTable::kSchema)
    reader.fault("schema", fmt::format("must be {}", ErrorTable::kSchema));
  const Json list = reader.array("rows");
  if (Status read = reader.finish(); !read) return read.error();
  std::vector<ErrorRow> rows;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<ErrorRow> row = read_row(list[i], fmt::format("{}: rows[{}]", name, i));
    if (!row) return row.error();
    rows.push_back(*std::move(row));
  }
  if (const auto ending = twice(rows))
    return Error{fmt::format("{}: two rows for {} {} at {}, image {}, log {}", name, word(std::get<0>(*ending)),
                             std::get<1>(*ending), std::get<2>(*ending), std::get<3>(*ending), std::get<4>(*ending))};
  return ErrorTable(std::move(rows));
}

Result<ErrorTable> builtin_errors() { return parse_errors(error_texts().front().text, "errors.json"); }

Explanation explain(const ErrorTable& table, const Occurrence& occurrence) {
  const ErrorRow* row = table.find(occurrence);
  if (row == nullptr)
    return {.known = false,
            .name = occurrence.name,
            .shows = "unknown code: nothing may be concluded",
            .does_not_show = "anything of the image, the instruction or the device",
            .record_as = "unknown-code"};
  const auto named = row->codes.find(occurrence.code);
  return {.known = true,
          .name = occurrence.name.empty() && named != row->codes.end() ? named->second : occurrence.name,
          .shows = row->shows,
          .does_not_show = row->does_not_show,
          .record_as = row->record_as,
          .remedy = row->remedy,
          .sources = row->sources};
}

std::vector<Occurrence> occurrences(const Record& record) {
  if (const auto ended = how_child_ended(record)) return {end_of_child(record, *ended)};
  std::vector<Occurrence> found;
  for (std::size_t i = 0; i < evidence::kStageCount; ++i)
    if (auto occurrence = end_of_stage(record, static_cast<Stage>(i))) found.push_back(*std::move(occurrence));
  if (auto occurrence = end_of_comparison(record)) found.push_back(*std::move(occurrence));
  return found;
}

}  // namespace assay::reports
