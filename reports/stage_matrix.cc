#include "reports/stage_matrix.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "reports/bundle_view.h"

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::VerifiedRecord;

bool is_of_matrix(const Record& record) {
  return !record.target.empty() && record.variant.empty() && record.attempt == 1;
}

std::string cell_of(const VerifiedRecord& one) {
  const Record& record = one.record;
  if (record.stage(Stage::assemble).status == StageStatus::refused) return "refused";
  if (record.stage(Stage::assemble).status != StageStatus::ok) return std::string(evidence::word(one.derived.verdict));
  const evidence::StageResult& load = record.stage(Stage::load);
  if (load.status == StageStatus::refused && load.code != 0) return std::to_string(load.code);
  const bool software_only = record.stopped != evidence::Stopped::no;
  if (software_only && load.status == StageStatus::not_reached) return "assembles";
  if (software_only && load.status == StageStatus::ok) return "loads";
  return std::string(evidence::word(one.derived.verdict));
}

bool by_number(const std::string& a, const std::string& b) {
  const auto one = parse_target(a), two = parse_target(b);
  return one && two ? *one < *two : a < b;
}

std::string answer_of(const VerifiedRecord& one) {
  const Record& record = one.record;
  if (record.stopped == evidence::Stopped::not_applicable) return "the edit does not fit";
  for (std::size_t i = 0; i < evidence::kStageCount; ++i) {
    const evidence::StageResult& stage = record.stages[i];
    if (stage.status != StageStatus::refused && stage.status != StageStatus::failed) continue;
    const std::string code = stage.code != 0 ? fmt::format("{} ", stage.code) : "";
    const std::string name = stage.name.empty() ? std::string(evidence::word(stage.status)) : stage.name;
    return fmt::format("{}{} at {}", code, name, evidence::word(static_cast<Stage>(i)));
  }
  if (record.stage(Stage::verify).status == StageStatus::ok) return "ran, right answer";
  return record.stage(Stage::load).status == StageStatus::ok ? "loads"
                                                             : std::string(evidence::word(one.derived.verdict));
}

}  // namespace

StageMatrix stage_matrix(std::span<const VerifiedRecord> records) {
  StageMatrix matrix;
  for (const VerifiedRecord& one : records) {
    if (!is_of_matrix(one.record)) continue;
    if (std::ranges::find(matrix.targets, one.record.target) == matrix.targets.end())
      matrix.targets.push_back(one.record.target);
  }
  std::ranges::sort(matrix.targets, by_number);
  for (const VerifiedRecord& one : records) {
    if (!is_of_matrix(one.record)) continue;
    auto row = std::ranges::find(matrix.rows, one.record.gate, &StageMatrix::Row::gate);
    if (row == matrix.rows.end())
      row = matrix.rows.insert(row, {one.record.gate, std::vector<std::string>(matrix.targets.size(), "-")});
    const auto column = std::ranges::find(matrix.targets, one.record.target) - matrix.targets.begin();
    row->cells[static_cast<std::size_t>(column)] = cell_of(one);
  }
  return matrix;
}

std::vector<ImageAnswer> image_answers(std::span<const VerifiedRecord> records) {
  std::vector<ImageAnswer> answers;
  for (const VerifiedRecord& one : records) {
    if (one.record.variant.empty() || is_of_kernel(one.record)) continue;
    const std::string answer = answer_of(one);
    auto found = std::ranges::find(answers, answer, &ImageAnswer::answer);
    if (found == answers.end()) found = answers.insert(found, {answer, {}});
    found->variants.push_back(one.record.variant);
  }
  return answers;
}

}  // namespace assay::reports
