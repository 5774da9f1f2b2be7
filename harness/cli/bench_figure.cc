#include "harness/cli/bench_figure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "harness/evidence/record_parts.h"

namespace assay::cli {
namespace {

using evidence::Performance;
using kernels::bench::permille;

constexpr std::array<std::string_view, 5> kWords{"right", "wrong", "failed", "refused", "unproven"};

BesideFigure beside(const kernels::bench::Beside& other) {
  if (!other.why_not.empty()) return {.name = other.name, .why_not = other.why_not};
  return {.name = other.name,
          .median_ns = other.spread.median,
          .spread_ns = other.spread.deviation,
          .least_ns = other.spread.least};
}

Json to_json(const BesideFigure& figure) {
  return {{"name", figure.name},
          {"median_ns", figure.median_ns},
          {"spread_ns", figure.spread_ns},
          {"least_ns", figure.least_ns},
          {"why_not", figure.why_not}};
}

Result<BesideFigure> beside_from_json(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  BesideFigure figure{.name = reader.string("name"),
                      .median_ns = reader.integer("median_ns", 0),
                      .spread_ns = reader.integer("spread_ns", 0),
                      .least_ns = reader.integer("least_ns", 0),
                      .why_not = reader.string("why_not")};
  if (Status read = reader.finish(); !read) return read.error();
  return figure;
}

// --- for people
// -------------------------------------------------------------------------------------------------------

std::string shape_text(const BenchFigure& figure) {
  return figure.n == 0 ? "-" : fmt::format("{}x{}", figure.n, figure.k);
}

std::string microseconds(std::int64_t nanoseconds) {
  return fmt::format("{:.2f} us", static_cast<double>(nanoseconds) / 1e3);
}

/// "87.4 %" of a thousandth.
std::string percent(std::int64_t by_ten) { return fmt::format("{}.{} %", by_ten / 10, by_ten % 10); }

std::string rate(std::int64_t amount, std::int64_t nanoseconds) {
  if (amount == 0 || nanoseconds <= 0) return "-";
  return fmt::format("{:.2f}", static_cast<double>(amount) / static_cast<double>(nanoseconds) / 1e3);
}

std::string peer_text(const BenchFigure& figure) {
  if (!figure.peer || !figure.peer->why_not.empty()) return "-";
  return fmt::format("{:.2f}x",
                     static_cast<double>(figure.peer->median_ns) / static_cast<double>(figure.performance->median_ns));
}

bool slowed(const Performance& performance) {
  return performance.throttle != "none" && performance.throttle != "not readable";
}

/// "1980 MHz, 652 W, 61 C"; what slowed the device down stands first.
std::string state_text(const Performance& performance) {
  std::string text = slowed(performance) ? fmt::format("THROTTLED ({})", performance.throttle) : "";
  const auto add = [&text](const std::optional<std::int64_t>& value, std::int64_t by, std::string_view unit) {
    if (value) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", *value / by, unit);
  };
  add(performance.clock_khz_after, 1000, "MHz");
  add(performance.power_mw, 1000, "W");
  add(performance.temperature_c, 1, "C");
  return text.empty() ? "not readable" : text;
}

std::vector<Cell> timed_row(const BenchFigure& figure) {
  const Performance& timed = *figure.performance;
  std::string state = state_text(timed);
  if (figure.fits_caches) state += "; fits the caches";
  return {{figure.kernel},
          {shape_text(figure)},
          {figure.m == 0 ? "-" : std::to_string(figure.m)},
          {microseconds(timed.median_ns)},
          {percent(permille(timed.spread_ns, timed.median_ns))},
          {percent(permille(figure.plain_read.median_ns, timed.median_ns))},
          {percent(permille(figure.byte_floor_ns, timed.median_ns))},
          {rate(timed.bytes, timed.median_ns)},
          {rate(timed.operations, timed.median_ns)},
          {peer_text(figure)},
          {std::move(state), slowed(timed) ? Colour::yellow : Colour::plain}};
}

std::vector<Cell> untimed_row(const BenchFigure& figure) {
  const bool bad = figure.verdict == BenchVerdict::wrong || figure.verdict == BenchVerdict::failed;
  std::vector<Cell> row(10, Cell{"-"});
  row[0] = {figure.kernel};
  row[1] = {shape_text(figure)};
  row[2] = {figure.m == 0 ? "-" : std::to_string(figure.m)};
  row.push_back({fmt::format("{}: {}", word(figure.verdict), figure.why), bad ? Colour::red : Colour::dim});
  return row;
}

}  // namespace

std::string_view word(BenchVerdict verdict) { return kWords[static_cast<std::size_t>(verdict)]; }

void fill_in(const kernels::bench::Measured& measured, BenchFigure& figure) {
  figure.copies = measured.copies;
  figure.fits_caches = measured.fits_caches;
  figure.relative_error_ppb = std::isfinite(measured.relative_error) ? std::llround(measured.relative_error * 1e9) : -1;
  figure.worst_of_bound_ppm = std::llround(measured.worst * 1e6);
  figure.verdict = measured.why_not.empty() ? BenchVerdict::right : BenchVerdict::wrong;
  figure.why = measured.why_not;
  if (figure.verdict != BenchVerdict::right || measured.performance.samples == 0) return;
  figure.performance = measured.performance;
  figure.least_ns = measured.spread.least;
  figure.samples_ns = measured.timed.samples_ns;
  figure.launches_a_replay = measured.timed.launches;
  figure.plain_read = beside(measured.plain_read);
  if (measured.peer) figure.peer = beside(*measured.peer);
  figure.read_bytes_per_second = measured.read_bytes_per_second;
  figure.copy_bytes_per_second = measured.copy_bytes_per_second;
  figure.byte_floor_ns = kernels::bench::byte_floor_ns(measured);
}

Json to_json(const BenchFigure& figure) {
  return {{"kernel", figure.kernel},
          {"version", figure.version},
          {"m", figure.m},
          {"n", figure.n},
          {"k", figure.k},
          {"choice", figure.choice},
          {"verdict", word(figure.verdict)},
          {"why", figure.why},
          {"performance", evidence::performance_to_json(figure.performance)},
          {"least_ns", figure.least_ns},
          {"samples_ns", figure.samples_ns},
          {"launches_a_replay", figure.launches_a_replay},
          {"copies", figure.copies},
          {"fits_caches", figure.fits_caches},
          {"relative_error_ppb", figure.relative_error_ppb},
          {"worst_of_bound_ppm", figure.worst_of_bound_ppm},
          {"plain_read", to_json(figure.plain_read)},
          {"peer", figure.peer ? to_json(*figure.peer) : Json()},
          {"read_bytes_per_second", figure.read_bytes_per_second},
          {"copy_bytes_per_second", figure.copy_bytes_per_second},
          {"byte_floor_ns", figure.byte_floor_ns}};
}

Result<BenchFigure> bench_figure_from_json(const Json& json, const std::string& where) {
  BenchFigure figure;
  ObjectReader reader(json, where);
  figure.kernel = reader.string("kernel");
  figure.version = reader.integer("version", 1);
  figure.m = reader.integer("m", 0);
  figure.n = reader.integer("n", 0);
  figure.k = reader.integer("k", 0);
  figure.choice = reader.string("choice");
  const auto verdict = std::ranges::find(kWords, reader.string("verdict"));
  if (verdict == kWords.end())
    reader.fault("verdict", "unknown word");
  else
    figure.verdict = static_cast<BenchVerdict>(verdict - kWords.begin());
  figure.why = reader.string("why");
  const Json &performance = reader.any("performance"), &peer = reader.any("peer"), &read = reader.object("plain_read");
  figure.least_ns = reader.integer("least_ns", 0);
  for (const Json& one : reader.array("samples_ns"))
    if (one.is_number_integer()) figure.samples_ns.push_back(one.get<std::int64_t>());
  figure.launches_a_replay = reader.integer("launches_a_replay", 0);
  figure.copies = reader.integer("copies", 0);
  figure.fits_caches = reader.boolean("fits_caches");
  figure.relative_error_ppb = reader.integer("relative_error_ppb", -1);
  figure.worst_of_bound_ppm = reader.integer("worst_of_bound_ppm", 0);
  figure.read_bytes_per_second = reader.integer("read_bytes_per_second", 0);
  figure.copy_bytes_per_second = reader.integer("copy_bytes_per_second", 0);
  figure.byte_floor_ns = reader.integer("byte_floor_ns", 0);
  if (Status done = reader.finish(); !done) return done.error();
  auto timed = evidence::read_performance(performance, where + ": performance");
  if (!timed) return timed.error();
  figure.performance = *std::move(timed);
  auto plain_read = beside_from_json(read, where + ": plain_read");
  if (!plain_read) return plain_read.error();
  figure.plain_read = *std::move(plain_read);
  if (peer.is_null()) return figure;
  auto other = beside_from_json(peer, where + ": peer");
  if (!other) return other.error();
  figure.peer = *std::move(other);
  return figure;
}

std::string to_text(const std::vector<BenchFigure>& figures, std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  for (const BenchFigure& figure : figures)
    rows.push_back(figure.performance ? timed_row(figure) : untimed_row(figure));
  std::string text = table({"kernel", "NxK", "M", "median", "spread", "of plain read", "of byte floor", "TB/s", "TF/s",
                            "peer takes", "device"},
                           rows, width, colour);
  const auto without =
      std::ranges::find_if(figures, [](const BenchFigure& one) { return one.peer && !one.peer->why_not.empty(); });
  if (without != figures.end()) text += fmt::format("\nno {}: {}\n", without->peer->name, without->peer->why_not);
  return text;
}

}  // namespace assay::cli
