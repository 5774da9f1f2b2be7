#include "reports/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "reports/passages.h"
#include "reports/render_markdown.h"
#include "tests/reports/report_fixture.h"

namespace assay::reports {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  std::string_view name, text, markdown;
};

class MarkdownTextTest : public testing::TestWithParam<Case> {};

TEST_P(MarkdownTextTest, MeansItsText) { EXPECT_EQ(markdown_text(GetParam().text), GetParam().markdown); }

INSTANTIATE_TEST_SUITE_P(
    All, MarkdownTextTest,
    testing::Values(Case{"sentence", "On an H100 (9.0), sm_90a, tcgen05.mma: 3 words.",
                         "On an H100 (9.0), sm_90a, tcgen05.mma: 3 words."},
                    Case{"html", "<script>x</script>", "\\<script\\>x\\</script\\>"}, Case{"entity", "&lt;", "\\&lt;"},
                    Case{"pipe", "a|b", "a\\|b"}, Case{"code", "`rm`", "\\`rm\\`"},
                    Case{"emphasis", "*a* _b_ a_b", "\\*a\\* \\_b\\_ a_b"}, Case{"link", "[a](b)", "\\[a\\](b)"},
                    Case{"backslash", "a\\b", "a\\\\b"}, Case{"newline", "a\n# b", "a # b"},
                    Case{"heading", "# a", "\\# a"}, Case{"bullet", "- a", "\\- a"},
                    Case{"inner_dash", "a - b", "a - b"}, Case{"number", "12. a", "12\\. a"},
                    Case{"version", "580.159.04", "580.159.04"}, Case{"inner_number", "a 12. b", "a 12. b"},
                    Case{"url", "https://x.example", "https\\://x.example"},
                    Case{"www", "www.x.example", "www\\.x.example"}, Case{"mail", "a@b.example", "a\\@b.example"},
                    Case{"strike", "~~a~~", "\\~\\~a\\~\\~"},
                    Case{"override",
                         "\xE2\x80\xAE"
                         "exe",
                         "\xEF\xBF\xBD"
                         "exe"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(MarkdownCodeTest, IsFencedByMoreBackticksThanItHolds) {
  EXPECT_EQ(markdown_code("sm_90a"), "`sm_90a`");
  EXPECT_EQ(markdown_code("a``b"), "```a``b```");
  EXPECT_EQ(markdown_code("`a"), "`` `a ``");
  EXPECT_EQ(markdown_code(""), "");
}

TEST(MarkdownTableTest, KeepsItsCells) {
  EXPECT_EQ(markdown_table({"a", "b"}, {{markdown_text("x|y"), markdown_code("x|y")}}),
            "| a | b |\n|---|---|\n| x\\|y | `x\\|y` |\n");
}

TEST(RenderMarkdownTest, PutsAMarkerBeforeEachClaimOfTheRecordedRun) {
  const Report report = report_of(kH100);
  const std::string text = render_markdown(report);
  EXPECT_EQ(text, render_markdown(report_of(kH100)));
  ASSERT_FALSE(report.judgement.supported.empty());
  for (const SupportedClaim& claim : report.judgement.supported)
    EXPECT_THAT(text, HasSubstr("<!-- claim:" + claim.id() + " bundle=" + report.manifest_sha256 + " -->\n" +
                                markdown_text(claim.sentence()) + "\n"));
  for (const RefusedClaim& claim : report.judgement.refused) EXPECT_THAT(text, HasSubstr(markdown_code(claim.id)));
  EXPECT_THAT(text, HasSubstr("self-attested, not independently verified"));
  EXPECT_THAT(text, HasSubstr(std::string(kNoKernel)));
  EXPECT_THAT(text, Not(HasSubstr("EMULATED")));
}

TEST(RenderMarkdownTest, AnEmulatedRunIsSaidToBeOne) {
  const std::string text = render_markdown(emulated_report());
  EXPECT_THAT(text, HasSubstr(std::string(kEmulatedBanner)));
  EXPECT_THAT(text, HasSubstr(std::string(kNoClaim)));
  EXPECT_THAT(text, Not(HasSubstr("<!-- claim:")));
}

TEST(RenderMarkdownTest, StrangersTextStaysText) {
  const std::string text = render_markdown(hostile_report());
  EXPECT_THAT(text, Not(ContainsRegex("[^\\\\](<script|[*][*]b|`x`)")));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(text, HasSubstr("\\<script\\>alert(1)"));
}

TEST(RenderMarkdownTest, NoIdEndsItsMarker) {
  evidence::Record image = evidence::good_record("cubin.arch_patch");
  image.variant = "x --> <script>alert(1)</script> <!-- y";
  image.stopped = evidence::Stopped::load_only;
  image.cases.clear();
  image.controls = {};
  for (const evidence::Stage stage : {evidence::Stage::launch, evidence::Stage::complete, evidence::Stage::verify})
    image.stage(stage) = {};
  const std::string text = render_markdown(report_of({image}));
  EXPECT_THAT(text, HasSubstr("<!-- claim:loads/cubin.arch_patch[x"));
  const std::string without_code = std::regex_replace(text, std::regex("`[^`]*`"), "");
  EXPECT_THAT(without_code, Not(ContainsRegex("[^\\\\]<script")));
  EXPECT_THAT(text, HasSubstr("x_--__"));
}

TEST(RenderMarkdownTest, KernelsHaveTheirRates) {
  const std::string text = render_markdown(timed_report());
  EXPECT_THAT(text, HasSubstr("| `tma.load` | `sm_90a` | proven | 41.0 us | 300 ns | 20 | 25.6 GB/s | 51.2 Gop/s |"
                              " 30.0 us (plain read of the same bytes) | none |"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(kNoKernel))));
}

}  // namespace
}  // namespace assay::reports
