#include "kernels/bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace assay::kernels::bench {
namespace {

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

Spread spread_of(std::span<const std::int64_t> samples, std::int64_t launches) {
  if (samples.empty() || launches <= 0) return {};
  std::vector<double> values;
  for (const std::int64_t sample : samples)
    values.push_back(static_cast<double>(sample) / static_cast<double>(launches));
  const double median = median_of(values), least = *std::ranges::min_element(values);
  for (double& value : values) value = std::abs(value - median);
  return {.median = std::llround(median), .deviation = std::llround(median_of(values)), .least = std::llround(least)};
}

}  // namespace assay::kernels::bench
