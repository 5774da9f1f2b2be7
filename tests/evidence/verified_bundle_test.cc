// Only an intact and fit bundle becomes one that may be spoken from.
#include "harness/evidence/verified_bundle.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/forger.h"

namespace assay::evidence {
namespace {

class VerifiedBundleTest : public testing::Test {
 protected:
  std::filesystem::path bundle() const { return folder_.path() / "bundle"; }
  TemporaryFolder folder_;
};

TEST_F(VerifiedBundleTest, OpensAnIntactAndFitOne) {
  write_bundle(bundle(), {good_question(), good_record()});
  const auto opened = VerifiedBundle::open(bundle());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->report().records.size(), 2u);
  EXPECT_EQ(opened->report().environment.device_name(), "NVIDIA H100 80GB HBM3");
}

TEST_F(VerifiedBundleTest, RefusesAForgedOneWithEveryFinding) {
  write_bundle(bundle(), {good_question(), good_record()});
  forge_lines(bundle(), [](Lines& lines) { lines[1]["derived"]["level"] = "E4"; });
  forge_document(bundle(), "environment.json", [](Json& json) { json["os"]["arch"] = ""; });
  const auto opened = VerifiedBundle::open(bundle());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "environment.json: field 'os.arch': '' says nothing [meaningful]");
  EXPECT_EQ(opened.error().log,
            "environment.json: field 'os.arch': '' says nothing [meaningful]\n"
            "gates.jsonl:2: level is labelled 'E4', the rules say 'E5' [label]\n");
}

TEST_F(VerifiedBundleTest, RefusesAnIntactOneThatIsUnfit) {
  write_bundle(bundle(), {good_question()});
  forge_document(bundle(), "environment.json", [](Json& json) { json["tool"]["git_dirty"] = true; });
  const VerifyReport report = verify_bundle(bundle());
  EXPECT_TRUE(report.intact);
  EXPECT_THAT(report.unfit, testing::SizeIs(1));
  const auto opened = VerifiedBundle::open(bundle());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "environment.json: recorded by a build of changed sources; commit them, build and record again "
            "[dirty-tree]");
}

TEST_F(VerifiedBundleTest, RefusesAPrivateOne) {
  write_bundle(bundle(), {good_question()}, {}, nullptr);
  EXPECT_TRUE(verify_bundle(bundle()).intact);
  const auto opened = VerifiedBundle::open(bundle());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "environment.json: recorded without redaction; record again without --no-redact [private]");
}

TEST_F(VerifiedBundleTest, PassesItsOptionsOn) {
  write_bundle(bundle(), {good_question()});
  VerifyOptions options;
  options.gate_set = [](std::string_view) { return std::vector<std::string>{"device.query", "tma.load"}; };
  const auto opened = VerifiedBundle::open(bundle(), options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "rules.json: does not name gate 'tma.load', which every run by rules/3 has: shortened [gate-list]");
}

}  // namespace
}  // namespace assay::evidence
