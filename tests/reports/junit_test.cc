#include "reports/junit.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "harness/base/child.h"
#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What an XML parser that is not ours makes of the text: tests/reports/junit_shape.py, or why it cannot.
std::string parsed(const std::string& xml) {
  ChildRequest request{.command = {"/usr/bin/env", "python3", ASSAY_SOURCE_DIR "/tests/reports/junit_shape.py"},
                       .input = xml,
                       .limit = std::chrono::minutes(4)};
  const auto child = run_child(request);
  if (!child) return child.error().message;
  return child->exit_code == 0 ? child->output : "refused: " + child->log;
}

CheckReport every_outcome() {
  CheckReport report = check_of({row(CheckOutcome::met), row(CheckOutcome::failed, "gate tma.reduce"),
                                 row(CheckOutcome::unproven, "claim executes.mma.fp8", "claim"),
                                 row(CheckOutcome::waived, "gate mma.fp8", "mma"),
                                 row(CheckOutcome::not_applicable, "gate wgmma.bf16", "wgmma"),
                                 row(CheckOutcome::environment, "environment driver", "environment")});
  report.rows[3].waiver = "waived until 2026-12-31 by kernel team (issue 12): known";
  return report;
}

TEST(JunitTest, EachOutcomeIsWhatCiSystemsCallIt) {
  EXPECT_EQ(parsed(to_junit(every_outcome())),
            "assay check: 6 tests, 2 failures, 1 errors, 2 skipped\n"
            "NVIDIA_H100_80GB_HBM3.tma: 2 tests, 1 failures, 0 errors, 0 skipped\n"
            "  tma.load pass\n"
            "  tma.reduce failure refused: gate tma.reduce: asked proven, found refused: the reason\n"
            "NVIDIA_H100_80GB_HBM3.claim: 1 tests, 1 failures, 0 errors, 0 skipped\n"
            "  executes.mma.fp8 failure refused: claim executes.mma.fp8: asked proven, found refused: the reason\n"
            "NVIDIA_H100_80GB_HBM3.mma: 1 tests, 0 failures, 0 errors, 1 skipped\n"
            "  mma.fp8 skipped: WAIVED, not met: waived until 2026-12-31 by kernel team (issue 12): known; gate "
            "mma.fp8: asked proven, found refused: the reason\n"
            "NVIDIA_H100_80GB_HBM3.wgmma: 1 tests, 0 failures, 0 errors, 1 skipped\n"
            "  wgmma.bf16 skipped: does not apply: the reason\n"
            "NVIDIA_H100_80GB_HBM3.environment: 1 tests, 0 failures, 1 errors, 0 skipped\n"
            "  driver error refused: environment driver: asked proven, found refused: the reason\n");
}

TEST(JunitTest, SuitesOfAnEmulatedDeviceAreCalledSo) {
  CheckReport report = check_of({row(CheckOutcome::met)});
  report.subject.emulated = true;
  const std::string xml = to_junit(report);
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"assay check (EMULATED device)\""));
  EXPECT_THAT(xml, HasSubstr(R"(classname="emulated.NVIDIA_H100_80GB_HBM3.tma")"));
}

TEST(JunitTest, PropertiesSayOnWhatARowRests) {
  const std::string xml = to_junit(every_outcome());
  for (const char* property :
       {R"(name="bundle_sha256")", R"(name="driver" value="580.159.04")", R"(name="level" value="E5")",
        R"(name="evidence_class" value="real-execution")", R"(name="policy" value="release")"})
    EXPECT_THAT(xml, HasSubstr(property));
}

TEST(JunitTest, HostileTextsStayText) {
  const std::vector<std::string> hostile = {"]]>",
                                            "</testcase><testcase name=\"x\"/>",
                                            "\" onload=\"",
                                            "&amp; &bogus;",
                                            "<![CDATA[",
                                            "<!-- -->",
                                            "<?xml?>",
                                            std::string("nul \0 inside", 12),
                                            "bell \x07 escape \x1b[31m",
                                            "cut \xC3",
                                            "bad \xFF\xFE",
                                            "surrogate \xED\xA0\x80",
                                            "noncharacter \xEF\xBF\xBE \xEF\xBF\xBF",
                                            "overlong \xC0\xAF",
                                            "line\r\nbreak\ttab",
                                            "emoji \xF0\x9F\x98\x80"};
  CheckReport report = check_of({});
  for (const std::string& text : hostile) {
    CheckRow one = row(CheckOutcome::failed);
    one.why = one.found = one.asked = one.waiver = one.id = one.name = one.family = one.level = text;
    report.rows.push_back(one);
    report.subject.device += text;
    report.subject.driver = report.subject.policy = text;
  }
  EXPECT_THAT(parsed(to_junit(report)),
              testing::StartsWith("assay check: 16 tests, 16 failures, 0 errors, 0 skipped\n"));
}

TEST(JunitTest, TheShapeIsReallyChecked) {
  EXPECT_THAT(parsed("<testsuites/>"), HasSubstr("refused"));
  std::string xml = to_junit(every_outcome());
  const std::size_t at = xml.find("failures=\"2\"");
  ASSERT_NE(at, std::string::npos);
  xml.replace(at, 12, "failures=\"0\"");
  EXPECT_THAT(parsed(xml), HasSubstr("refused"));
}

}  // namespace
}  // namespace assay::reports
