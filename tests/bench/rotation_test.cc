#include "kernels/bench/rotation.h"

#include <gtest/gtest.h>

namespace assay::kernels::bench {
namespace {

TEST(RotationTest, FourHundredMegabytesOrFourTimesTheCache) {
  EXPECT_EQ(rotated_bytes(50 << 20), 400'000'000);
  EXPECT_EQ(rotated_bytes(126 << 20), 4 * (std::int64_t{126} << 20));
}

TEST(RotationTest, TheFewestCopiesThatReachIt) {
  EXPECT_EQ(copies_of_streamed(9'437'184, 400'000'000), 43);  // 4096 x 4096
  EXPECT_EQ(copies_of_streamed(200'000'000, 400'000'000), 2);
  EXPECT_EQ(copies_of_streamed(500'000'000, 400'000'000), 1);
  EXPECT_EQ(copies_of_streamed(16, 400'000'000), 1024);  // a graph has no room for more
  EXPECT_EQ(copies_of_streamed(0, 400'000'000), 1);
}

TEST(RotationTest, OperandsStaySmall) {
  EXPECT_EQ(copies_of_operands(16 << 10, 43), 43);
  EXPECT_EQ(copies_of_operands(16 << 20, 43), 4);
  EXPECT_EQ(copies_of_operands(std::int64_t{1} << 30, 43), 1);
  EXPECT_EQ(copies_of_operands(0, 43), 1);
}

}  // namespace
}  // namespace assay::kernels::bench
