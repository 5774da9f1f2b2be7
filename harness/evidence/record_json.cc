#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/record.h"
#include "harness/evidence/record_parts.h"
#include "harness/evidence/record_words.h"

namespace assay::evidence {
namespace {

/// What records were written as, oldest first. The second brought `variant` and `edit`, the third `performance`.
constexpr std::array<std::string_view, 3> kSchemas{"gate-record/1", "gate-record/2", Record::kSchema};

/// The version of a schema's name, from 1; a fault, and the newest, if this build does not read it.
std::size_t read_version(ObjectReader& reader) {
  const std::string schema = reader.string("schema");
  const auto found = std::find(kSchemas.begin(), kSchemas.end(), schema);
  if (found != kSchemas.end()) return static_cast<std::size_t>(found - kSchemas.begin()) + 1;
  reader.fault("schema",
               fmt::format("'{}' is none of {}, the schemas that this build reads", schema, fmt::join(kSchemas, ", ")));
  return kSchemas.size();
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

Json to_json(const Record& record) {
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
          {"stages", stages_to_json(record.stages)},
          {"cases", cases_to_json(record.cases)},
          {"controls", controls_to_json(record.controls)},
          {"control_note", record.control_note},
          {"witness", witness_to_json(record.witness)},
          {"edit", edit_to_json(record.edit)},
          {"prerequisites", prerequisites_to_json(record.prerequisites)},
          {"measurements", measurements_to_json(record.measurements)},
          {"performance", performance_to_json(record.performance)},
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
  const std::size_t version = read_version(reader);
  Record record;
  record.gate = reader.string("gate");
  record.gate_version = reader.integer("gate_version", 1);
  if (version >= 2) record.variant = reader.string("variant");
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
  const Json edit = version >= 2 ? reader.any("edit") : Json();
  const Json& prerequisites = reader.array("prerequisites");
  const Json& measurements = reader.array("measurements");
  const Json performance = version >= 3 ? reader.any("performance") : Json();
  const Json& artifacts = reader.object("artifacts");
  const Json& process = reader.any("process");
  record.started_utc = reader.string("started_utc");
  record.finished_utc = reader.string("finished_utc");
  record.monotonic_ns = reader.integer("monotonic_ns", 0);
  record.proves = reader.string("proves");
  record.does_not_prove = reader.string("does_not_prove");
  if (const Status status = reader.finish(); !status) return status.error();

  std::optional<Error> fault;
  take(record.stages, read_stages(stages, at + ": stages"), fault);
  take(record.cases, read_cases(cases, at + ": cases"), fault);
  take(record.controls, read_controls(controls, at + ": controls"), fault);
  take(record.witness, read_witness(witness, at + ": witness"), fault);
  take(record.edit, read_edit(edit, at + ": edit"), fault);
  take(record.prerequisites, read_prerequisites(prerequisites, at + ": prerequisites"), fault);
  take(record.measurements, read_measurements(measurements, at + ": measurements"), fault);
  take(record.performance, read_performance(performance, at + ": performance"), fault);
  take(record.artifacts, read_artifacts(artifacts, at + ": artifacts"), fault);
  take(record.process, read_process(process, at + ": process"), fault);
  if (fault) return *std::move(fault);
  return record;
}

}  // namespace assay::evidence
