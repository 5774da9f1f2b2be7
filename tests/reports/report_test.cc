#include "reports/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "reports/report_json.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/reports/report_fixture.h"
#include "tests/support/json.h"
#include "tests/support/schema.h"

namespace assay::reports {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string json_of(const Report& report) {
  const Result<std::string> text = render_json(report);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : "";
}

TEST(ReportTest, HoldsWhatTheRecordedRunHolds) {
  const Report report = report_of(kH100);
  EXPECT_EQ(report.records, 236u);
  EXPECT_EQ(report.ladder.size(), 22u);
  EXPECT_EQ(report.matrix.targets.size(), 8u);
  EXPECT_EQ(report.own_target, "sm_90a");
  EXPECT_EQ(report.first_utc, "2026-11-27T02:37:38Z");
  EXPECT_FALSE(report.emulated);
  EXPECT_FALSE(report.images.empty());
  EXPECT_FALSE(report.codes.empty());
  EXPECT_FALSE(report.measured.empty());
  ASSERT_TRUE(report.profile);
  EXPECT_EQ(report.profile->profile, "h100");
  EXPECT_FALSE(report.judgement.supported.empty());
  EXPECT_FALSE(report.judgement.refused.empty());
}

TEST(ReportTest, RendersTheSameJsonTwiceAndAsItsSchemaSays) {
  const test::Schema schema("report");
  for (const Report& report : {report_of(kH100), timed_report(), emulated_report(), hostile_report()}) {
    const std::string text = json_of(report);
    EXPECT_EQ(text, json_of(report));
    const Result<Json> json = parse_json(text, "report.json");
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_EQ(schema.check(*json), "");
  }
}

TEST(ReportTest, TheSchemaNamesEveryFieldAsRequired) {
  const Json root = test::Schema("report").root();
  std::vector<std::string> properties;
  for (const auto& property : root["properties"].items()) properties.push_back(property.key());
  EXPECT_EQ(Json(properties), root["required"]);
}

TEST(ReportTest, AnEmulatedRunSupportsNothingAndSaysSo) {
  const Report report = emulated_report();
  EXPECT_TRUE(report.emulated);
  EXPECT_TRUE(report.judgement.supported.empty());
  EXPECT_THAT(json_of(report), HasSubstr("\"emulated\": \"EMULATED: "));
}

TEST(ReportTest, WithoutTrustTheReaderIsToldSo) {
  const std::string line = report_of(kH100).attestation_line;
  EXPECT_THAT(line, HasSubstr("self-attested, not independently verified"));
}

TEST(ReportTest, NoLineHidesThatNobodyVouches) {
  const auto told = [](evidence::Trust trust, std::string line) {
    return attestation_line({.trust = trust, .line = std::move(line)});
  };
  using evidence::Trust;
  EXPECT_EQ(told(Trust::self_attested, ""),
            "self-attested, not independently verified: whoever holds the machine can write a consistent bundle");
  EXPECT_EQ(told(Trust::self_attested, "certified by everybody"),
            "self-attested, not independently verified (certified by everybody)");
  EXPECT_EQ(told(Trust::self_attested, "self-attested, not independently verified: signed"),
            "self-attested, not independently verified: signed");
  EXPECT_EQ(told(Trust::by_operator, "attested by K"), "attested by K");
  EXPECT_EQ(told(Trust::by_operator, ""), "signed by a trusted operator; not independently verified");
  EXPECT_EQ(told(Trust::independent, ""), "independently verified");
}

TEST(ReportTest, WithTrustTheReaderIsToldWho) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "bundle";
  evidence::write_signed_bundle(path);
  const auto bundle = evidence::VerifiedBundle::open(path, evidence::with_trust());
  ASSERT_TRUE(bundle) << bundle.error().message;
  const auto report = make_report(*bundle);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->attestation_line, testing::StartsWith("attested by the operator key "));
  EXPECT_THAT(report->attestation_line, HasSubstr("not independently verified"));
  EXPECT_EQ(test::Schema("report").check(to_json(*report)), "");
}

TEST(ReportTest, SaysWhatRemainsOpen) {
  const Report report = report_of(kH100);
  EXPECT_EQ(report.limits.size(), 5u);
  EXPECT_THAT(report.limits, Contains("The challenge was issued by the machine itself, so nothing here shows when the "
                                      "run took place."));
}

TEST(ReportTest, StrangersTextKeepsItsMeaningAndShowsItsBytes) {
  const std::string text = json_of(hostile_report());
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(text, HasSubstr("\\u202etxt.exe"));
  EXPECT_EQ(test::parsed(text).at("environment").at("device").at("name"), kHostile);
}

}  // namespace
}  // namespace assay::reports
