#include "reports/passages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "tests/reports/report_fixture.h"

namespace assay::reports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string line_of(const Report& report, std::string_view what) {
  for (const auto& [name, text] : identity_lines(report))
    if (name == what) return text;
  return "no such line";
}

TEST(PassagesTest, TellWhoAndWhere) {
  const Report report = report_of(kH100);
  EXPECT_EQ(line_of(report, "Device"), "NVIDIA H100 80GB HBM3, compute capability 9.0, 132 multiprocessors, 85.0 GB");
  EXPECT_EQ(line_of(report, "Driver"), "580.159.04 (system), kernel module 580.159.04");
  EXPECT_EQ(line_of(report, "Toolchain"), "nvJitLink 13.0, NVRTC 13.0");
  EXPECT_EQ(line_of(report, "Challenge"), "issued by the machine itself at 2026-11-27T02:37:38Z, for: assay run");
  EXPECT_EQ(verdict_line(report), "8 proven, 4 reported, 9 refused, 1 by image");
}

TEST(PassagesTest, PutClaimsOfWhatRanFirstAndLoseNone) {
  const Report report = report_of(kH100);
  const std::vector<ClaimGroup> groups = claim_groups(report.judgement);
  ASSERT_FALSE(groups.empty());
  EXPECT_EQ(groups.front().kind, ClaimKind::capability);
  EXPECT_EQ(groups.back().kind, ClaimKind::driver_refuses);
  std::size_t claims = 0;
  for (const ClaimGroup& group : groups) {
    claims += group.claims.size();
    for (const SupportedClaim* claim : group.claims) EXPECT_EQ(claim->does_not_say(), group.does_not_say);
  }
  EXPECT_EQ(claims, report.judgement.supported.size());
}

ProfileRow row(std::string key, Agreement agreement, Severity severity, Confidence confidence) {
  ProfileRow made;
  made.key = std::move(key);
  made.op = Op::eq;
  made.expected = 1;
  made.agreement = agreement;
  made.severity = severity;
  made.confidence = confidence;
  return made;
}

TEST(PassagesTest, ShowDifferencesBySeverityAndConflictsWhateverWasSeen) {
  ProfileDifferences profile;
  profile.rows = {row("same", Agreement::match, Severity::fail, Confidence::measured),
                  row("conflict", Agreement::match, Severity::info, Confidence::conflicting),
                  row("warned", Agreement::mismatch, Severity::warn, Confidence::measured),
                  row("failed", Agreement::mismatch, Severity::fail, Confidence::reported),
                  row("missing", Agreement::not_observed, Severity::fail, Confidence::measured),
                  row("either", Agreement::conflict_resolved, Severity::info, Confidence::conflicting)};
  std::vector<std::string> keys;
  for (const ProfileRow* one : notable_rows(profile)) keys.push_back(one->key);
  EXPECT_THAT(keys, ElementsAre("failed", "warned", "conflict", "either"));
}

TEST(PassagesTest, TellWhatIsExpected) {
  ProfileRow made = row("x", Agreement::match, Severity::info, Confidence::measured);
  made.unit = "B";
  const auto as = [&](Op op, Json expected) {
    made.op = op;
    made.expected = std::move(expected);
    return expectation(made);
  };
  EXPECT_EQ(as(Op::eq, 5), "5 B");
  EXPECT_EQ(as(Op::ge, 5), "at least 5 B");
  EXPECT_EQ(as(Op::range, Json::array({1, 2})), "within 1, 2 B");
  EXPECT_EQ(as(Op::one_of, Json::array({1, 2})), "one of 1, 2 B");
  EXPECT_EQ(as(Op::unknown, nullptr), "-");
}

}  // namespace
}  // namespace assay::reports
