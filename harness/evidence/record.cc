#include "harness/evidence/record.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace assay::evidence {
namespace {

// The words of each closed vocabulary, in the order of its enumerators.
template <class E>
struct Words;
template <>
struct Words<Stage> {
  static constexpr std::array<std::string_view, 6> kAll{"assemble", "load", "resolve", "launch", "complete", "verify"};
};
template <>
struct Words<StageStatus> {
  static constexpr std::array<std::string_view, 4> kAll{"ok", "refused", "failed", "not-reached"};
};
template <>
struct Words<EvidenceClass> {
  static constexpr std::array<std::string_view, 4> kAll{"driver-signal", "patched-cubin", "real-execution", "emulated"};
};
template <>
struct Words<Level> {
  static constexpr std::array<std::string_view, 9> kAll{"none", "E1", "E2", "E3", "E4", "E5", "P1", "P2", "P3"};
};
template <>
struct Words<Verdict> {
  static constexpr std::array<std::string_view, 10> kAll{"proven",  "reported",      "agrees", "mismatch",
                                                         "refused", "faulted",       "hung",   "unresolved",
                                                         "not-run", "not-applicable"};
};
template <>
struct Words<DriverLibrary> {
  static constexpr std::array<std::string_view, 4> kAll{"system", "emulated", "unknown", "none"};
};
template <>
struct Words<ImageKind> {
  static constexpr std::array<std::string_view, 4> kAll{"native", "patched", "supplied", "none"};
};
template <>
struct Words<Stopped> {
  static constexpr std::array<std::string_view, 9> kAll{
      "no",           "no-device", "prerequisite", "foreign-target", "not-implemented", "not-applicable",
      "no-assembler", "run-limit", "load-only"};
};
template <>
struct Words<Likeness> {
  static constexpr std::array<std::string_view, 3> kAll{"identical", "different", "not-compared"};
};
template <>
struct Words<ControlStatus> {
  static constexpr std::array<std::string_view, 3> kAll{"ok", "failed", "not-run"};
};

template <class E>
std::string_view word_of(E value) {
  return Words<E>::kAll.at(static_cast<std::size_t>(value));
}

template <class E>
Result<E> parse_word(std::string_view text) {
  const auto& all = Words<E>::kAll;
  const auto found = std::find(all.begin(), all.end(), text);
  if (found == all.end()) {
    return Error{.message = fmt::format("unknown word '{}', expected one of {}", text, fmt::join(all, ", "))};
  }
  return static_cast<E>(found - all.begin());
}

template <class E>
E read_word(ObjectReader& reader, std::string_view key) {
  const Result<E> value = parse_word<E>(reader.string(key));
  if (value) return *value;
  reader.fault(key, value.error().message);
  return E{};
}

/// What records were written as before images could be edited: without `variant` and `edit`.
constexpr std::string_view kFirstSchema = "gate-record/1";

/// A whole number that counts something.
std::int64_t read_count(ObjectReader& reader, std::string_view key) { return reader.integer(key, 0); }

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

/// All six, each once and in order: a missing stage must not read as one that was not reached.
Result<std::array<StageResult, kStageCount>> read_stages(const Json& array, const std::string& where) {
  auto list = read_list(array, where, read_stage);
  if (!list) return list.error();
  if (list->size() != kStageCount) {
    return Error{.message = fmt::format("{}: {} stages, expected {}", where, list->size(), kStageCount)};
  }
  std::array<StageResult, kStageCount> stages;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    auto& [stage, result] = (*list)[i];
    if (stage != static_cast<Stage>(i)) {
      return Error{.message = fmt::format("{}[{}]: stage '{}' is out of order", where, i, word(stage))};
    }
    stages[i] = std::move(result);
  }
  return stages;
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
                    .compared = read_count(reader, "compared"),
                    .mismatches = read_count(reader, "mismatches"),
                    .first_mismatch = reader.string("first_mismatch")};
  return finished(reader, std::move(result));
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

Json byte_to_json(const ByteEdit& byte) { return {{"offset", byte.offset}, {"was", byte.was}, {"is", byte.is}}; }

Result<ByteEdit> read_byte(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  ByteEdit byte{
      .offset = read_count(reader, "offset"), .was = read_count(reader, "was"), .is = read_count(reader, "is")};
  if (byte.was > 255) reader.fault("was", "expected a byte");
  if (byte.is > 255) reader.fault("is", "expected a byte");
  return finished(reader, byte);
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
  Measurement measurement{.key = reader.string("key"),
                          .source = reader.string("source"),
                          .unit = reader.string("unit"),
                          .value = reader.any("value"),
                          .note = reader.string("note")};
  const Json& value = measurement.value;
  if (!(value.is_null() || value.is_number_integer() || value.is_string() || value.is_boolean())) {
    reader.fault("value", "expected an integer, a string, a boolean or null");
  }
  return finished(reader, std::move(measurement));
}

Result<std::map<std::string, std::string>> read_artifacts(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  std::map<std::string, std::string> artifacts;
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

template <class T>
Json list_to_json(const std::vector<T>& list, Json (*to)(const T&)) {
  Json array = Json::array();
  for (const T& element : list) array.push_back(to(element));
  return array;
}

/// Takes a part's value, or keeps its error: the parts of a record are read one after the other, the first fault wins.
template <class T>
void take(T& into, Result<T> from, std::optional<Error>& fault) {
  if (fault) return;
  if (from) {
    into = *std::move(from);
  } else {
    fault = std::move(from).error();
  }
}

}  // namespace

void Record::end_at(Stage s, StageResult result) {
  stage(s) = std::move(result);
  for (std::size_t later = static_cast<std::size_t>(s) + 1; later < kStageCount; ++later) stages[later] = {};
}

bool opening_failed(const Record& record) {
  const StageStatus load = record.stage(Stage::load).status;
  const bool copied_first = record.controls.positive != ControlStatus::not_run;  // so a device was open
  return record.image == ImageKind::none && !copied_first &&
         (load == StageStatus::refused || load == StageStatus::failed);
}

std::string Record::id() const {
  const std::string name = variant.empty() ? gate : fmt::format("{}[{}]", gate, variant);
  return target.empty() ? fmt::format("{}#{}", name, attempt) : fmt::format("{}@{}#{}", name, target, attempt);
}

std::string_view word(Stage value) { return word_of(value); }
std::string_view word(StageStatus value) { return word_of(value); }
std::string_view word(EvidenceClass value) { return word_of(value); }
std::string_view word(Level value) { return word_of(value); }
std::string_view word(Verdict value) { return word_of(value); }
std::string_view word(DriverLibrary value) { return word_of(value); }
std::string_view word(ImageKind value) { return word_of(value); }
std::string_view word(Stopped value) { return word_of(value); }
std::string_view word(ControlStatus value) { return word_of(value); }
std::string_view word(Likeness value) { return word_of(value); }

Result<EvidenceClass> parse_class(std::string_view text) { return parse_word<EvidenceClass>(text); }
Result<Level> parse_level(std::string_view text) { return parse_word<Level>(text); }
Result<Verdict> parse_verdict(std::string_view text) { return parse_word<Verdict>(text); }
Result<Stage> parse_stage(std::string_view text) { return parse_word<Stage>(text); }
Result<DriverLibrary> parse_driver_library(std::string_view text) { return parse_word<DriverLibrary>(text); }

Json to_json(const Record& record) {
  Json stages = Json::array();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    stages.push_back(stage_to_json(static_cast<Stage>(i), record.stages[i]));
  }
  return {{"schema", Record::kSchema},
          {"gate", record.gate},
          {"gate_version", record.gate_version},
          {"variant", record.variant},
          {"target", record.target},
          {"attempt", record.attempt},
          {"driver_library", word(record.driver_library)},
          {"image", word(record.image)},
          {"stopped", word(record.stopped)},
          {"stopped_why", record.stopped_why},
          {"instruction", record.instruction},
          {"ptx_version", record.ptx_version},
          {"stages", std::move(stages)},
          {"cases", list_to_json(record.cases, case_to_json)},
          {"controls", controls_to_json(record.controls)},
          {"control_note", record.control_note},
          {"witness", witness_to_json(record.witness)},
          {"edit", edit_to_json(record.edit)},
          {"prerequisites", list_to_json(record.prerequisites, prerequisite_to_json)},
          {"measurements", list_to_json(record.measurements, measurement_to_json)},
          {"artifacts", record.artifacts},
          {"process", process_to_json(record.process)},
          {"started_utc", record.started_utc},
          {"finished_utc", record.finished_utc},
          {"monotonic_ns", record.monotonic_ns},
          {"proves", record.proves},
          {"does_not_prove", record.does_not_prove}};
}

Result<Record> record_from_json(const Json& json, std::string_view where) {
  const std::string at(where);
  ObjectReader reader(json, at);
  const std::string schema = reader.string("schema");
  const bool first = schema == kFirstSchema;
  if (!first && schema != Record::kSchema) {
    reader.fault("schema", fmt::format("'{}' is neither '{}' nor '{}', the schemas that this build reads", schema,
                                       kFirstSchema, Record::kSchema));
  }
  Record record;
  record.gate = reader.string("gate");
  record.gate_version = reader.integer("gate_version", 1);
  if (!first) record.variant = reader.string("variant");
  record.target = reader.string("target");
  record.attempt = reader.integer("attempt", 1);
  record.driver_library = read_word<DriverLibrary>(reader, "driver_library");
  record.image = read_word<ImageKind>(reader, "image");
  record.stopped = read_word<Stopped>(reader, "stopped");
  record.stopped_why = reader.string("stopped_why");
  record.instruction = reader.string("instruction");
  record.ptx_version = reader.string("ptx_version");
  const Json& stages = reader.array("stages");
  const Json& cases = reader.array("cases");
  const Json& controls = reader.object("controls");
  record.control_note = reader.string("control_note");
  const Json& witness = reader.object("witness");
  const Json edit = first ? Json() : reader.any("edit");
  const Json& prerequisites = reader.array("prerequisites");
  const Json& measurements = reader.array("measurements");
  const Json& artifacts = reader.object("artifacts");
  const Json& process = reader.any("process");
  record.started_utc = reader.string("started_utc");
  record.finished_utc = reader.string("finished_utc");
  record.monotonic_ns = read_count(reader, "monotonic_ns");
  record.proves = reader.string("proves");
  record.does_not_prove = reader.string("does_not_prove");
  if (const Status status = reader.finish(); !status) return status.error();

  std::optional<Error> fault;
  take(record.stages, read_stages(stages, at + ": stages"), fault);
  take(record.cases, read_list(cases, at + ": cases", read_case), fault);
  take(record.controls, read_controls(controls, at + ": controls"), fault);
  take(record.witness, read_witness(witness, at + ": witness"), fault);
  take(record.edit, read_edit(edit, at + ": edit"), fault);
  take(record.prerequisites, read_list(prerequisites, at + ": prerequisites", read_prerequisite), fault);
  take(record.measurements, read_list(measurements, at + ": measurements", read_measurement), fault);
  take(record.artifacts, read_artifacts(artifacts, at + ": artifacts"), fault);
  take(record.process, read_process(process, at + ": process"), fault);
  if (fault) return *std::move(fault);
  return record;
}

}  // namespace assay::evidence
