// The parts of a record as JSON, each with its strict reader; record_json.cc puts them together. A reader's `where`
// starts its messages. Tested by tests/evidence/record_test.cc.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

using Stages = std::array<StageResult, kStageCount>;
using Artifacts = std::map<std::string, std::string>;

Json stages_to_json(const Stages&);
Json cases_to_json(const std::vector<CaseResult>&);
Json controls_to_json(const Controls&);
Json witness_to_json(const Witness&);
Json edit_to_json(const std::optional<ImageEdit>&);
Json prerequisites_to_json(const std::vector<PrerequisiteResult>&);
Json measurements_to_json(const std::vector<Measurement>&);
Json performance_to_json(const std::optional<Performance>&);
Json process_to_json(const std::optional<ProcessResult>&);

/// All six, each once and in order: a missing stage must not read as one that was not reached.
Result<Stages> read_stages(const Json& array, const std::string& where);
Result<std::vector<CaseResult>> read_cases(const Json& array, const std::string& where);
Result<Controls> read_controls(const Json&, const std::string& where);
Result<Witness> read_witness(const Json&, const std::string& where);
Result<std::optional<ImageEdit>> read_edit(const Json&, const std::string& where);
Result<std::vector<PrerequisiteResult>> read_prerequisites(const Json& array, const std::string& where);
Result<std::vector<Measurement>> read_measurements(const Json& array, const std::string& where);
Result<std::optional<Performance>> read_performance(const Json&, const std::string& where);
Result<Artifacts> read_artifacts(const Json&, const std::string& where);
Result<std::optional<ProcessResult>> read_process(const Json&, const std::string& where);

}  // namespace assay::evidence
