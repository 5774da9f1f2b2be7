#include "reports/figures.h"

#include <gtest/gtest.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

TEST(FiguresTest, HaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(figure(0, "B"), "0 B");
  EXPECT_EQ(figure(999, "B"), "999 B");
  EXPECT_EQ(figure(1'000, "B"), "1.00 kB");
  EXPECT_EQ(figure(99'949, "B"), "99.9 kB");
  EXPECT_EQ(figure(99'951, "B"), "100 kB");
  EXPECT_EQ(figure(999'499, "B"), "999 kB");
  EXPECT_EQ(figure(999'500, "B"), "1.00 MB");
  EXPECT_EQ(figure(3'130'734'715'775, "B/s"), "3.13 TB/s");
  EXPECT_EQ(figure(INT64_MAX, "B"), "9223 PB");
}

TEST(FiguresTest, TellDurations) {
  EXPECT_EQ(duration(1), "1 ns");
  EXPECT_EQ(duration(41'000), "41.0 us");
  EXPECT_EQ(duration(1'234'567), "1.23 ms");
  EXPECT_EQ(duration(75'000'000'000), "75.0 s");
  EXPECT_EQ(duration(5'000'000'000'000), "5000 s");
}

TEST(FiguresTest, TellThousandths) {
  EXPECT_EQ(thousandths(2'000), "2.00");
  EXPECT_EQ(thousandths(125), "0.12");
  EXPECT_EQ(thousandths(512'400), "512");
}

TEST(FiguresTest, TellValues) {
  EXPECT_EQ(value_text(nullptr, "B"), "-");
  EXPECT_EQ(value_text(132), "132");
  EXPECT_EQ(value_text(232448, "B"), "232448 B");
  EXPECT_EQ(value_text(true), "true");
  EXPECT_EQ(value_text("passed", ""), "passed");
  EXPECT_EQ(value_text(Json::array({1, "two"})), "1, two");
}

}  // namespace
}  // namespace assay::reports
