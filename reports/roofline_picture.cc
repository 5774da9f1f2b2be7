#include "reports/roofline_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "reports/figures.h"

namespace assay::reports {
namespace {

constexpr int kWidth = 640, kHeight = 360, kLeft = 64, kRight = 20, kTop = 34, kBottom = 52;

/// Whole decades that hold all values.
struct Axis {
  int low = 0, high = 1;

  void hold(double value) {
    low = std::min(low, static_cast<int>(std::floor(std::log10(value))));
    high = std::max(high, static_cast<int>(std::ceil(std::log10(value))));
  }
  double part(double value) const { return (std::log10(value) - low) / (high - low); }
};

struct Point {
  std::size_t number;  ///< Of the row in the table, from 1.
  const KernelRow* row;
  double intensity, rate;
};

std::vector<Point> points_of(const KernelTable& table) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const KernelRow& row = table.rows[i];
    if (row.operations_per_byte_by_1000 <= 0 || row.operations_per_second <= 0) continue;
    points.push_back({i + 1, &row, static_cast<double>(row.operations_per_byte_by_1000) / 1000,
                      static_cast<double>(row.operations_per_second)});
  }
  return points;
}

/// The picture's coordinates of a value; whole units, so that they print alike everywhere.
struct Frame {
  Axis x, y;
  int across(double value) const {
    return kLeft + static_cast<int>(std::lround(x.part(value) * (kWidth - kLeft - kRight)));
  }
  int down(double value) const {
    return kHeight - kBottom - static_cast<int>(std::lround(y.part(value) * (kHeight - kTop - kBottom)));
  }
};

/// Holds every point, and the roof above it.
Frame frame_of(const std::vector<Point>& points, std::int64_t bytes_per_second) {
  const double intensity = points.front().intensity, rate = points.front().rate;
  const int x = static_cast<int>(std::floor(std::log10(intensity))), y = static_cast<int>(std::floor(std::log10(rate)));
  Frame frame{{x - 1, x + 2}, {y, y + 1}};
  for (const Point& point : points) {
    frame.x.hold(point.intensity);
    frame.y.hold(point.rate);
    if (bytes_per_second > 0) frame.y.hold(point.intensity * static_cast<double>(bytes_per_second));
  }
  return frame;
}

std::string number(int value) { return std::to_string(value); }

Html text_at(int x, int y, std::string_view style, const Html& content) {
  return element("text", {{"x", number(x)}, {"y", number(y)}, {"class", std::string(style)}}, content);
}

Html line(std::string_view style, int x1, int y1, int x2, int y2) {
  return element("path", {{"class", std::string(style)}, {"d", fmt::format("M{} {}L{} {}", x1, y1, x2, y2)}});
}

/// "0.1", "10", "100 G".
std::string decade(int exponent) {
  constexpr std::array<std::string_view, 3> kDigits = {"1", "10", "100"};
  constexpr std::array<std::string_view, 6> kPrefixes = {"", " k", " M", " G", " T", " P"};
  if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + "1";
  const auto place = static_cast<std::size_t>(exponent);
  return fmt::format("{}{}", kDigits[place % 3], kPrefixes[std::min(place / 3, kPrefixes.size() - 1)]);
}

Html grid(const Frame& frame) {
  Html all;
  const int bottom = kHeight - kBottom, right = kWidth - kRight;
  for (int i = frame.x.low; i <= frame.x.high; ++i) {
    const int x = frame.across(std::pow(10, i));
    all += line("grid", x, kTop, x, bottom);
    all += text_at(x, bottom + 18, "tick middle", decade(i));
  }
  for (int i = frame.y.low; i <= frame.y.high; ++i) {
    const int y = frame.down(std::pow(10, i));
    all += line("grid", kLeft, y, right, y);
    all += text_at(kLeft - 8, y + 4, "tick end", decade(i));
  }
  all += text_at((kLeft + right) / 2, kHeight - 10, "axis middle", "operations per byte");
  all += text_at(4, 14, "axis", "operations per second");
  return all;
}

/// The part of the measured roof that lies in the frame.
Html roof(const Frame& frame, std::int64_t bytes_per_second) {
  if (bytes_per_second <= 0) return {};
  const auto slope = static_cast<double>(bytes_per_second);
  const double low = std::max(std::pow(10, frame.x.low), std::pow(10, frame.y.low) / slope);
  const double high = std::min(std::pow(10, frame.x.high), std::pow(10, frame.y.high) / slope);
  if (low >= high) return {};
  const double middle = std::sqrt(low * high);
  return {line("roof", frame.across(low), frame.down(low * slope), frame.across(high), frame.down(high * slope)),
          text_at(frame.across(middle) + 8, frame.down(middle * slope) + 16, "roof-name",
                  fmt::format("roof: a plain read in this run, {}", figure(bytes_per_second, "B/s")))};
}

Html mark(const Frame& frame, const Point& point) {
  const int x = frame.across(point.intensity), y = frame.down(point.rate);
  return element("g", {{"class", "point"}},
                 {element("title", {},
                          fmt::format("{}: {} at {} operations per byte", point.row->gate,
                                      figure(point.row->operations_per_second, "op/s"),
                                      thousandths(point.row->operations_per_byte_by_1000))),
                  element("circle", {{"cx", number(x)}, {"cy", number(y)}, {"r", "8"}}),
                  text_at(x, y + 4, "middle", std::to_string(point.number))});
}

}  // namespace

Html roofline_picture(const KernelTable& table) {
  const std::vector<Point> points = points_of(table);
  if (points.empty()) return {};
  const Frame frame = frame_of(points, table.read_bytes_per_second);
  Html marks;
  for (const Point& point : points) marks += mark(frame, point);
  return element("svg",
                 {{"class", "roofline"},
                  {"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                  {"role", "img"},
                  {"aria-labelledby", "roofline-title roofline-desc"}},
                 {element("title", {{"id", "roofline-title"}}, "Kernels under the measured memory roof"),
                  element("desc", {{"id", "roofline-desc"}},
                          "Operations per second over operations per byte, both logarithmic. Numbers are the rows of "
                          "the table below."),
                  grid(frame), roof(frame, table.read_bytes_per_second), marks});
}

}  // namespace assay::reports
