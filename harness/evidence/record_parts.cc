#include "harness/evidence/record_parts.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/record_words.h"

namespace assay::evidence {
namespace {

/// Bounds far above what any run counts, and low enough that sums and products of counts stay within 64 bits.
constexpr std::int64_t kMostCounted = std::int64_t{1} << 53;
constexpr std::int64_t kMostCompared = std::int64_t{1} << 40;
constexpr std::int64_t kAbsoluteZero = -273;

/// A whole number that counts something.
std::int64_t read_count(ObjectReader& reader, std::string_view key) { return reader.integer(key, 0, kMostCounted); }

/// `reader`'s value if every field was there and right.
template <class T>
Result<T> finished(ObjectReader& reader, T value) {
  if (const Status status = reader.finish(); !status) return status.error();
  return value;
}

template <class T>
Result<std::vector<T>> read_list(const Json& array, const std::string& where,
                                 Result<T> (*read)(const Json&, const std::string&)) {
  std::vector<T> list;
  list.reserve(array.size());
  for (const Json& element : array) {
    Result<T> value = read(element, fmt::format("{}[{}]", where, list.size()));
    if (!value) return value.error();
    list.push_back(*std::move(value));
  }
  return list;
}

template <class T>
Json list_to_json(const std::vector<T>& list, Json (*to)(const T&)) {
  Json array = Json::array();
  for (const T& element : list) array.push_back(to(element));
  return array;
}

Json stage_to_json(Stage stage, const StageResult& result) {
  return {{"stage", word(stage)},
          {"status", word(result.status)},
          {"code", result.code},
          {"name", result.name},
          {"call", result.call},
          {"message", result.message},
          {"log_sha256", result.log_sha256},
          {"wall_ns", result.wall_ns}};
}

Result<std::pair<Stage, StageResult>> read_stage(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const auto stage = read_word<Stage>(reader, "stage");
  StageResult result{.status = read_word<StageStatus>(reader, "status"),
                     .code = reader.integer("code"),
                     .name = reader.string("name"),
                     .call = reader.string("call"),
                     .message = reader.string("message"),
                     .log_sha256 = reader.sha256("log_sha256", true),
                     .wall_ns = read_count(reader, "wall_ns")};
  return finished(reader, std::pair{stage, std::move(result)});
}

Json case_to_json(const CaseResult& result) {
  return {{"name", result.name},
          {"inputs_sha256", result.inputs_sha256},
          {"expected_sha256", result.expected_sha256},
          {"observed_sha256", result.observed_sha256},
          {"compared", result.compared},
          {"mismatches", result.mismatches},
          {"first_mismatch", result.first_mismatch}};
}

Result<CaseResult> read_case(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  CaseResult result{.name = reader.string("name"),
                    .inputs_sha256 = reader.sha256("inputs_sha256", true),
                    .expected_sha256 = reader.sha256("expected_sha256", true),
                    .observed_sha256 = reader.sha256("observed_sha256", true),
                    .compared = reader.integer("compared", 0, kMostCompared),
                    .mismatches = reader.integer("mismatches", 0, kMostCompared),
                    .first_mismatch = reader.string("first_mismatch")};
  return finished(reader, std::move(result));
}

Result<std::int64_t> read_opcode(const Json& json, const std::string& where) {
  // Unsigned as parsed, signed as built: a large unsigned value would wrap in get<int64_t>.
  const bool small = json.is_number_unsigned() ? json.get<std::uint64_t>() < 4096
                                               : json.is_number_integer() && json.get<std::int64_t>() >= 0;
  if (small && json.get<std::int64_t>() < 4096) return json.get<std::int64_t>();
  return Error{.message = fmt::format("{}: expected an opcode from 0 to 4095", where)};
}

Result<std::string> read_text(const Json& json, const std::string& where) {
  if (json.is_string()) return json.get<std::string>();
  return Error{.message = fmt::format("{}: expected a string", where)};
}

Json byte_to_json(const ByteEdit& byte) { return {{"offset", byte.offset}, {"was", byte.was}, {"is", byte.is}}; }

Result<ByteEdit> read_byte(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  ByteEdit byte{
      .offset = read_count(reader, "offset"), .was = read_count(reader, "was"), .is = read_count(reader, "is")};
  if (byte.was > 255) reader.fault("was", "expected a byte");
  if (byte.is > 255) reader.fault("is", "expected a byte");
  return finished(reader, byte);
}

Json prerequisite_to_json(const PrerequisiteResult& result) {
  return {{"gate", result.gate}, {"needs", word(result.needs)}, {"found", word(result.found)}};
}

Result<PrerequisiteResult> read_prerequisite(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  PrerequisiteResult result{.gate = reader.string("gate"),
                            .needs = read_word<Verdict>(reader, "needs"),
                            .found = read_word<Verdict>(reader, "found")};
  return finished(reader, std::move(result));
}

Json measurement_to_json(const Measurement& measurement) {
  return {{"key", measurement.key},
          {"source", measurement.source},
          {"unit", measurement.unit},
          {"value", measurement.value},
          {"note", measurement.note}};
}

Result<Measurement> read_measurement(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Measurement measurement{
      .key = reader.string("key"), .source = reader.string("source"), .unit = reader.string("unit")};
  const Json& value = reader.any("value");
  measurement.note = reader.string("note");
  if (!read_scalar(value, measurement.value)) {
    reader.fault("value", "expected an integer, a string, a boolean or null");
  }
  return finished(reader, std::move(measurement));
}

Json number_or_null(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(nullptr); }

/// Null: it could not be read, which is not 0.
std::optional<std::int64_t> read_number_or_null(ObjectReader& reader, std::string_view key, std::int64_t low = 0) {
  if (reader.any(key).is_null()) return std::nullopt;
  return reader.integer(key, low, kMostCounted);
}

}  // namespace

Json stages_to_json(const Stages& stages) {
  Json array = Json::array();
  for (std::size_t i = 0; i < kStageCount; ++i) array.push_back(stage_to_json(static_cast<Stage>(i), stages[i]));
  return array;
}

Result<Stages> read_stages(const Json& array, const std::string& where) {
  auto list = read_list(array, where, read_stage);
  if (!list) return list.error();
  if (list->size() != kStageCount) {
    return Error{.message = fmt::format("{}: {} stages, expected {}", where, list->size(), kStageCount)};
  }
  Stages stages;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    auto& [stage, result] = (*list)[i];
    if (stage != static_cast<Stage>(i)) {
      return Error{.message = fmt::format("{}[{}]: stage '{}' is out of order", where, i, word(stage))};
    }
    stages[i] = std::move(result);
  }
  return stages;
}

Json cases_to_json(const std::vector<CaseResult>& cases) { return list_to_json(cases, case_to_json); }

Result<std::vector<CaseResult>> read_cases(const Json& array, const std::string& where) {
  return read_list(array, where, read_case);
}

Json controls_to_json(const Controls& controls) {
  Json json = Json::object();
  for (const ControlField& control : kControls) json[std::string(control.name)] = word(controls.*control.status);
  return json;
}

Result<Controls> read_controls(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Controls controls;
  for (const ControlField& control : kControls) {
    controls.*control.status = read_word<ControlStatus>(reader, control.name);
  }
  return finished(reader, controls);
}

Json witness_to_json(const Witness& witness) {
  return {{"opcodes", witness.opcodes},
          {"lowering", witness.lowering},
          {"disassembler", witness.disassembler},
          {"externs", witness.externs}};
}

Result<Witness> read_witness(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const Json& opcodes_json = reader.array("opcodes");
  const Json& externs_json = reader.array("externs");
  Witness witness{.opcodes = {},
                  .lowering = reader.string("lowering"),
                  .disassembler = reader.string("disassembler"),
                  .externs = {}};
  if (const Status status = reader.finish(); !status) return status.error();
  auto opcodes = read_list(opcodes_json, where + ".opcodes", read_opcode);
  if (!opcodes) return opcodes.error();
  auto externs = read_list(externs_json, where + ".externs", read_text);
  if (!externs) return externs.error();
  witness.opcodes = *std::move(opcodes);
  witness.externs = *std::move(externs);
  return witness;
}

Json edit_to_json(const std::optional<ImageEdit>& edit) {
  if (!edit) return nullptr;
  Json bytes = Json::array();
  for (const ByteEdit& byte : edit->bytes) bytes.push_back(byte_to_json(byte));
  return {{"source", edit->source},
          {"bytes", std::move(bytes)},
          {"code", word(edit->code)},
          {"mercury", word(edit->mercury)}};
}

Result<std::optional<ImageEdit>> read_edit(const Json& json, const std::string& where) {
  if (json.is_null()) return std::optional<ImageEdit>();
  ObjectReader reader(json, where);
  ImageEdit edit{.source = reader.string("source"),
                 .bytes = {},
                 .code = read_word<Likeness>(reader, "code"),
                 .mercury = read_word<Likeness>(reader, "mercury")};
  const Json& bytes = reader.array("bytes");
  if (const Status status = reader.finish(); !status) return status.error();
  auto list = read_list(bytes, where + ".bytes", read_byte);
  if (!list) return list.error();
  edit.bytes = *std::move(list);
  return std::optional(std::move(edit));
}

Json prerequisites_to_json(const std::vector<PrerequisiteResult>& results) {
  return list_to_json(results, prerequisite_to_json);
}

Result<std::vector<PrerequisiteResult>> read_prerequisites(const Json& array, const std::string& where) {
  return read_list(array, where, read_prerequisite);
}

Json measurements_to_json(const std::vector<Measurement>& measurements) {
  return list_to_json(measurements, measurement_to_json);
}

Result<std::vector<Measurement>> read_measurements(const Json& array, const std::string& where) {
  return read_list(array, where, read_measurement);
}

Json performance_to_json(const std::optional<Performance>& performance) {
  if (!performance) return nullptr;
  return {{"samples", performance->samples},
          {"warmups", performance->warmups},
          {"median_ns", performance->median_ns},
          {"spread_ns", performance->spread_ns},
          {"bytes", performance->bytes},
          {"operations", performance->operations},
          {"launch", performance->launch},
          {"floor", performance->floor},
          {"floor_ns", performance->floor_ns},
          {"clock_khz_before", number_or_null(performance->clock_khz_before)},
          {"clock_khz_after", number_or_null(performance->clock_khz_after)},
          {"power_mw", number_or_null(performance->power_mw)},
          {"temperature_c", number_or_null(performance->temperature_c)},
          {"throttle", performance->throttle}};
}

Result<std::optional<Performance>> read_performance(const Json& json, const std::string& where) {
  if (json.is_null()) return std::optional<Performance>();
  ObjectReader reader(json, where);
  Performance performance{.samples = read_count(reader, "samples"),
                          .warmups = read_count(reader, "warmups"),
                          .median_ns = read_count(reader, "median_ns"),
                          .spread_ns = read_count(reader, "spread_ns"),
                          .bytes = read_count(reader, "bytes"),
                          .operations = read_count(reader, "operations"),
                          .launch = reader.string("launch"),
                          .floor = reader.string("floor"),
                          .floor_ns = read_count(reader, "floor_ns"),
                          .clock_khz_before = read_number_or_null(reader, "clock_khz_before"),
                          .clock_khz_after = read_number_or_null(reader, "clock_khz_after"),
                          .power_mw = read_number_or_null(reader, "power_mw"),
                          .temperature_c = read_number_or_null(reader, "temperature_c", kAbsoluteZero),
                          .throttle = reader.string("throttle")};
  return finished(reader, std::optional(std::move(performance)));
}

Result<Artifacts> read_artifacts(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Artifacts artifacts;
  for (const auto& item : json.items()) artifacts[item.key()] = reader.sha256(item.key());
  return finished(reader, std::move(artifacts));
}

Json process_to_json(const std::optional<ProcessResult>& process) {
  if (!process) return nullptr;
  return {{"exit_code", process->exit_code},
          {"signal", process->signal},
          {"timed_out", process->timed_out},
          {"wall_ns", process->wall_ns}};
}

Result<std::optional<ProcessResult>> read_process(const Json& json, const std::string& where) {
  if (json.is_null()) return std::optional<ProcessResult>();
  ObjectReader reader(json, where);
  ProcessResult process{.exit_code = reader.integer("exit_code"),
                        .signal = read_count(reader, "signal"),
                        .timed_out = reader.boolean("timed_out"),
                        .wall_ns = read_count(reader, "wall_ns")};
  return finished(reader, std::optional(process));
}

}  // namespace assay::evidence
