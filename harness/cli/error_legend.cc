#include "harness/cli/error_legend.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/terminal.h"
#include "reports/errors.h"

namespace assay::cli {
namespace {

using reports::Explanation;
using reports::Occurrence;
using reports::Outcome;

/// One ending, and every gate that met it.
struct Entry {
  Occurrence occurrence;
  Explanation explanation;
  std::vector<std::string> gates;
};

/// Endings are one entry if a reader could not tell them apart.
bool same(const Entry& entry, const Occurrence& other, const Explanation& explanation) {
  const Occurrence& own = entry.occurrence;
  return own.outcome == other.outcome && own.code == other.code && own.stage == other.stage &&
         entry.explanation.record_as == explanation.record_as;
}

/// A table that cannot be read explains nothing.
reports::ErrorTable built_in() {
  Result<reports::ErrorTable> table = reports::builtin_errors();
  return table ? *std::move(table) : reports::ErrorTable({});
}

std::vector<Entry> entries(std::span<const evidence::VerifiedRecord> records) {
  const reports::ErrorTable table = built_in();
  std::vector<Entry> list;
  for (const auto& [record, derived] : records)
    for (const Occurrence& occurrence : reports::occurrences(record)) {
      const Explanation explanation = explain(table, occurrence);
      auto found = std::ranges::find_if(list, [&](const Entry& e) { return same(e, occurrence, explanation); });
      if (found == list.end()) found = list.insert(list.end(), {occurrence, explanation, {}});
      if (std::ranges::find(found->gates, record.gate) == found->gates.end()) found->gates.push_back(record.gate);
    }
  return list;
}

/// "209 CUDA_ERROR_NO_BINARY_FOR_GPU at load", "child-signal 11 SIGSEGV at load", "assembler-refusal at assemble".
std::string title(const Entry& entry) {
  const Occurrence& occurrence = entry.occurrence;
  std::string text = occurrence.outcome == Outcome::driver_code ? "" : std::string(word(occurrence.outcome)) + " ";
  if (occurrence.code != 0) text += fmt::format("{} ", occurrence.code);
  if (!entry.explanation.name.empty()) text += entry.explanation.name + " ";
  return text + "at " + occurrence.stage;
}

std::string paragraph(const Entry& entry, std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows = {{{"  "}, {"met by"}, {fmt::format("{}", fmt::join(entry.gates, ", "))}},
                                         {{"  "}, {"shows"}, {entry.explanation.shows}},
                                         {{"  "}, {"does not show"}, {entry.explanation.does_not_show}}};
  if (!entry.explanation.remedy.empty()) rows.push_back({{"  "}, {"remedy"}, {entry.explanation.remedy}});
  const std::string body = table({"", "", ""}, rows, width, colour);
  return fmt::format("  {}\n{}", paint(title(entry), Colour::bold, colour), body.substr(body.find('\n') + 1));
}

Json to_json(const Entry& entry) {
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

}  // namespace

std::string error_legend(std::span<const evidence::VerifiedRecord> records, std::size_t width, bool colour) {
  std::string text;
  for (const Entry& entry : entries(records)) text += paragraph(entry, width, colour) + "\n";
  return text.empty() ? text : "What the codes of this run show:\n\n" + text;
}

Json error_legend_json(std::span<const evidence::VerifiedRecord> records) {
  Json list = Json::array();
  for (const Entry& entry : entries(records)) list.push_back(to_json(entry));
  return list;
}

}  // namespace assay::cli
