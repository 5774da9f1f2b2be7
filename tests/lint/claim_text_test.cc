#include "reports/lint/claim_text.h"

#include <gtest/gtest.h>

namespace assay::lint {
namespace {

const GeneratedSentence kSentence = {"executes.tma.load",
                                     "On H100 with driver 580.1, `tma.load` executes correctly: 4 cases, 90 words.",
                                     {"H100", "580.1", ""}};

TEST(ClaimTextTest, TakesTheSentenceInAnySpelling) {
  EXPECT_TRUE(is_generated_or_weaker("On  H100 with driver 580.1, tma.load executes correctly: 4 cases,\n90 words.",
                                     kSentence));
  EXPECT_TRUE(is_generated_or_weaker("On **H100** with driver 580.1, `tma.load` executes correctly: 4 cases, 90 words.",
                                     kSentence));
}

TEST(ClaimTextTest, TakesItWithoutTheDetailsBehindTheColon) {
  EXPECT_TRUE(is_generated_or_weaker("On H100 with driver 580.1, tma.load executes correctly.", kSentence));
}

TEST(ClaimTextTest, RefusesAnythingElse) {
  for (const char* text : {"", "On H100, tma.load executes correctly.", "tma.load executes correctly.",
                           "On H100 with driver 580.1, tma.load executes correctly: 5 cases, 90 words.",
                           "On H100 with driver 580.1, tma.load executes correctly: 4 cases, 90 words. And fast.",
                           "on h100 with driver 580.1, tma.load executes correctly."})
    EXPECT_FALSE(is_generated_or_weaker(text, kSentence)) << text;
}

TEST(ClaimTextTest, KeepsDetailsThatHoldTheScope) {
  GeneratedSentence late = kSentence;
  late.sentence = "tma.load executes correctly: H100, driver 580.1.";
  EXPECT_FALSE(is_generated_or_weaker("tma.load executes correctly.", late));
  EXPECT_TRUE(is_generated_or_weaker(late.sentence, late));
}

}  // namespace
}  // namespace assay::lint
