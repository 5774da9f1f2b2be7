// The part of a comparison that is about speed: a ratio of medians, and a band in which it says nothing.
#include <algorithm>

#include <fmt/format.h>

#include "reports/baseline.h"

namespace assay::reports {
namespace {

using evidence::Performance;

constexpr std::int64_t kMillion = 1'000'000;
/// Clocks of one machine drift by as much from run to run.
constexpr std::int64_t kSmallestBand = 20'000;
/// Deviations on each side that count as noise.
constexpr std::int64_t kDeviations = 3;
constexpr std::int64_t kFewestSamples = 5;

/// part / whole in millionths, rounded to nearest; the product does not fit 64 bits for long launches.
std::int64_t millionths(std::int64_t part, std::int64_t whole) {
  __extension__ using Wide = __int128;
  if (whole <= 0) return 0;
  const Wide scaled = (static_cast<Wide>(part) * kMillion + whole / 2) / whole;
  return static_cast<std::int64_t>(std::min<Wide>(scaled, INT64_MAX / 8));
}

std::int64_t noise(const Performance& side) { return kDeviations * millionths(side.spread_ns, side.median_ns); }

/// "1.034" of 1034000 millionths.
std::string decimal(std::int64_t value) { return fmt::format("{}.{:03}", value / kMillion, value % kMillion / 1000); }

bool throttled(const Performance& side) { return side.throttle != "none" && side.throttle != "not readable"; }

/// Why two speeds are not of the same launch; empty if they are.
std::string other_launch(const Performance& before, const Performance& after) {
  if (before.launch != after.launch) return fmt::format("another launch: {}, was {}", after.launch, before.launch);
  if (before.bytes != after.bytes || before.operations != after.operations) return "another amount of work";
  if (before.samples < kFewestSamples || after.samples < kFewestSamples)
    return fmt::format("{} and {} samples, {} needed", before.samples, after.samples, kFewestSamples);
  if (before.median_ns <= 0 || after.median_ns <= 0) return "a median of nothing";
  if (throttled(before) || throttled(after))
    return fmt::format("throttled: before {}, after {}", before.throttle, after.throttle);
  return "";
}

std::string text_of(const Performance& side) {
  return fmt::format("{} ns (spread {} ns)", side.median_ns, side.spread_ns);
}

}  // namespace

Difference compare(const Performance& before, const Performance& after) {
  Difference difference{.change = Change::ambiguous, .before = text_of(before), .after = text_of(after)};
  difference.note = other_launch(before, after);
  if (!difference.note.empty()) return difference;
  const std::int64_t ratio = millionths(after.median_ns, before.median_ns);
  const std::int64_t band = std::max(kSmallestBand, noise(before) + noise(after));
  if (ratio > kMillion + band) difference.change = Change::slower;
  if (ratio < kMillion - band) difference.change = Change::faster;
  difference.note = fmt::format("takes {} times as long; noise band {} to {}", decimal(ratio),
                                decimal(std::max<std::int64_t>(kMillion - band, 0)), decimal(kMillion + band));
  return difference;
}

}  // namespace assay::reports
