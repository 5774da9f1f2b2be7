#include "reports/lint/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::lint {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(std::string_view sentence) {
  std::vector<std::string> all;
  for (const Word& word : words_of(sentence)) all.push_back(word.text);
  return all;
}

TEST(WordsTest, TakesContractionsApart) {
  EXPECT_THAT(texts("It doesn't, can't, won't."),
              ElementsAre("it", "does", "not", ",", "can", "not", ",", "will", "not"));
  EXPECT_THAT(texts("It's a Spark's; cannot"), ElementsAre("it", "is", "a", "spark", ";", "can", "not"));
}

TEST(WordsTest, MarksPossessivesCapitalsAndOptions) {
  const std::vector<Word> words = words_of("Spark's chips --sign --no-redact");
  EXPECT_TRUE(words[0].possessive);
  EXPECT_TRUE(words[0].capital);
  EXPECT_FALSE(words[1].capital);
  EXPECT_TRUE(words[2].option);
  EXPECT_TRUE(words[4].option);
  EXPECT_EQ(words.size(), 5u);
}

TEST(WordsTest, KeepsNumbersWholeAndRemembersWhatJoins) {
  EXPECT_THAT(texts("12.1 and 3,130 GB/s"), ElementsAre("12.1", "and", "3,130", "gb", "s"));
  const std::vector<Word> words = words_of("sm_121a GB/s tcgen05.mma mbarrier::complete");
  EXPECT_EQ(words[1].glue, '_');
  EXPECT_EQ(words[3].glue, '/');
  EXPECT_EQ(words[5].glue, '.');
  EXPECT_EQ(words[7].glue, ':');
}

TEST(WordsTest, LeavesADashBetweenSpacesAMark) {
  EXPECT_THAT(texts("GB10 - no: (x)"), ElementsAre("gb10", "-", "no", ":", "(", "x", ")"));
}

}  // namespace
}  // namespace assay::lint
