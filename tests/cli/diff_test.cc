// `assay diff` as a person starts it.
#include "harness/base/json.h"
#include "tests/cli/process_test.h"
#include "tests/evidence/fixtures.h"

namespace assay::cli {
namespace {

using ::testing::ContainsRegex;

const std::string kLater = ASSAY_SOURCE_DIR "/docs/results/h100/all-gates";
const std::string kEarlier = ASSAY_SOURCE_DIR "/docs/results/h100/first-gates";

class DiffTest : public ProcessTest {};

TEST_F(DiffTest, ShowsWhatWasGainedAndFoldsTheRest) {
  const Ended ended = assay({"diff", kEarlier, kLater});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("environment\nwhat  before"));
  EXPECT_THAT(ended.out, ContainsRegex("\nGAINED +tma.reduce@sm_90a +- +proven +16 cases"));
  EXPECT_THAT(ended.out, ContainsRegex("\nCHANGED +tma.load, 7 targets +unresolved +refused 209 +sm_100a sm_100f"));
  EXPECT_THAT(ended.out, ContainsRegex("\nCHANGED +device.state.idle_temperature +57 C +42 C"));
  EXPECT_THAT(ended.out, ContainsRegex("\nGAINED +executes.tma.reduce\n"));
}

TEST_F(DiffTest, TheWayBackIsALoss) {
  const Ended ended = assay({"diff", kLater, kEarlier});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, ContainsRegex("\nLOST +tma.reduce@sm_90a +proven +- +no record of it any more"));
}

TEST_F(DiffTest, TheExitCodeTellsOnRequest) {
  EXPECT_EQ(assay({"diff", "--exit-code", kEarlier, kLater}).code, 1);
  const Ended same = assay({"diff", "--exit-code", kLater, kLater});
  EXPECT_EQ(same.code, 0);
  EXPECT_THAT(same.out, HasSubstr("environment: the same\n"));
  EXPECT_THAT(same.out, EndsWith("claims: the same\n"));
}

TEST_F(DiffTest, JsonIsStrictAndWhole) {
  const Ended ended = assay({"diff", "--json", kEarlier, kLater});
  const Result<Json> report = parse_json(ended.out, "diff");
  ASSERT_TRUE(report) << ended.out.substr(0, 200);
  EXPECT_EQ(report->at("schema"), "bundle-diff/1");
  EXPECT_EQ(report->at("gates").size(), 230u);
}

TEST_F(DiffTest, WhatIsNoGoodBundleIsRefused) {
  EXPECT_EQ(assay({"diff", kLater, at("nowhere")}).code, 2);
  EXPECT_EQ(assay({"diff", kLater}).code, 2);
  write("empty/file", "");
  EXPECT_EQ(assay({"diff", at("empty"), kLater}).code, 4);
}

}  // namespace
}  // namespace assay::cli
