#include "kernels/bench/statistics.h"

#include <gtest/gtest.h>

#include <array>

namespace assay::kernels::bench {
namespace {

TEST(StatisticsTest, MedianDeviationAndLeastAreOfOneLaunch) {
  const std::array<std::int64_t, 5> samples{1000, 1200, 1100, 5000, 1000};
  const Spread spread = spread_of(samples, 10);
  EXPECT_EQ(spread.median, 110);
  EXPECT_EQ(spread.deviation, 10);  // 10, 10, 0, 390, 10
  EXPECT_EQ(spread.least, 100);
}

TEST(StatisticsTest, OfAnEvenNumberTheMiddleOfTheMiddleTwo) {
  const std::array<std::int64_t, 4> samples{10, 20, 40, 1000};
  EXPECT_EQ(spread_of(samples, 1).median, 30);
}

TEST(StatisticsTest, WithoutSamplesThereIsNothing) {
  EXPECT_EQ(spread_of({}, 10).median, 0);
  const std::array<std::int64_t, 1> one{5};
  EXPECT_EQ(spread_of(one, 0).median, 0);
}

}  // namespace
}  // namespace assay::kernels::bench
