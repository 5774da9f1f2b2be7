#include "reports/render_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "harness/base/json.h"
#include "reports/html.h"
#include "reports/passages.h"
#include "reports/report_json.h"
#include "tests/reports/report_fixture.h"
#include "tests/support/json.h"

namespace assay::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const Report& report) {
  const Result<std::string> page = render_html(report);
  EXPECT_TRUE(page) << page.error().message;
  return page ? *page : "";
}

/// Every start and end tag in order, and whether they close each other.
void expect_balanced(const std::string& page) {
  static const std::regex kTag("<(/?)([a-zA-Z0-9]+)[^>]*>");
  std::vector<std::string> open;
  // What is in the style sheet and the JSON is no markup.
  std::string markup = std::regex_replace(page, std::regex("<style>[^<]*</style>"), "");
  const std::size_t island = markup.find("<script type=\"application/json\"");
  ASSERT_NE(island, std::string::npos);
  markup.erase(island, markup.find("</script>", island) + 9 - island);
  for (std::sregex_iterator tag(markup.begin(), markup.end(), kTag), end; tag != end; ++tag) {
    const std::string name = (*tag)[2];
    if (name == "meta" || name == "link" || name == "br") continue;
    if ((*tag)[1].length() == 0) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << name;
    ASSERT_EQ(open.back(), name);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty()) << open.back();
}

TEST(RenderHtmlTest, IsTheSamePageTwiceAndWellFormed) {
  for (const Report& report : {report_of(kH100), timed_report(), emulated_report(), hostile_report()}) {
    const std::string page = page_of(report);
    EXPECT_EQ(page, page_of(report));
    expect_balanced(page);
  }
}

TEST(RenderHtmlTest, ShowsEveryPartOfTheRecordedRun) {
  const Report report = report_of(kH100);
  const std::string page = page_of(report);
  for (const char* part :
       {"gates", "matrix", "supported", "refused", "measured", "profile", "kernels", "images", "codes", "limits"})
    EXPECT_THAT(page, HasSubstr("<section id=\"" + std::string(part) + "\"")) << part;
  for (const SupportedClaim& claim : report.judgement.supported)
    EXPECT_THAT(page, HasSubstr(Html(claim.sentence()).markup()));
  for (const RefusedClaim& claim : report.judgement.refused) EXPECT_THAT(page, HasSubstr(Html(claim.missing).markup()));
  for (const std::string& limit : report.limits) EXPECT_THAT(page, HasSubstr(Html(limit).markup()));
  EXPECT_THAT(page, HasSubstr(std::string(kNoKernel)));
  EXPECT_THAT(page, HasSubstr("self-attested, not independently verified"));
  EXPECT_THAT(page, Not(HasSubstr("EMULATED")));
}

TEST(RenderHtmlTest, HoldsTheReportForMachines) {
  const Report report = report_of(kH100);
  const std::string page = page_of(report);
  const std::string start = "<script type=\"application/json\" id=\"report-json\">\n";
  const std::size_t at = page.find(start);
  ASSERT_NE(at, std::string::npos);
  const std::size_t from = at + start.size();
  EXPECT_EQ(test::parsed(page.substr(from, page.find("</script>", from) - from)), to_json(report));
}

TEST(RenderHtmlTest, AsksForNothingAndRunsNothing) {
  const std::string page = page_of(report_of(kH100));
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) ++scripts;
  EXPECT_EQ(scripts, 1u);
  for (const char* asking : {" src=", "url(", "@import", "@font-face", "<iframe", "<object", "<form", " onload="})
    EXPECT_THAT(page, Not(HasSubstr(asking))) << asking;
}

TEST(RenderHtmlTest, AnEmulatedRunIsMarkedAcrossThePage) {
  const std::string page = page_of(emulated_report());
  EXPECT_THAT(page, HasSubstr("<div class=\"watermark\""));
  EXPECT_THAT(page, HasSubstr(Html(kEmulatedBanner).markup()));
  EXPECT_THAT(page, HasSubstr("<title>EMULATED "));
  EXPECT_THAT(page, HasSubstr(std::string(kNoClaim)));
}

TEST(RenderHtmlTest, StrangersTextStaysText) {
  const std::string page = page_of(hostile_report());
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(RenderHtmlTest, DrawsTheRoofWhereKernelsWereTimed) {
  const std::string page = page_of(timed_report());
  EXPECT_THAT(page, HasSubstr("<svg class=\"roofline\""));
  EXPECT_THAT(page, Not(HasSubstr(std::string(kNoKernel))));
}

}  // namespace
}  // namespace assay::reports
