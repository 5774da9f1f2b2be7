#include "probes/device_limit_search.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay::probes {
namespace {

struct Oracle {
  std::uint64_t limit;
  std::vector<std::uint64_t> asked;
  Result<bool> operator()(std::uint64_t size) {
    asked.push_back(size);
    return size <= limit;
  }
};

TEST(DeviceLimitSearchTest, ARightGuessTakesTwoQuestions) {
  Oracle oracle{232448, {}};
  const Result<Bracket> found = find_limit({1024, 1 << 20}, 232448, 40, std::ref(oracle));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->exact());
  EXPECT_EQ(found->works, 232448u);
  EXPECT_EQ(oracle.asked, (std::vector<std::uint64_t>{232448, 232449}));
}

TEST(DeviceLimitSearchTest, AWrongGuessIsCorrectedFromBothSides) {
  for (std::uint64_t guess : {1025u, 49152u, 99328u, 101375u, 101377u, 102400u, 232448u, 1048575u}) {
    Oracle oracle{101376, {}};
    const Result<Bracket> found = find_limit({1024, 1 << 20}, guess, 40, std::ref(oracle));
    ASSERT_TRUE(found) << guess;
    EXPECT_TRUE(found->exact()) << guess;
    EXPECT_EQ(found->works, 101376u) << guess;
    EXPECT_EQ(found->refused, 101377u) << guess;
  }
}

TEST(DeviceLimitSearchTest, TheWholeRangeMayWorkOrBeRefused) {
  Oracle all{1000, {}}, none{0, {}};
  const Result<Bracket> whole = find_limit({0, 101}, 100, 20, std::ref(all));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->works, 100u);
  EXPECT_EQ(all.asked.size(), 1u);
  const Result<Bracket> nothing = find_limit({0, 101}, 100, 20, std::ref(none));
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->works, 0u);
  EXPECT_TRUE(nothing->exact());
}

TEST(DeviceLimitSearchTest, StopsAtTheLimitOfQuestionsWithAnHonestBracket) {
  Oracle oracle{300'000, {}};
  const Result<Bracket> found = find_limit({0, 1'000'000}, 999'999, 5, std::ref(oracle));
  ASSERT_TRUE(found);
  EXPECT_EQ(oracle.asked.size(), 5u);
  EXPECT_FALSE(found->exact());
  EXPECT_LE(found->works, 300'000u);
  EXPECT_GT(found->refused, 300'000u);
}

TEST(DeviceLimitSearchTest, AFaultEndsTheSearch) {
  const Result<Bracket> found =
      find_limit({0, 100}, 50, 20, [](std::uint64_t) -> Result<bool> { return Error{"the context is gone"}; });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "the context is gone");
}

}  // namespace
}  // namespace assay::probes
