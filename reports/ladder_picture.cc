#include "reports/ladder_picture.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace assay::reports {
namespace {

// Units of the picture; at its natural width a unit is a CSS pixel.
constexpr int kWidth = 452, kLeft = 170, kStep = 31, kHead = 62, kRow = 21, kFamilyGap = 7;
constexpr int kVerdict = kLeft + 5 * kStep + 26;

std::string number(int value) { return std::to_string(value); }

Html text_at(int x, int y, std::string_view style, const Html& content) {
  return element("text", {{"x", number(x)}, {"y", number(y)}, {"class", std::string(style)}}, content);
}

Html path(std::string_view d) { return element("path", {{"d", std::string(d)}}); }
Html disc() { return element("circle", {{"r", "7"}}); }

/// What is drawn over the disc; each state has another.
Html sign(Rung rung) {
  switch (rung) {
    case Rung::ok:
      return path("M-3.4 .2 -1 2.8 3.6-2.6");
    case Rung::refused:
      return path("M-2.8-2.8 2.8 2.8M2.8-2.8-2.8 2.8");
    case Rung::failed:
      return path("M0-3.8V.8M0 3.2V3.8");
    case Rung::mixed:
      return element("path", {{"class", "half"}, {"d", "M0-7A7 7 0 0 1 0 7Z"}});
    case Rung::not_reached:
      return {};
    case Rung::not_asked:
      return path("M-3 0H3");
  }
  return {};
}

Html mark(Rung rung, int x, int y) {
  const std::string place = fmt::format("translate({} {})", x, y);
  return element("g", {{"class", fmt::format("rung {}", word(rung))}, {"transform", place}}, {disc(), sign(rung)});
}

std::string_view family(std::string_view gate) { return gate.substr(0, gate.find('.')); }

/// "tma.load: assemble ok, load ok, ...; proven"
std::string told(const LadderRow& row) {
  std::string text;
  for (std::size_t i = 0; i < row.rungs.size(); ++i)
    text +=
        fmt::format("{}{} {}", i == 0 ? "" : ", ", evidence::word(static_cast<evidence::Stage>(i)), word(row.rungs[i]));
  return fmt::format("{}: {}; {}", row.gate, text, row.verdict);
}

Html headings() {
  Html all;
  for (std::size_t i = 0; i < evidence::kStageCount; ++i) {
    const std::string place =
        fmt::format("translate({} {}) rotate(-48)", kLeft + 2 + static_cast<int>(i) * kStep, kHead - 16);
    all += element("text", {{"class", "stage"}, {"transform", place}}, evidence::word(static_cast<evidence::Stage>(i)));
  }
  return all;
}

/// The rail runs as far as the gate came.
Html rail(const LadderRow& row, int y) {
  int last = 0;
  for (std::size_t i = 0; i < row.rungs.size(); ++i)
    if (row.rungs[i] != Rung::not_reached) last = static_cast<int>(i);
  if (last == 0 || row.rungs[0] == Rung::not_asked) return {};
  return element("path", {{"class", "rail"}, {"d", fmt::format("M{} {}H{}", kLeft, y, kLeft + last * kStep)}});
}

Html row_at(const LadderRow& row, int y) {
  Html marks;
  for (std::size_t i = 0; i < row.rungs.size(); ++i)
    marks += mark(row.rungs[i], kLeft + static_cast<int>(i) * kStep, y);
  return element("g", {},
                 {element("title", {}, told(row)), text_at(kLeft - 18, y + 4, "gate", row.gate), rail(row, y), marks,
                  text_at(kVerdict, y + 4,
                          fmt::format("verdict v-{}", row.verdict == kByImage ? "images" : row.verdict), row.verdict)});
}

}  // namespace

Html ladder_picture(const std::vector<LadderRow>& rows) {
  if (rows.empty()) return {};
  Html body = headings();
  int y = kHead;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && family(rows[i].gate) != family(rows[i - 1].gate)) {
      y += kFamilyGap;
      body += element("path", {{"class", "divide"}, {"d", fmt::format("M0 {}H{}", y - kRow / 2 - 4, kWidth)}});
    }
    body += row_at(rows[i], y);
    y += kRow;
  }
  const std::string box = fmt::format("0 0 {} {}", kWidth, y - kRow / 2 + 4);
  return element(
      "svg", {{"class", "ladder"}, {"viewBox", box}, {"role", "img"}, {"aria-labelledby", "ladder-title ladder-desc"}},
      {element("title", {{"id", "ladder-title"}}, "Gate ladder"),
       element("desc", {{"id", "ladder-desc"}},
               "One row for each gate. Six marks tell how it fared at assemble, load, resolve, launch, "
               "complete and verify; its verdict stands at the end. The table below says the same in words."),
       body});
}

Html rung_key(Rung rung) {
  return element("svg", {{"class", "key"}, {"viewBox", "-9 -9 18 18"}, {"aria-hidden", "true"}}, mark(rung, 0, 0));
}

}  // namespace assay::reports
