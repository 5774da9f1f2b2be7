#include "harness/evidence/record.h"

#include <utility>

#include <fmt/format.h>

namespace assay::evidence {

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

}  // namespace assay::evidence
