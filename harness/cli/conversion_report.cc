#include "harness/cli/conversion_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "reports/html.h"
#include "reports/page_table.h"

namespace assay::cli {
namespace {

using artifact::ConvertedModule;
using artifact::KeptTensor;
using reports::element;
using reports::Html;

constexpr std::size_t kWorst = 10;

/// Infinity where the weights came through exactly, as zeros do, which have no signal either.
double decibels(const nvfp4::Noise& noise) {
  return noise.noise == 0 ? std::numeric_limits<double>::infinity() : nvfp4::sqnr_db(noise);
}
double decibels(const ConvertedModule& module) { return decibels(module.noise); }

/// "21.803", or why there is none.
std::string decibels_text(double value) { return std::isinf(value) ? "exact" : fmt::format("{:.3f}", value); }

nvfp4::Noise total_noise(const ConversionReport& report) {
  nvfp4::Noise sum;
  for (const ConvertedModule& one : report.conversion.modules) sum += one.noise;
  return sum;
}

/// The farthest from the master first; of equals by name.
std::vector<const ConvertedModule*> worst_first(const ConversionReport& report) {
  std::vector<const ConvertedModule*> modules;
  for (const ConvertedModule& one : report.conversion.modules) modules.push_back(&one);
  std::ranges::sort(modules, {}, [](const ConvertedModule* one) { return std::pair(decibels(*one), one->module); });
  return modules;
}

struct KeptGroup {
  std::string reason;
  std::vector<std::string> tensors;
};

/// What was left alone, by reason; the reasons in the order of their number.
std::vector<KeptGroup> by_reason(const ConversionReport& report) {
  std::map<std::string, KeptGroup> groups;
  for (const KeptTensor& one : report.kept) {
    KeptGroup& group = groups[one.reason.rule + one.reason.text];
    group.reason = fmt::format("{}: {}", one.reason.rule, one.reason.text);
    group.tensors.push_back(one.name);
  }
  std::vector<KeptGroup> all;
  for (auto& [key, group] : groups) all.push_back(std::move(group));
  std::ranges::stable_sort(all, std::greater(), [](const KeptGroup& group) { return group.tensors.size(); });
  return all;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, kUnits[unit]);
}

std::string share_text(const artifact::Conversion& done) {
  return fmt::format("{:.1f} %", 100 * static_cast<double>(done.bytes_after) / static_cast<double>(done.bytes_before));
}

std::string headline(const ConversionReport& report) {
  return fmt::format("{} matrices quantised by {} (tensor scale {}, {}), {} tensors left alone: from {} to {}, {}",
                     report.conversion.modules.size(), report.method, report.tensor_scale, report.algorithm,
                     report.kept.size(), size_text(report.conversion.bytes_before),
                     size_text(report.conversion.bytes_after), share_text(report.conversion));
}

/// Thousandths of a decibel; null where the weights came through exactly.
Json thousandths(double value) {
  if (std::isinf(value)) return nullptr;
  return static_cast<std::int64_t>(std::llround(1000 * value));
}

// --- The page ---

/// Modules by decibels: a column for each bin.
struct Histogram {
  int width = 0;  ///< Of a bin, in thousandths of a decibel.
  int first = 0;  ///< The first column is of first * width up to (first + 1) * width.
  std::vector<std::size_t> counts;
};

/// The widest bins that still show how the modules differ: they may lie within a tenth of a decibel, or over twenty.
int bin_width(int range) {
  constexpr int kEnough = 8;
  for (const int width : {5000, 2000, 1000, 500, 200, 100, 50, 20, 10})
    if (range / width >= kEnough) return width;
  return 5;
}

Histogram histogram_of(const ConversionReport& report) {
  std::vector<int> values;
  for (const ConvertedModule& one : report.conversion.modules)
    if (std::isfinite(decibels(one))) values.push_back(static_cast<int>(std::floor(1000 * decibels(one))));
  if (values.empty()) return {};
  const auto [least, most] = std::ranges::minmax(values);
  const int width = bin_width(most - least);
  const auto bin_of = [width](int value) { return static_cast<int>(std::floor(static_cast<double>(value) / width)); };
  // A bin of its own at both ends, so that one bar is seen as one of several.
  Histogram histogram{.width = width, .first = bin_of(least) - 1, .counts = {}};
  histogram.counts.resize(static_cast<std::size_t>(bin_of(most) + 2 - histogram.first));
  for (const int value : values) ++histogram.counts[static_cast<std::size_t>(bin_of(value) - histogram.first)];
  return histogram;
}

std::string number(int value) { return std::to_string(value); }

Html text_at(int x, int y, std::string_view anchor, const std::string& text) {
  return element("text", {{"x", number(x)}, {"y", number(y)}, {"text-anchor", std::string(anchor)}}, text);
}

/// Columns over a scale of decibels, each with its number of modules above it.
Html picture_of(const Histogram& histogram) {
  constexpr int kWidth = 640, kHeight = 240, kLeft = 28, kRight = 28, kTop = 26, kBottom = 46;
  const int columns = static_cast<int>(histogram.counts.size());
  const auto most = static_cast<int>(*std::ranges::max_element(histogram.counts));
  const auto x_of = [&](int column) { return kLeft + (kWidth - kLeft - kRight) * column / columns; };
  const int step = std::max(1, columns / 8);  // columns from one number of the axis to the next
  const int digits = histogram.width < 10 ? 3 : histogram.width < 100 ? 2 : 1;
  Html marks;
  for (int column = 0; column < columns; ++column) {
    const auto count = static_cast<int>(histogram.counts[static_cast<std::size_t>(column)]);
    const int x = x_of(column), width = std::max(1, x_of(column + 1) - x - 2);
    const int height = count == 0 ? 0 : std::max(2, (kHeight - kTop - kBottom) * count / most);
    if (count > 0) {
      marks += element("rect", {{"class", "bar"},
                                {"x", number(x + 1)},
                                {"y", number(kHeight - kBottom - height)},
                                {"width", number(width)},
                                {"height", number(height)}});
      if (width >= 14) marks += text_at(x + 1 + width / 2, kHeight - kBottom - height - 6, "middle", number(count));
    }
    if (column % step != 0) continue;
    marks += element("path", {{"class", "tick"}, {"d", fmt::format("M{} {}v6", x, kHeight - kBottom)}});
    marks += text_at(x, kHeight - kBottom + 20, "middle",
                     fmt::format("{:.{}f}", (histogram.first + column) * histogram.width / 1000.0, digits));
  }
  marks +=
      element("path", {{"class", "axis"}, {"d", fmt::format("M{} {}H{}", kLeft, kHeight - kBottom, kWidth - kRight)}});
  marks += text_at(kWidth / 2, kHeight - 6, "middle", "signal-to-quantisation-noise ratio of a module, dB");
  return element("svg",
                 {{"class", "histogram"},
                  {"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                  {"role", "img"},
                  {"aria-label", "How many modules have which signal-to-quantisation-noise ratio"}},
                 marks);
}

Html section(std::string_view title, const Html& body) {
  return element("section", {}, {element("h2", {}, title), body});
}

std::vector<reports::PageCell> page_row(const ConvertedModule& one) {
  return {reports::code(one.module), reports::PageCell(decibels_text(decibels(one)), "figure"),
          reports::PageCell(fmt::format("{} x {}", one.outputs, one.inputs), "figure"),
          reports::PageCell(fmt::format("{:.6g}", one.tensor_scale), "figure")};
}

Html modules_table(std::string_view caption, std::span<const ConvertedModule* const> modules) {
  reports::PageRows rows;
  for (const ConvertedModule* one : modules) rows.push_back(page_row(*one));
  return reports::page_table("conversion", caption, {"Module", "dB", "Outputs x inputs", "Tensor scale"}, rows);
}

Html kept_part(const ConversionReport& report) {
  Html all;
  for (const KeptGroup& group : by_reason(report)) {
    Html names;
    for (const std::string& name : group.tensors) names += element("li", {}, reports::code(name));
    all += reports::folded(fmt::format("{} x {}", group.tensors.size(), group.reason),
                           element("ul", {{"class", "kept"}}, names));
  }
  return all;
}

}  // namespace

Json to_json(const ConversionReport& report) {
  Json modules = Json::array(), kept = Json::array();
  for (const ConvertedModule* one : worst_first(report))
    modules.push_back({{"module", one->module},
                       {"outputs", one->outputs},
                       {"inputs", one->inputs},
                       {"tensor_scale", fmt::format("{:a}", one->tensor_scale)},
                       {"sqnr_mdb", thousandths(decibels(*one))}});
  for (const KeptTensor& one : report.kept)
    kept.push_back({{"tensor", one.name}, {"rule", one.reason.rule}, {"reason", one.reason.text}});
  return {{"schema", "conversion/1"},
          {"source", report.source},
          {"tool", report.tool},
          {"policy", report.policy},
          {"method", report.method},
          {"tensor_scale", report.tensor_scale},
          {"algorithm", report.algorithm},
          {"format", report.format},
          {"bytes_before", report.conversion.bytes_before},
          {"bytes_after", report.conversion.bytes_after},
          {"sqnr_mdb", thousandths(decibels(total_noise(report)))},
          {"modules", std::move(modules)},
          {"kept", std::move(kept)}};
}

std::string to_text(const ConversionReport& report, std::size_t columns, bool colour) {
  std::string text = headline(report) + "\n";
  text += fmt::format("{} dB over all quantised weights\n\n", decibels_text(decibels(total_noise(report))));
  std::vector<std::vector<Cell>> rows;
  for (const ConvertedModule* one : worst_first(report)) {
    if (rows.size() == kWorst) break;
    rows.push_back(
        {{decibels_text(decibels(*one))}, {fmt::format("{} x {}", one->outputs, one->inputs)}, {one->module}});
  }
  text += table({"dB", "shape", rows.size() == report.conversion.modules.size() ? "module" : "the ten worst modules"},
                rows, columns, colour);
  rows.clear();
  for (const KeptGroup& group : by_reason(report))
    rows.push_back({{std::to_string(group.tensors.size())},
                    {group.tensors.front() + (group.tensors.size() > 1 ? ", ..." : "")},
                    {group.reason}});
  if (!rows.empty()) text += "\n" + table({"left", "tensor", "because"}, rows, columns, colour);
  return text;
}

std::string to_page(const ConversionReport& report) {
  const std::vector<const ConvertedModule*> modules = worst_first(report);
  const std::span worst(modules.data(), std::min(kWorst, modules.size()));
  const Histogram histogram = histogram_of(report);
  const Html head = reports::page_head(fmt::format("{}: NVFP4 conversion", report.source));
  Html body = {element("header", {},
                       {element("p", {{"class", "mark"}}, "assay"), element("h1", {}, "NVFP4 conversion"),
                        reports::paragraph("", reports::code(report.source))}),
               reports::paragraph("lead", headline(report) + "."),
               reports::paragraph("", fmt::format("{} dB over all quantised weights. Policy {}; {}; written by {}.",
                                                  decibels_text(decibels(total_noise(report))), report.policy,
                                                  report.format, report.tool))};
  if (!histogram.counts.empty()) body += section("How near the weights stayed", picture_of(histogram));
  body += section("The worst modules", modules_table("The modules farthest from the master", worst));
  body += section("Left alone", kept_part(report));
  body += section("Every module", reports::folded(fmt::format("{} modules", modules.size()),
                                                  modules_table("Every quantised module, worst first", modules)));
  return reports::document(element("html", {{"lang", "en"}}, {head, element("body", {}, element("main", {}, body))}))
      .markup();
}

}  // namespace assay::cli
