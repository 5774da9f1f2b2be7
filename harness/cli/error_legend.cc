#include "harness/cli/error_legend.h"

#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "reports/legend.h"

namespace assay::cli {
namespace {

using reports::LegendEntry;

/// A table that cannot be read explains nothing.
std::vector<LegendEntry> entries(std::span<const evidence::VerifiedRecord> records) {
  const Result<reports::ErrorTable> table = reports::builtin_errors();
  return reports::legend(records, table ? *table : reports::ErrorTable({}));
}

std::string paragraph(const LegendEntry& entry, std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows = {{{"  "}, {"met by"}, {fmt::format("{}", fmt::join(entry.gates, ", "))}},
                                         {{"  "}, {"shows"}, {entry.explanation.shows}},
                                         {{"  "}, {"does not show"}, {entry.explanation.does_not_show}}};
  if (!entry.explanation.remedy.empty()) rows.push_back({{"  "}, {"remedy"}, {entry.explanation.remedy}});
  const std::string body = table({"", "", ""}, rows, width, colour);
  return fmt::format("  {}\n{}", paint(title(entry), Colour::bold, colour), body.substr(body.find('\n') + 1));
}

}  // namespace

std::string error_legend(std::span<const evidence::VerifiedRecord> records, std::size_t width, bool colour) {
  std::string text;
  for (const LegendEntry& entry : entries(records)) text += paragraph(entry, width, colour) + "\n";
  return text.empty() ? text : "What the codes of this run show:\n\n" + text;
}

Json error_legend_json(std::span<const evidence::VerifiedRecord> records) {
  Json list = Json::array();
  for (const LegendEntry& entry : entries(records)) list.push_back(to_json(entry));
  return list;
}

}  // namespace assay::cli
