#include "harness/cli/layer_figure.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "kernels/catalogue.h"
#include "kernels/problems.h"

namespace assay::cli {
namespace {

using Shape = decltype(LayerFigure{}.shape());
/// The layer of each shape that was timed.
using Times = std::map<Shape, const LayerFigure*>;

Times times_of(const std::vector<LayerFigure>& figures) {
  Times times;
  for (const LayerFigure& one : figures)
    if (one.figure.performance) times.emplace(one.shape(), &one);
  return times;
}

bool is_right(const LayerFigure& one) { return one.figure.verdict == BenchVerdict::right; }

// --- for people

std::string share(double part, double whole) { return whole <= 0 ? "-" : fmt::format("{:.1f} %", 100 * part / whole); }

std::string microseconds(std::int64_t nanoseconds) {
  return fmt::format("{:.2f} us", static_cast<double>(nanoseconds) / 1e3);
}

std::string relative_text(std::int64_t ppb) {
  return ppb < 0 ? "not finite" : fmt::format("{:.2e}", static_cast<double>(ppb) / 1e9);
}

/// "wgmma nvfp4_decode_wgmma".
std::string lane_and_row(const BenchFigure& figure) {
  const kernels::Kernel* row = kernels::find_kernel(figure.kernel);
  if (row == nullptr) return figure.kernel.empty() ? "-" : figure.kernel;
  return fmt::format("{} {}", kernels::word(row->lane), row->id.substr(row->id.find('.') + 1));
}

/// What was measured on another layer of the shape stands in brackets.
std::vector<Cell> time_cells(const LayerFigure& one, const Times& times) {
  const auto found = times.find(one.shape());
  if (!is_right(one) || found == times.end()) return {{"-"}, {"-"}};
  const BenchFigure& timed = found->second->figure;
  const auto told = [&](const std::string& text) { return one.figure.performance ? text : fmt::format("({})", text); };
  const std::int64_t median = timed.performance->median_ns;
  return {{told(microseconds(median))},
          {told(share(static_cast<double>(timed.plain_read.median_ns), static_cast<double>(median)))}};
}

std::vector<Cell> row_of(const LayerFigure& one, const Times& times) {
  const BenchFigure& figure = one.figure;
  const bool right = is_right(one);
  std::vector<Cell> row{{one.layer},
                        {fmt::format("{}x{}", figure.n, figure.k)},
                        {lane_and_row(figure)},
                        {std::to_string(figure.m)},
                        {one.compared > 0 ? share(static_cast<double>(figure.worst_of_bound_ppm), 1e6) : "-"},
                        {one.compared > 0 ? relative_text(figure.relative_error_ppb) : "-"}};
  for (Cell& cell : time_cells(one, times)) row.push_back(std::move(cell));
  if (right)
    row.push_back({"right", Colour::green});
  else
    row.push_back({fmt::format("{}: {}", word(figure.verdict), figure.why),
                   figure.verdict == BenchVerdict::unproven ? Colour::dim : Colour::red});
  return row;
}

std::string total_text(const LayerTotal& total) {
  std::string text = fmt::format("M {}: {} of {} layers right", total.m, total.right, total.layers);
  if (total.right > 0)
    text +=
        fmt::format(", the largest error {} of its bound, relative error of a layer at most {}",
                    share(static_cast<double>(total.worst_of_bound_ppm), 1e6), relative_text(total.relative_error_ppb));
  text += "\n";
  if (total.median_ns == 0) return text;
  text += fmt::format("M {}: every weight once, a pair as a pair: {}, {} of the plain reads' speed", total.m,
                      microseconds(total.median_ns),
                      share(static_cast<double>(total.plain_read_ns), static_cast<double>(total.median_ns)));
  if (total.prepare_ns > 0)
    text += fmt::format("; prepared in {}, {}", microseconds(total.prepare_ns),
                        share(static_cast<double>(total.prepare_read_ns), static_cast<double>(total.prepare_ns)));
  if (total.untimed > 0) text += fmt::format("; without {} that have no time", total.untimed);
  return text + "\n";
}

void add(const LayerFigure& one, const Times& times, LayerTotal& total) {
  ++total.layers;
  if (is_right(one)) {
    ++total.right;
    total.worst_of_bound_ppm = std::max(total.worst_of_bound_ppm, one.figure.worst_of_bound_ppm);
    total.relative_error_ppb = std::max(total.relative_error_ppb, one.figure.relative_error_ppb);
  }
  if (one.in_pair) return;
  const auto found = times.find(one.shape());
  if (!is_right(one) || found == times.end()) {
    ++total.untimed;
    return;
  }
  const LayerFigure& timed = *found->second;
  total.median_ns += timed.figure.performance->median_ns;
  total.plain_read_ns += timed.figure.plain_read.median_ns;
  total.prepare_ns += timed.prepare_ns;
  total.prepare_read_ns += timed.prepare_read_ns;
}

}  // namespace

std::vector<LayerTotal> totals_of(const std::vector<LayerFigure>& figures) {
  const Times times = times_of(figures);
  std::vector<LayerTotal> totals;
  for (const LayerFigure& one : figures) {
    auto total = std::ranges::find(totals, one.figure.m, &LayerTotal::m);
    if (total == totals.end()) total = totals.insert(totals.end(), {.m = one.figure.m});
    add(one, times, *total);
  }
  return totals;
}

Json to_json(const LayerFigure& one) {
  return {{"layer", one.layer},           {"gated", one.gated},           {"in_pair", one.in_pair},
          {"compared", one.compared},     {"prepare_ns", one.prepare_ns}, {"prepare_read_ns", one.prepare_read_ns},
          {"figure", to_json(one.figure)}};
}

Result<LayerFigure> layer_figure_from_json(const Json& json, const std::string& where) {
  LayerFigure one;
  ObjectReader reader(json, where);
  one.layer = reader.string("layer");
  one.gated = reader.boolean("gated");
  one.in_pair = reader.boolean("in_pair");
  one.compared = reader.integer("compared", 0);
  one.prepare_ns = reader.integer("prepare_ns", 0);
  one.prepare_read_ns = reader.integer("prepare_read_ns", 0);
  const Json& figure = reader.object("figure");
  if (Status read = reader.finish(); !read) return read.error();
  Result<BenchFigure> read = bench_figure_from_json(figure, where + ": figure");
  if (!read) return read.error();
  one.figure = *std::move(read);
  return one;
}

Json to_json(const LayerTotal& total) {
  return {{"m", total.m},
          {"layers", total.layers},
          {"right", total.right},
          {"worst_of_bound_ppm", total.worst_of_bound_ppm},
          {"relative_error_ppb", total.relative_error_ppb},
          {"median_ns", total.median_ns},
          {"plain_read_ns", total.plain_read_ns},
          {"prepare_ns", total.prepare_ns},
          {"prepare_read_ns", total.prepare_read_ns},
          {"untimed", total.untimed}};
}

std::string to_text(const std::vector<LayerFigure>& figures, std::size_t width, bool colour) {
  const Times times = times_of(figures);
  std::vector<std::vector<Cell>> rows;
  for (const LayerFigure& one : figures) rows.push_back(row_of(one, times));
  std::string text =
      table({"layer", "NxK", "row", "M", "of its bound", "Frobenius", "median", "of plain read", "result"}, rows, width,
            colour);
  if (!times.empty()) text += "\nA time in brackets was measured on the first layer of that shape.\n";
  for (const LayerTotal& total : totals_of(figures)) text += total_text(total);
  return text;
}

}  // namespace assay::cli
