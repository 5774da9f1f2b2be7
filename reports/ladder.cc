#include "reports/ladder.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "reports/bundle_view.h"

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;
using evidence::VerifiedRecord;
using Records = std::vector<const VerifiedRecord*>;

Rung rung_of(StageStatus status) {
  switch (status) {
    case StageStatus::ok:
      return Rung::ok;
    case StageStatus::refused:
      return Rung::refused;
    case StageStatus::failed:
      return Rung::failed;
    case StageStatus::not_reached:
      return Rung::not_reached;
  }
  return Rung::not_reached;
}

/// What of two records that could speak for a gate does: one of the device's own text before one for another target,
/// then the one that came further; of equals the first.
auto rank(const VerifiedRecord& one) {
  const bool own = one.record.stopped != evidence::Stopped::foreign_target;
  const int furthest = one.derived.furthest ? static_cast<int>(*one.derived.furthest) : -1;
  return std::tuple(own, furthest);
}

const VerifiedRecord* speaker(const Records& records) {
  const VerifiedRecord* best = nullptr;
  for (const VerifiedRecord* one : records) {
    if (!one->record.variant.empty() || one->record.attempt != 1) continue;
    if (best == nullptr || rank(*one) > rank(*best)) best = one;
  }
  return best;
}

bool is_plain_question(const Record& record) {
  const auto reached = [](const evidence::StageResult& stage) { return stage.status != StageStatus::not_reached; };
  return record.target.empty() && std::ranges::none_of(record.stages, reached);
}

LadderRow row_of(const VerifiedRecord& one) {
  const auto& [record, derived] = one;
  LadderRow row{.gate = record.gate,
                .record = record.id(),
                .target = record.target,
                .evidence_class = std::string(evidence::word(derived.evidence_class)),
                .level = std::string(evidence::word(derived.level)),
                .verdict = std::string(evidence::word(derived.verdict)),
                .reason = derived.reason};
  const bool question = is_plain_question(record);
  for (std::size_t i = 0; i < evidence::kStageCount; ++i)
    row.rungs[i] = question ? Rung::not_asked : rung_of(record.stages[i].status);
  return row;
}

/// A stage of all images: what those that reached it have in common.
Rung together(const Records& images, std::size_t stage) {
  Rung common = Rung::not_reached;
  for (const VerifiedRecord* one : images) {
    const Rung rung = rung_of(one->record.stages[stage].status);
    if (rung == Rung::not_reached || rung == common) continue;
    if (common != Rung::not_reached) return Rung::mixed;
    common = rung;
  }
  return common;
}

std::size_t passed(const Records& images, Stage stage) {
  return static_cast<std::size_t>(std::ranges::count_if(
      images, [&](const VerifiedRecord* one) { return one->record.stage(stage).status == StageStatus::ok; }));
}

LadderRow row_of_images(const Records& images) {
  const Record& first = images.front()->record;
  LadderRow row{.gate = first.gate,
                .verdict = std::string(kByImage),
                .reason = fmt::format("{} images asked: {} loaded, {} ran to the end", images.size(),
                                      passed(images, Stage::load), passed(images, Stage::verify))};
  for (std::size_t i = 0; i < evidence::kStageCount; ++i) row.rungs[i] = together(images, i);
  return row;
}

/// The first problem that was not done right, or the first at all; problems that do not apply to the device are no
/// matter as long as there are others.
LadderRow row_of_problems(const Records& problems) {
  const auto is = [](Verdict verdict) {
    return [verdict](const VerifiedRecord* one) { return one->derived.verdict == verdict; };
  };
  Records asked = problems;
  std::erase_if(asked, is(Verdict::not_applicable));
  if (asked.empty()) return row_of(*problems.front());
  const auto right = [](const VerifiedRecord* one) {
    return one->derived.verdict == Verdict::proven || one->derived.verdict == Verdict::agrees;
  };
  const auto wrong = std::ranges::find_if_not(asked, right);
  LadderRow row = row_of(wrong == asked.end() ? *asked.front() : **wrong);
  if (wrong != asked.end()) {
    row.reason = fmt::format("{}: {}", (*wrong)->record.variant, row.reason);
  } else {
    row.reason = fmt::format("{} of {} problems; {}: {}", asked.size(), problems.size(), asked.front()->record.variant,
                             row.reason);
  }
  return row;
}

}  // namespace

std::string_view word(Rung rung) {
  switch (rung) {
    case Rung::ok:
      return "ok";
    case Rung::refused:
      return "refused";
    case Rung::failed:
      return "failed";
    case Rung::mixed:
      return "mixed";
    case Rung::not_reached:
      return "not-reached";
    case Rung::not_asked:
      return "not-asked";
  }
  return "";
}

std::vector<LadderRow> gate_ladder(const evidence::VerifyReport& report) {
  std::map<std::string_view, Records> by_gate;
  for (const VerifiedRecord& one : report.records) by_gate[one.record.gate].push_back(&one);
  std::vector<LadderRow> rows;
  for (const evidence::RequiredGate& required : report.rules.gates) {
    const auto found = by_gate.find(required.gate);
    if (found == by_gate.end()) continue;
    const VerifiedRecord* one = speaker(found->second);
    if (one == nullptr && is_of_kernel(found->second.front()->record))
      rows.push_back(row_of_problems(found->second));
    else
      rows.push_back(one != nullptr ? row_of(*one) : row_of_images(found->second));
  }
  return rows;
}

}  // namespace assay::reports
