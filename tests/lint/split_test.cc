#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/lint/sentences.h"

namespace assay::lint {
namespace {

using testing::ElementsAre;

std::vector<std::string> split(std::string_view text) {
  const std::vector<std::string> abbreviations = {"e.g", "i.e", "vs"};
  SourceText source;
  source.append(text, 0);
  std::vector<std::string> all;
  for (const SourceText& sentence : sentences_of(source, abbreviations)) all.push_back(sentence.text);
  return all;
}

TEST(SplitTest, EndsASentenceBeforeABeginning) {
  EXPECT_THAT(split("One. Two! Three? Four"), ElementsAre("One.", "Two!", "Three?", "Four"));
  EXPECT_THAT(split("It said \"no.\" Then (so.) nvJitLink refused."),
              ElementsAre("It said \"no.\"", "Then (so.)", "nvJitLink refused."));
}

TEST(SplitTest, LeavesVersionsNamesAndAbbreviationsWhole) {
  EXPECT_THAT(split("CUDA 13.0 knows sm_90a.text e.g. GB10 vs. H100."),
              ElementsAre("CUDA 13.0 knows sm_90a.text e.g. GB10 vs. H100."));
  EXPECT_THAT(split("It ends... or not."), ElementsAre("It ends... or not."));
}

TEST(SplitTest, KeepsPlaces) {
  SourceText source;
  source.append("One.  Two.", 50);
  const std::vector<SourceText> sentences = sentences_of(source, {});
  ASSERT_EQ(sentences.size(), 2u);
  EXPECT_EQ(sentences[1].origin.front(), 56u);
}

TEST(SplitTest, KnowsQuestionsAndWholeSentences) {
  EXPECT_TRUE(is_question("Does it \"run?\""));
  EXPECT_FALSE(is_question("It asks ? and goes on."));
  EXPECT_TRUE(is_whole("It runs.)"));
  EXPECT_FALSE(is_whole("A heading"));
}

}  // namespace
}  // namespace assay::lint
