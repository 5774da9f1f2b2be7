#include "reports/kernel_table.h"

#include <gtest/gtest.h>

#include "tests/reports/report_fixture.h"

namespace assay::reports {
namespace {

TEST(KernelTableTest, DividesInIntegers) {
  const KernelTable table = timed_report().kernels;
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.read_bytes_per_second, 3'000'000'000'000);
  const KernelRow& row = table.rows[0];
  EXPECT_EQ(row.record, "tma.load@sm_90a#1");
  EXPECT_EQ(row.verdict, "proven");
  EXPECT_EQ(row.bytes_per_second, (1LL << 20) * 1'000'000'000 / 41'000);
  EXPECT_EQ(row.operations_per_second, (2LL << 20) * 1'000'000'000 / 41'000);
  EXPECT_EQ(row.operations_per_byte_by_1000, 2000);
  EXPECT_EQ(row.floor_percent_by_10, 731);
  EXPECT_EQ(table.rows[1].operations_per_second, 0);
  EXPECT_EQ(table.rows[1].operations_per_byte_by_1000, 0);
}

TEST(KernelTableTest, LargeCountsDoNotOverflow) {
  evidence::VerifiedRecord one{evidence::good_record(), {}};
  one.record.performance = evidence::good_performance();
  one.record.performance->operations = 4'000'000'000'000'000;
  one.record.performance->median_ns = 2'000'000'000;
  EXPECT_EQ(kernel_table({&one, 1}).rows.at(0).operations_per_second, 2'000'000'000'000'000);
}

TEST(KernelTableTest, IsEmptyWithoutATimedRecord) { EXPECT_TRUE(report_of(kH100).kernels.rows.empty()); }

}  // namespace
}  // namespace assay::reports
