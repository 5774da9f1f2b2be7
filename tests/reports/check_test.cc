#include "reports/check.h"

#include <gmock/gmock.h>

#include "harness/base/json.h"
#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

TEST(CheckTest, TheWorstDecides) {
  using O = CheckOutcome;
  const auto concluded = [](std::initializer_list<CheckOutcome> outcomes) {
    std::vector<CheckRow> rows;
    for (const CheckOutcome outcome : outcomes) rows.push_back(row(outcome));
    return conclude(rows);
  };
  EXPECT_EQ(concluded({O::met}), Conclusion::holds);
  EXPECT_EQ(concluded({O::met, O::waived, O::not_applicable}), Conclusion::holds);
  EXPECT_EQ(concluded({O::not_applicable, O::not_applicable}), Conclusion::nothing_applies);
  EXPECT_EQ(concluded({}), Conclusion::nothing_applies);
  EXPECT_EQ(concluded({O::met, O::unproven}), Conclusion::unproven);
  EXPECT_EQ(concluded({O::unproven, O::failed, O::waived}), Conclusion::failed);
  EXPECT_EQ(concluded({O::failed, O::environment, O::unproven}), Conclusion::environment);
}

TEST(CheckTest, ADriverThatDidNotAnswerIsARowOfItsOwn) {
  evidence::Environment environment = no_device_environment();
  EXPECT_TRUE(environment_rows(environment).empty());
  environment.driver_failure = {.message = "starting the driver: cuInit answered 999", .name = "CUDA_ERROR_UNKNOWN"};
  const auto rows = environment_rows(environment);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].outcome, CheckOutcome::environment);
  EXPECT_EQ(rows[0].found, "CUDA_ERROR_UNKNOWN");
  EXPECT_EQ(rows[0].why, "no device answered: starting the driver: cuInit answered 999");
}

TEST(CheckTest, TheTallyLeavesOutWhatDidNotOccur) {
  const std::vector<CheckRow> rows = {row(CheckOutcome::met), row(CheckOutcome::met), row(CheckOutcome::unproven),
                                      row(CheckOutcome::not_applicable)};
  EXPECT_EQ(tally(rows), "1 unproven, 2 met, 1 does not apply");
  EXPECT_EQ(tally(std::vector{row(CheckOutcome::waived)}), "1 WAIVED");
  EXPECT_EQ(tally({}), "nothing compared");
}

TEST(CheckTest, TheLowestLevelIsThatOfTheWeakestRecord) {
  std::vector<CheckRow> rows = {row(CheckOutcome::met), row(CheckOutcome::unproven)};
  EXPECT_EQ(lowest_level(rows), "E2");
  rows[1].level = "none";
  EXPECT_EQ(lowest_level(rows), "none");
  rows[1].evidence_class = "";
  EXPECT_EQ(lowest_level(rows), "E5");
  EXPECT_EQ(lowest_level({}), "none");
}

TEST(CheckTest, EmulatedIsEverythingThatIsNotTheInstalledDriver) {
  EXPECT_FALSE(subject_of(report_of({}), "b", "").emulated);
  EXPECT_TRUE(subject_of(report_of({}, emulated_gb10_environment()), "b", "").emulated);
  EXPECT_FALSE(subject_of(report_of({}, no_device_environment()), "b", "").emulated);
}

TEST(CheckTest, TheJsonHoldsEveryRow) {
  const Json json = to_json(check_of({row(CheckOutcome::met), row(CheckOutcome::waived)}));
  EXPECT_EQ(json.at("schema"), "check-report/1");
  EXPECT_EQ(json.at("policy"), "release");
  EXPECT_EQ(json.at("conclusion"), "holds");
  EXPECT_EQ(json.at("scope").at("device"), "NVIDIA H100 80GB HBM3");
  ASSERT_EQ(json.at("rows").size(), 2u);
  EXPECT_EQ(json.at("rows")[1].at("outcome"), "waived");
  EXPECT_TRUE(canonical_json(json));
}

}  // namespace
}  // namespace assay::reports
