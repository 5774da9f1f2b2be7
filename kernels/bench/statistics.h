// What a row of samples comes to. Medians, because a clock that changes within a run leaves a tail; tested by
// tests/bench/statistics_test.cc.
#pragma once

#include <cstdint>
#include <span>

namespace assay::kernels::bench {

struct Spread {
  std::int64_t median = 0;
  std::int64_t deviation = 0;  ///< Median absolute deviation from the median.
  std::int64_t least = 0;
};

/// Of samples that each hold `launches` launches, a launch; everything rounded to nearest. Zeros without a sample.
Spread spread_of(std::span<const std::int64_t> samples, std::int64_t launches);

}  // namespace assay::kernels::bench
