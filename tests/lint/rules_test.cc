// Pairs that differ in one thing: who acts, what is negated, what stands beside. Each shows what a rule turns on.
#include "reports/lint/rules.h"

#include <gtest/gtest.h>

#include <set>

#include "reports/lint/linter.h"

namespace assay::lint {
namespace {

std::string ruling(std::string_view sentence) {
  static const Linter linter = [] {
    Result<Lexicon> lexicon = Lexicon::builtin();
    EXPECT_TRUE(lexicon) << lexicon.error().message;
    return Linter(*std::move(lexicon), {.today = "2026-11-27", .claims = {}});
  }();
  const std::optional<Rule> rule = linter.judge_sentence(sentence);
  return rule ? std::string(text_of(*rule).id) : "";
}

TEST(RulesTest, TurnsOnWhoActs) {
  EXPECT_EQ(ruling("The assembler refuses tcgen05 for sm_90a."), "");
  EXPECT_EQ(ruling("The chip refuses tcgen05."), "CL011");
  EXPECT_EQ(ruling("The report on GB10 lists tcgen05."), "");
  EXPECT_EQ(ruling("The GB10 offers tcgen05."), "CL011");
}

TEST(RulesTest, ExcusesNoAbsenceByNegation) {
  EXPECT_EQ(ruling("GB10 lacks tcgen05."), "CL006");
  EXPECT_EQ(ruling("GB10 does not have tcgen05."), "CL006");
  EXPECT_EQ(ruling("It is not shown that GB10 lacks tcgen05."), "");
}

TEST(RulesTest, TakesUnprovenOnlyOfTheClauseItStandsIn) {
  EXPECT_EQ(ruling("tcgen05 on GB10 is unproven."), "");
  EXPECT_EQ(ruling("tcgen05 on GB10 is unproven, but B200 supports it."), "CL011");
  EXPECT_EQ(ruling("It is no longer unproven that GB10 supports tcgen05."), "CL011");
}

TEST(RulesTest, TakesAConditionOnlyOfItsOwnClause) {
  EXPECT_EQ(ruling("If GB10 runs tcgen05, the report says so."), "");
  EXPECT_EQ(ruling("If you flip a byte, GB10 runs tcgen05."), "CL007");
}

TEST(RulesTest, NeedsASubjectForMostRulesAndNoneForFigures) {
  EXPECT_EQ(ruling("The table lacks a row."), "");
  EXPECT_EQ(ruling("It reaches 300 TFLOPS."), "CL008");
  EXPECT_EQ(ruling("Mercury sections are signed."), "CL010");
  EXPECT_EQ(ruling("The manifest is signed."), "");
}

TEST(RulesTest, DeniesWhatIsSaidInUnknownWords) {
  EXPECT_EQ(ruling("The Spark glorps NVFP4."), "CL011");
  EXPECT_EQ(ruling("Tensor memory on the Spark"), "");
}

TEST(RulesTest, HasOneIdAndOneRemedyARule) {
  std::set<std::string_view> ids;
  for (const RuleText& rule : rule_texts()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.finding.empty() || rule.remedy.empty()) << rule.id;
  }
}

}  // namespace
}  // namespace assay::lint
