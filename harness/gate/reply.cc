#include "harness/gate/reply.h"

#include "harness/base/json.h"

namespace assay::gate {

bool ended_well(const Reply& reply) {
  const ChildResult& child = reply.child;
  return !reply.begun && reply.fault.empty() && child.exit_code == 0 && child.signal == 0 && !child.timed_out;
}

void understand(std::string_view line, Reply& reply) {
  const Result<Json> json = parse_json(line, "child");
  if (!json || !json->is_object()) {
    reply.fault = json ? "child: expected an object" : json.error().message;
    return;
  }
  if (json->contains("tool")) reply.tools.push_back(json->at("tool"));
  if (json->contains("survey")) {
    Result<Survey> survey = survey_from_json(json->at("survey"));
    if (survey)
      reply.survey = *std::move(survey);
    else
      reply.fault = survey.error().message;
  }
  if (!json->contains("record")) return;
  Result<evidence::Record> record = evidence::record_from_json(json->at("record"), "child");
  if (!record) {
    reply.fault = record.error().message;
  } else if (json->contains("at") && json->at("at").is_string()) {
    reply.begun = *std::move(record);
    const Result<evidence::Stage> stage = evidence::parse_stage(json->at("at").get_ref<const std::string&>());
    reply.at = stage ? *stage : evidence::Stage::assemble;
  } else {
    reply.finished.push_back(*std::move(record));
    reply.begun.reset();
  }
}

}  // namespace assay::gate
