#include "reports/github.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "harness/base/json.h"
#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

TEST(GithubTest, OneErrorAFamily) {
  const CheckReport report =
      check_of({row(CheckOutcome::met), row(CheckOutcome::unproven, "gate tma.load"),
                row(CheckOutcome::failed, "gate tma.reduce"), row(CheckOutcome::failed, "gate mma.fp8", "mma")});
  EXPECT_EQ(github_annotations(report),
            "::error title=assay check%3A tma::gate tma.load: unproven: asked proven, found refused: the reason%0A"
            "gate tma.reduce: failed: asked proven, found refused: the reason\n"
            "::error title=assay check%3A mma::gate mma.fp8: failed: asked proven, found refused: the reason\n");
}

TEST(GithubTest, WaivedRowsWarnAndNotesAreNotices) {
  CheckReport report = check_of({row(CheckOutcome::waived)});
  report.rows[0].waiver = "waived until 2026-12-31";
  report.notes = {"100 % of it"};
  EXPECT_EQ(github_annotations(report),
            "::warning title=assay check%3A tma%3A WAIVED::gate tma.load: waived: asked proven, found refused: the "
            "reason; waived until 2026-12-31\n"
            "::notice title=assay check::100 %25 of it\n");
}

TEST(GithubTest, AGoodCheckAnnotatesNothing) { EXPECT_EQ(github_annotations(check_of({row(CheckOutcome::met)})), ""); }

TEST(GithubTest, NoTextBecomesACommandOrAProperty) {
  CheckReport report = check_of({row(CheckOutcome::failed)});
  report.rows[0].why = "x\r\n::set-output name=a::b%0A\n##[add-mask]c\x1b[0m";
  report.rows[0].family = "tma,file=/etc/passwd::,\nx";
  const std::string text = github_annotations(report);
  EXPECT_EQ(lines_of(text), 1u);
  EXPECT_THAT(text, StartsWith("::error title=assay check%3A tma%2Cfile=/etc/passwd%3A%3A%2C%0Ax::gate tma.load"));
  EXPECT_THAT(text, HasSubstr("%250A"));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(GithubTest, ALongFamilyIsFoldedWithACount) {
  std::vector<CheckRow> rows(200, row(CheckOutcome::failed));
  const std::string text = github_annotations(check_of(rows));
  EXPECT_EQ(lines_of(text), 1u);
  EXPECT_LT(text.size(), 5000u);
  EXPECT_THAT(text, ::testing::ContainsRegex("%0Aand [0-9]+ more\n"));
}

TEST(GithubTest, OneHugeMessageIsCutBetweenCharacters) {
  CheckReport report = check_of({row(CheckOutcome::failed)});
  for (int i = 0; i < 5000; ++i) report.rows[0].why += "\u00e9";
  const std::string text = github_annotations(report);
  EXPECT_LT(text.size(), 5000u);
  EXPECT_EQ(clean_utf8(text), text);
}

TEST(GithubTest, AFenceKeepsCommandsFromBeingRead) {
  EXPECT_EQ(github_fenced("::error::x\n", "t0ken"), "::stop-commands::t0ken\n::error::x\n::t0ken::\n");
  EXPECT_EQ(github_fenced("no newline", "t"), "::stop-commands::t\nno newline\n::t::\n");
}

TEST(GithubTest, TheSummaryPutsWhatIsNotMetFirst) {
  const std::string text = github_summary(check_of({row(CheckOutcome::met), row(CheckOutcome::failed, "gate b")}));
  EXPECT_THAT(text, StartsWith("## assay check: failed\n\nNVIDIA H100 80GB HBM3, compute capability 9.0, driver "
                               "580.159.04; bundle `"));
  EXPECT_THAT(text, HasSubstr("**1 failed, 1 met**"));
  EXPECT_LT(text.find("| gate b |"), text.find("| gate tma.load |"));
}

TEST(GithubTest, AnEmulatedSummarySaysSo) {
  CheckReport report = check_of({row(CheckOutcome::met)});
  report.subject.emulated = true;
  EXPECT_THAT(github_summary(report), StartsWith("## EMULATED assay check: holds"));
}

TEST(GithubTest, TheSummaryTakesNoMarkup) {
  CheckReport report = check_of({row(CheckOutcome::failed)});
  report.rows[0].why = "<img src=x> | [a](http://b) `c` @team #1 $x$\n# head";
  const std::string text = github_summary(report);
  EXPECT_THAT(text, HasSubstr(R"(&lt;img src=x> \| \[a\]\(http\://b\) \`c\` \@team \#1 \$x\$ \# head |)"));
}

TEST(GithubTest, TheSummaryStaysWithinItsRoom) {
  std::vector<CheckRow> rows(20'000, row(CheckOutcome::failed));
  const std::string whole = github_summary(check_of(rows));
  EXPECT_LE(whole.size(), kSummaryLimit);
  EXPECT_THAT(whole, HasSubstr("**Cut here: "));
  EXPECT_THAT(whole, EndsWith("of 20000 rows do not fit; the whole is in the JUnit and JSON reports.**\n"));
  for (const std::size_t room : {0u, 100u, 500u, 1000u, 2000u})
    EXPECT_LE(github_summary(check_of(rows), room).size(), room);
}

TEST(GithubTest, OutputsAreOneLineEach) {
  CheckReport report = check_of({row(CheckOutcome::met), row(CheckOutcome::unproven)});
  report.refused_claims = {"executes.tma.load", "a\nresult=holds"};
  EXPECT_EQ(github_outputs(report), "result=unproven\nlevel=E2\nbundle_sha256=" + evidence::digest_of("manifest") +
                                        "\nrefused_claims=executes.tma.load,aresult=holds\nmet=1\nwaived=0\nfailed=0\n"
                                        "unproven=1\nnot_applicable=0\nenvironment=0\n");
}

}  // namespace
}  // namespace assay::reports
