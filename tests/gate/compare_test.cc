#include "harness/gate/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::gate {
namespace {

Output exact(std::vector<std::uint32_t> words) { return {"d", bytes_of(words), {}}; }
Output bounded(std::vector<float> values, std::vector<float> bound) {
  return {"d", bytes_of(values), std::move(bound)};
}

TEST(CompareTest, EqualWordsAgree) {
  const Output output = exact({1, 2, 3});
  const Comparison result = compare(output, output.expected);
  EXPECT_EQ(result.compared, 3);
  EXPECT_TRUE(result.mismatches.empty());
  EXPECT_EQ(result.first, "");
}

TEST(CompareTest, NamesTheFirstDifferingWordWithBothValues) {
  const Comparison result = compare(exact({1, 2, 3}), bytes_of(std::vector<std::uint32_t>{1, 7, 8}));
  EXPECT_EQ(result.mismatches, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(result.first, "d[1]: expected 0x00000002, observed 0x00000007");
}

TEST(CompareTest, NegativeZeroDiffersFromZeroWhenExact) {
  EXPECT_EQ(compare(exact({0}), bytes_of(std::vector<float>{-0.0f})).mismatches.size(), 1u);
}

TEST(CompareTest, AWrongSizeIsAMismatchOfEveryWord) {
  EXPECT_EQ(compare(exact({1, 2}), bytes_of(std::vector<std::uint32_t>{1})).mismatches.size(), 2u);
}

TEST(CompareTest, BoundsHoldToTheirEdgeAndNoFurther) {
  const Output output = bounded({1.0f}, {0.5f});
  EXPECT_TRUE(compare(output, bytes_of(std::vector<float>{1.5f})).mismatches.empty());
  EXPECT_EQ(compare(output, bytes_of(std::vector<float>{std::nextafter(1.5f, 2.0f)})).mismatches.size(), 1u);
}

TEST(CompareTest, NanIsNeverWithinABound) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(compare(bounded({1.0f}, {inf}), bytes_of(std::vector<float>{nan})).mismatches.size(), 1u);
  EXPECT_EQ(compare(bounded({nan}, {inf}), bytes_of(std::vector<float>{nan})).mismatches.size(), 1u);
  EXPECT_EQ(compare(bounded({1.0f}, {inf}), bytes_of(std::vector<float>{inf})).mismatches.size(), 1u);
}

TEST(CompareTest, AMissingBoundIsAMismatch) {
  EXPECT_EQ(compare(bounded({1.0f, 2.0f}, {0.5f}), bytes_of(std::vector<float>{1.0f, 2.0f})).mismatches.size(), 2u);
}

TEST(CompareTest, DifferingWordsSeeALongerTail) {
  EXPECT_EQ(differing_words(bytes_of(std::vector<std::uint32_t>{1, 2}), bytes_of(std::vector<std::uint32_t>{1, 3, 4})),
            (std::vector<std::size_t>{1, 2}));
}

}  // namespace
}  // namespace assay::gate
