#include "reports/lint/linter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace assay::lint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kDigest = "0123456789abcdef";
constexpr std::string_view kSentence = "On an H100 with driver 580.1, tma.load executes correctly: 4 cases.";

LintOptions options() {
  static const BundleClaims claims = {
      std::string(kDigest),
      {{"good", std::string(kSentence), {"H100", "580.1"}}, {"more", "nvJitLink 13.0 accepts x for sm_90a.", {}}},
      {{"bad", "gate tcgen05.alloc is refused"}}};
  return {.today = "2026-11-27", .claims = [](const std::string& digest) -> Result<const BundleClaims*> {
            if (kDigest.starts_with(digest)) return &claims;
            return Error{"no such bundle"};
          }};
}

Linter linter() {
  Result<Lexicon> lexicon = Lexicon::builtin();
  EXPECT_TRUE(lexicon) << lexicon.error().message;
  return Linter(*std::move(lexicon), options());
}

/// "LINE:COLUMN RULE" of each finding that counts.
std::vector<std::string> findings(std::string_view file, const std::string& name = "x.md") {
  static const Linter one = linter();
  std::vector<std::string> all;
  for (const Finding& finding : one.lint(name, file))
    if (!finding.suppressed())
      all.push_back(fmt::format("{}:{} {}", finding.at.line, finding.at.column, text_of(finding.rule).id));
  return all;
}

TEST(LinterTest, SaysWhereWhatAndWhatToDo) {
  const std::vector<Finding> found =
      linter().lint("docs/x.md", "Fine.\n\nText that is fine. GB10 lacks\ntensor memory.\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      to_string(found[0]),
      "docs/x.md:3:20: CL006: says that silicon has or lacks something: \"GB10 lacks tensor memory.\"; say 'unproven "
      "here' and which software refused what");
}

TEST(LinterTest, ReadsEveryPlaceOfMarkdown) {
  EXPECT_THAT(findings("# GB10 lacks TMEM\n"), ElementsAre("1:3 CL006"));
  EXPECT_THAT(findings("* x\n* GB10 lacks TMEM.\n"), ElementsAre("2:3 CL006"));
  EXPECT_THAT(findings("> GB10 lacks `TMEM`.\n"), ElementsAre("1:3 CL006"));
  EXPECT_THAT(findings("[GB10 lacks TMEM](x)\n"), ElementsAre("1:2 CL006"));
  EXPECT_THAT(findings("![GB10 lacks TMEM](x)\n"), ElementsAre("1:3 CL006"));
  EXPECT_THAT(findings("[x](y \"GB10 lacks TMEM\")\n"), ElementsAre("1:8 CL006"));
  EXPECT_THAT(findings("| a | b |\n|---|---|\n| c | GB10 lacks TMEM |\n"), ElementsAre("3:7 CL006"));
  EXPECT_THAT(findings("```sh\nx # GB10 lacks TMEM\n```\n"), ElementsAre("2:5 CL006"));
  EXPECT_THAT(findings("```\nGB10 lacks TMEM\n```\n"), IsEmpty());
  EXPECT_THAT(findings("GB10 lacks TMEM.\n", "notes.txt"), ElementsAre("1:1 CL006"));
}

TEST(LinterTest, SeesThroughSpelling) {
  for (const char* text :
       {"**G**B10 lacks ten\u00ADsor memory.", "GB\u200B10 lacks tensor&nbsp;memory.", "Ｇ\u0412１０ lacks TMEM.",
        "GB-10 doesn\u2019t have T<b></b>MEM.", "gb10 LACKS tensor\nmemory."})
    EXPECT_THAT(findings(text), ElementsAre(HasSubstr("CL006"))) << text;
}

TEST(LinterTest, TakesTheSubjectOfAPronounFromTheSentenceBefore) {
  EXPECT_THAT(findings("The record is of a DGX Spark. It runs twice as fast.\n"), ElementsAre("1:31 CL008"));
  EXPECT_THAT(findings("The record is of a DGX Spark.\n\nIt runs twice as fast.\n"), IsEmpty());
}

TEST(LinterTest, JoinsARowWithItsHeading) {
  EXPECT_THAT(findings("| what | GB10 |\n|---|---|\n| tensor memory | yes |\n"), ElementsAre("3:19 CL011"));
  EXPECT_THAT(findings("| what | GB10 |\n|---|---|\n| tensor memory | \u2717 |\n"), ElementsAre("3:19 CL011"));
  EXPECT_THAT(findings("| device | TMEM |\n|---|---|\n| B200 | yes |\n"), ElementsAre("3:10 CL011"));
  EXPECT_THAT(findings("| what | text |\n|---|---|\n| tensor memory | yes |\n"), IsEmpty());
}

// --- claims
// -----------------------------------------------------------------------------------------------------------

std::string marked(std::string_view id, std::string_view sentence, std::string_view digest = "0123456789ab") {
  return fmt::format("Self-attested.\n\n<!-- claim:{} bundle={} -->\n{}\n", id, digest, sentence);
}

TEST(LinterTest, TakesTheGeneratedSentenceAndAWeakerOne) {
  EXPECT_THAT(findings(marked("good", kSentence)), IsEmpty());
  EXPECT_THAT(findings(marked("good", "On an H100 with driver 580.1, `tma.load` executes correctly.")), IsEmpty());
}

TEST(LinterTest, RefusesAnotherSentenceBehindAMarker) {
  EXPECT_THAT(findings(marked("good", "On an H100, tma.load executes correctly.")), ElementsAre("3:1 CL001"));
  EXPECT_THAT(findings(marked("good", "")), ElementsAre("3:1 CL001"));
}

TEST(LinterTest, RefusesUnknownAndRefusedClaims) {
  EXPECT_THAT(findings(marked("other", kSentence)), ElementsAre("3:1 CL002"));
  EXPECT_THAT(findings(marked("good", kSentence, "fedcba987654")), ElementsAre("3:1 CL002"));
  EXPECT_THAT(findings(marked("bad", "It is so.")), ElementsAre("3:1 CL003"));
}

TEST(LinterTest, CoversOneSentenceAMarker) {
  EXPECT_THAT(findings(marked("good", fmt::format("{} GB10 lacks TMEM.", kSentence))), ElementsAre("4:69 CL006"));
}

TEST(LinterTest, TakesOnlySentencesOfTheBundleInAList) {
  const auto list = [](std::string_view inside) {
    return fmt::format("Self-attested.\n\n<!-- claims:begin bundle=0123456789ab -->\n\n{}\n\n<!-- claims:end -->\n",
                       inside);
  };
  EXPECT_THAT(findings(list(fmt::format("- {}\n- nvJitLink 13.0 accepts x for sm_90a.", kSentence))), IsEmpty());
  EXPECT_THAT(findings(list(fmt::format("- {}\n- It is harmless.", kSentence))), ElementsAre("6:3 CL001"));
}

TEST(LinterTest, WantsTheLineOfAttestationOfAReport) {
  EXPECT_THAT(findings(fmt::format("<!-- claim:good bundle=0123456789ab -->\n{}\n", kSentence)),
              ElementsAre("1:1 CL014"));
}

TEST(LinterTest, WritesWhatTheBundleCarries) {
  const Linter one = linter();
  const std::string wanted = marked("good", kSentence);
  EXPECT_EQ(one.write("x.md", marked("good", "On GB10 it works.")), wanted);
  EXPECT_EQ(one.write("x.md", "Self-attested.\n\n<!-- claim:good bundle=0123456789ab -->\n"), wanted);
  EXPECT_EQ(one.write("x.md", wanted), wanted);
  EXPECT_EQ(one.write("x.md", marked("bad", "So.")), marked("bad", "So."));
  EXPECT_EQ(one.write("x.md", "<!-- claims:begin bundle=0123456789ab more -->\nold\n<!-- claims:end -->\n"),
            "<!-- claims:begin bundle=0123456789ab more -->\n\n- nvJitLink 13.0 accepts x for sm_90a.\n\n<!-- "
            "claims:end -->\n");
}

// --- quotations
// -------------------------------------------------------------------------------------------------------

std::string quoted(std::string_view attributes, std::string_view inside = "GB10 lacks TMEM.") {
  return fmt::format("<!-- lint:quote {} -->\n{}\n<!-- lint:end -->\n", attributes, inside);
}

TEST(LinterTest, LetsAQuotationWithAReasonPassAndSaysTheReason) {
  EXPECT_THAT(findings(quoted("reason=\"said by others\"")), IsEmpty());
  EXPECT_THAT(findings(quoted("reason=\"said by others\" until=2026-11-27")), IsEmpty());
  const std::vector<Finding> all = linter().lint("x.md", quoted("reason=\"said by others\""));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].justification, "said by others");
}

TEST(LinterTest, RefusesAQuotationWithoutReasonOrPastItsDate) {
  EXPECT_THAT(findings(quoted("")), ElementsAre("1:1 CL012", "2:1 CL006"));
  EXPECT_THAT(findings(quoted("reason=\"x\" until=2026-11-26")), ElementsAre("1:1 CL012", "2:1 CL006"));
  EXPECT_THAT(findings("<!-- lint:quote reason=\"x\" -->\nGB10 lacks TMEM.\n"), ElementsAre("1:1 CL012", "2:1 CL006"));
  EXPECT_THAT(findings("<!-- lint:end -->\n"), ElementsAre("1:1 CL012"));
}

TEST(LinterTest, RefusesAQuotationAroundAClaim) {
  const std::string claim = fmt::format("<!-- claim:good bundle=0123456789ab -->\n{} Self-attested.", kSentence);
  EXPECT_THAT(findings(quoted("reason=\"x\"", claim)), ElementsAre("2:1 CL012"));
}

TEST(LinterTest, RefusesMarkersThatAreMalformed) {
  const std::vector<Finding> all = linter().lint("x.md", "<!-- claim:x -->\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(to_string(all[0]), HasSubstr("CL012: a claim's marker names its bundle: bundle=DIGEST"));
}

}  // namespace
}  // namespace assay::lint
