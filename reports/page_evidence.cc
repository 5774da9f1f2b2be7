// What was asked and answered: gates, matrix, images, codes, measured values.
#include <algorithm>

#include <fmt/format.h>

#include "reports/figures.h"
#include "reports/ladder_picture.h"
#include "reports/page_parts.h"
#include "reports/page_table.h"
#include "reports/passages.h"

namespace assay::reports {
namespace {

/// A verdict or another state as a coloured word.
Html badge(std::string_view state) {
  return element("span", {{"class", fmt::format("badge v-{}", state == kByImage ? "images" : state)}}, state);
}

Html key_line(Rung rung, std::string_view what) {
  return element("li", {}, {rung_key(rung), element("b", {}, word(rung)), " ", what});
}

Html ladder_keys() {
  return element(
      "ul", {{"class", "keys"}},
      {key_line(Rung::ok, "the stage went well"), key_line(Rung::refused, "software said no, with a code"),
       key_line(Rung::failed, "it was tried and went wrong"),
       key_line(Rung::mixed, "well for some images, not for others"), key_line(Rung::not_reached, "nothing was tried"),
       key_line(Rung::not_asked, "a question to the driver, without an image")});
}

Html verdict_line(std::string_view verdict, std::string_view meaning) {
  return {element("dt", {}, badge(verdict)), element("dd", {}, meaning)};
}

Html verdict_keys(bool emulated) {
  const Html best =
      emulated ? verdict_line("agrees", "equal to the oracle on an emulated device: supports no claim")
               : verdict_line("proven", "ran here, every word equal to the oracle, every control as it must be");
  return element("dl", {{"class", "verdicts"}},
                 {best, verdict_line("reported", "the driver or a measurement answered"),
                  verdict_line("refused", "software refused; nothing follows about silicon"),
                  verdict_line("mismatch", "ran, and some word differs from the oracle"),
                  verdict_line("unresolved", "not enough was seen to say more")});
}

Html gate_table(const std::vector<LadderRow>& ladder) {
  PageRows rows;
  for (const LadderRow& row : ladder)
    rows.push_back({code(row.gate),
                    badge(row.verdict),
                    row.evidence_class,
                    row.level == "none" ? "-" : row.level,
                    {row.reason, "why"}});
  return page_table("gates", "Gates with verdict, class, level and reason",
                    {"gate", "verdict", "class", "level", "why"}, rows);
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string style_of_cell(const std::string& cell, bool own) {
  const std::string state = cell == "-" ? "none" : is_number(cell) ? "code" : cell;
  return fmt::format("cell v-{}{}", state, own ? " own" : "");
}

Html values_of(const Report& report, std::string_view gate) {
  PageRows rows;
  for (const MeasuredValue& one : report.values) {
    const evidence::Measurement& m = one.measurement;
    if (one.gate == gate) rows.push_back({code(m.key), {value_text(m.value, m.unit), "value"}, m.source, m.note});
  }
  return page_table("values", fmt::format("Values of {}", gate), {"key", "value", "source", "note"}, rows);
}

std::size_t count_of(const Report& report, std::string_view gate) {
  return static_cast<std::size_t>(std::ranges::count(report.values, gate, &MeasuredValue::gate));
}

}  // namespace

Html gates_part(const Report& report) {
  if (report.ladder.empty()) return paragraph("", "No gate is on record.");
  const Html reading = element("div", {{"class", "reading"}}, {ladder_keys(), verdict_keys(report.emulated)});
  return {element("div", {{"class", "ladder-grid"}}, {element("figure", {}, ladder_picture(report.ladder)), reading}),
          gate_table(report.ladder), paragraph("note", kRefusalNote)};
}

Html matrix_part(const Report& report) {
  const StageMatrix& matrix = report.matrix;
  if (matrix.rows.empty()) return paragraph("", "No text was assembled.");
  std::vector<PageCell> headings = {"gate"};
  for (const std::string& target : matrix.targets)
    headings.emplace_back(code(target), target == report.own_target ? "own" : "");
  PageRows rows;
  for (const auto& [gate, cells] : matrix.rows) {
    std::vector<PageCell>& row = rows.emplace_back();
    row.emplace_back(code(gate));
    for (std::size_t i = 0; i < cells.size(); ++i)
      row.emplace_back(cells[i], style_of_cell(cells[i], matrix.targets[i] == report.own_target));
  }
  Html note = kMatrixNote;
  if (!report.own_target.empty())
    note += fmt::format(" The marked column, {}, is this device's own.", report.own_target);
  return {page_table("matrix", "Instruction by target", headings, rows), paragraph("note", note)};
}

Html measured_part(const Report& report) {
  if (report.values.empty()) return paragraph("", "Nothing was measured.");
  Html lines, folds;
  for (const auto& [what, text] : report.measured) lines += {element("dt", {}, what), element("dd", {}, text)};
  for (const LadderRow& row : report.ladder)
    if (const std::size_t count = count_of(report, row.gate); count > 0)
      folds += folded({code(row.gate), fmt::format(": {} values", count)}, values_of(report, row.gate));
  return {lines.empty() ? Html() : element("dl", {{"class", "lines"}}, lines), folds};
}

Html images_part(const Report& report) {
  if (report.images.empty()) return paragraph("", "No image was asked about.");
  PageRows rows;
  for (const auto& [answer, variants] : report.images) {
    Html list;
    for (const std::string& variant : variants) list += element("li", {}, code(variant));
    rows.push_back({answer, {std::to_string(variants.size()), "value"}, element("ul", {{"class", "variants"}}, list)});
  }
  return {
      paragraph("lead",
                "Images that were handed to the loader, edited ones among them, by what it answered. An edited image "
                "shows what a loader reads and never a capability."),
      page_table("images", "Images by the loader's answer", {"answer", "images", "which"}, rows)};
}

Html codes_part(const Report& report) {
  if (report.codes.empty()) return paragraph("", "No gate ended in a code.");
  PageRows rows;
  for (const LegendEntry& entry : report.codes) {
    Html gates;
    for (const std::string& gate : entry.gates) gates += {gates.empty() ? Html() : Html(", "), code(gate)};
    Html shows = entry.explanation.shows;
    if (!entry.explanation.remedy.empty())
      shows += paragraph("remedy", {element("b", {}, "Remedy: "), entry.explanation.remedy});
    rows.push_back({title(entry), shows, entry.explanation.does_not_show, gates});
  }
  return page_table("codes", "What the codes of this run show", {"code", "shows", "does not show", "met by"}, rows);
}

}  // namespace assay::reports
