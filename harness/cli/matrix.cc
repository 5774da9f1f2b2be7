#include "harness/cli/matrix.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "reports/stage_matrix.h"

namespace assay::cli {
namespace {

Colour colour_of_cell(const std::string& cell) {
  if (cell == "proven") return Colour::green;
  if (cell == "assembles" || cell == "loads" || cell == "agrees") return Colour::plain;
  if (cell == "refused" || cell == "-") return Colour::dim;
  const bool is_code = std::ranges::all_of(cell, [](unsigned char c) { return std::isdigit(c) != 0; });
  return is_code ? Colour::yellow : Colour::red;
}

}  // namespace

std::string matrix_text(std::span<const evidence::VerifiedRecord> records, std::size_t width, bool colour) {
  const reports::StageMatrix matrix = reports::stage_matrix(records);
  if (matrix.rows.empty()) return "";
  std::vector<std::string> headings = {"instruction x target"};
  headings.insert(headings.end(), matrix.targets.begin(), matrix.targets.end());
  std::vector<std::vector<Cell>> rows;
  for (const auto& [gate, cells] : matrix.rows) {
    std::vector<Cell>& row = rows.emplace_back();
    row.push_back({gate});
    for (const std::string& cell : cells) row.push_back({cell, colour_of_cell(cell)});
  }
  return fmt::format(
      "{}  refused: by the assembler. assembles: no loader was asked. A code: it assembles, and the driver's loader "
      "refused the image.\n\n",
      table(headings, rows, width, colour));
}

Json matrix_json(std::span<const evidence::VerifiedRecord> records) {
  const reports::StageMatrix matrix = reports::stage_matrix(records);
  Json gates = Json::object();
  for (const auto& [gate, cells] : matrix.rows)
    for (std::size_t i = 0; i < cells.size(); ++i) gates[gate][matrix.targets[i]] = cells[i];
  return {{"targets", matrix.targets}, {"gates", std::move(gates)}};
}

std::string image_text(std::span<const evidence::VerifiedRecord> records, std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& [answer, variants] : reports::image_answers(records))
    rows.push_back({{answer}, {std::to_string(variants.size())}, {fmt::format("{}", fmt::join(variants, ", "))}});
  if (rows.empty()) return "";
  return table({"images, by the loader's answer", "", "cubin.arch_patch"}, rows, width, colour) + "\n";
}

Json image_json(std::span<const evidence::VerifiedRecord> records) {
  Json images = Json::object();
  for (const auto& [answer, variants] : reports::image_answers(records))
    for (const std::string& variant : variants) images[variant] = answer;
  return images;
}

}  // namespace assay::cli
