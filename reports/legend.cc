#include "reports/legend.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

bool same(const LegendEntry& entry, const Occurrence& other, const Explanation& explanation) {
  const Occurrence& own = entry.occurrence;
  return own.outcome == other.outcome && own.code == other.code && own.stage == other.stage &&
         entry.explanation.record_as == explanation.record_as;
}

}  // namespace

std::vector<LegendEntry> legend(std::span<const evidence::VerifiedRecord> records, const ErrorTable& table) {
  std::vector<LegendEntry> list;
  for (const auto& [record, derived] : records)
    for (const Occurrence& occurrence : occurrences(record)) {
      const Explanation explanation = explain(table, occurrence);
      auto found = std::ranges::find_if(list, [&](const LegendEntry& e) { return same(e, occurrence, explanation); });
      if (found == list.end()) found = list.insert(list.end(), {occurrence, explanation, {}});
      if (std::ranges::find(found->gates, record.gate) == found->gates.end()) found->gates.push_back(record.gate);
    }
  return list;
}

std::string title(const LegendEntry& entry) {
  const Occurrence& occurrence = entry.occurrence;
  std::string text = occurrence.outcome == Outcome::driver_code ? "" : std::string(word(occurrence.outcome)) + " ";
  if (occurrence.code != 0) text += fmt::format("{} ", occurrence.code);
  if (!entry.explanation.name.empty()) text += entry.explanation.name + " ";
  return text + "at " + occurrence.stage;
}

Json to_json(const LegendEntry& entry) {
  return {{"outcome", word(entry.occurrence.outcome)},
          {"code", entry.occurrence.code},
          {"name", entry.explanation.name},
          {"stage", entry.occurrence.stage},
          {"gates", entry.gates},
          {"known", entry.explanation.known},
          {"shows", entry.explanation.shows},
          {"does_not_show", entry.explanation.does_not_show},
          {"record_as", entry.explanation.record_as},
          {"sources", entry.explanation.sources},
          {"remedy", entry.explanation.remedy}};
}

}  // namespace assay::reports
