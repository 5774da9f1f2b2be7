#include "reports/lint/clauses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace assay::lint {
namespace {

using testing::ElementsAre;

/// "agent/verb" of each clause; "-" where there is none.
std::vector<std::string> clauses(std::string_view sentence) {
  Result<Lexicon> lexicon = Lexicon::builtin();
  EXPECT_TRUE(lexicon) << lexicon.error().message;
  const TaggedWords tagged = lexicon->tag(words_of(sentence));
  std::vector<std::string> all;
  for (const Clause& clause : clauses_of(tagged))
    all.push_back(fmt::format("{}/{}", clause.head ? tagged.words[*clause.head].text : "-",
                              clause.verb ? tagged.words[clause.words[*clause.verb]].text : "-"));
  return all;
}

TEST(ClausesTest, TakesTheHeadNounForTheAgent) {
  EXPECT_THAT(clauses("The driver of the H100 refuses images."), ElementsAre("driver/refuses"));
  EXPECT_THAT(clauses("On an H100, the loader answers 209."), ElementsAre("loader/answers"));
  EXPECT_THAT(clauses("None of the images loads."), ElementsAre("images/loads"));
  EXPECT_THAT(clauses("The Spark's matrix engine runs it."), ElementsAre("engine/runs"));
}

TEST(ClausesTest, SplitsWhereAStatementBegins) {
  EXPECT_THAT(clauses("The gate is refused, but GB10 lacks it."), ElementsAre("gate/is", "gb10/lacks"));
  EXPECT_THAT(clauses("If it loads, the Spark runs it."), ElementsAre("it/loads", "spark/runs"));
  EXPECT_THAT(clauses("It is made for a Spark, a B200 or an H100."), ElementsAre("it/is"));
  EXPECT_THAT(clauses("The GB10, which lacks TMEM, is small."), ElementsAre("-/-", "gb10/lacks", "-/is"));
}

TEST(ClausesTest, FindsNoVerbInANoun) {
  EXPECT_THAT(clauses("Runs of records on loads"), ElementsAre("-/-"));
  EXPECT_THAT(clauses("two copies of the claims"), ElementsAre("-/-"));
}

}  // namespace
}  // namespace assay::lint
