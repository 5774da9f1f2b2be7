#include "reports/waivers.h"

#include <gmock/gmock.h>

#include "harness/evidence/utc.h"
#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Waiver waiver(std::string requirement = "gate tma.load") {
  return {std::move(requirement), "the loader of 580 refuses it", "kernel team", "issue 12", "2026-12-31"};
}

std::chrono::sys_seconds at(const std::string& time) { return *evidence::parse_utc(time); }

CheckReport applied(const Waiver& one, std::vector<CheckRow> rows, const std::string& now = "2026-11-27T00:00:00Z") {
  CheckReport report = check_of(std::move(rows));
  apply_waivers(std::vector{one}, at(now), report);
  return report;
}

TEST(WaiversTest, AWaivedRowLetsABuildPassAndSaysSo) {
  for (const CheckOutcome outcome : {CheckOutcome::failed, CheckOutcome::unproven}) {
    const CheckReport report = applied(waiver(), {row(outcome)});
    ASSERT_EQ(report.rows.size(), 1u);
    EXPECT_EQ(report.rows[0].outcome, CheckOutcome::waived);
    EXPECT_EQ(report.rows[0].waiver, "waived until 2026-12-31 by kernel team (issue 12): the loader of 580 refuses it");
    EXPECT_EQ(report.rows[0].found, "refused");
    EXPECT_EQ(conclude(report.rows), Conclusion::holds);
  }
}

TEST(WaiversTest, ASilentDriverCannotBeWaived) {
  const CheckReport report =
      applied(waiver("environment driver"), {row(CheckOutcome::environment, "environment driver")});
  EXPECT_EQ(report.rows[0].outcome, CheckOutcome::environment);
  EXPECT_EQ(conclude(report.rows), Conclusion::environment);
}

TEST(WaiversTest, WhatIsMetNeedsNone) {
  const CheckReport report = applied(waiver(), {row(CheckOutcome::met)});
  EXPECT_EQ(report.rows[0].outcome, CheckOutcome::met);
  EXPECT_THAT(report.notes, ElementsAre("the waiver of 'gate tma.load' was not needed: it is met"));
}

TEST(WaiversTest, TheLastDayCountsWhole) {
  EXPECT_EQ(conclude(applied(waiver(), {row(CheckOutcome::failed)}, "2026-12-31T23:59:59Z").rows), Conclusion::holds);
  const CheckReport late = applied(waiver(), {row(CheckOutcome::failed)}, "2027-01-01T00:00:00Z");
  ASSERT_EQ(late.rows.size(), 2u);
  EXPECT_EQ(late.rows[0].outcome, CheckOutcome::failed);
  EXPECT_EQ(late.rows[1].outcome, CheckOutcome::failed);
  EXPECT_EQ(late.rows[1].why, "waiver expired after 2026-12-31; mend what it waives or renew it");
}

TEST(WaiversTest, AWaiverThatIsNobodysOrOfNothingIsAFailure) {
  const auto why = [](const Waiver& one) {
    const CheckReport report = applied(one, {row(CheckOutcome::met)});
    EXPECT_EQ(report.rows.size(), 2u);
    EXPECT_EQ(conclude(report.rows), Conclusion::failed);
    return report.rows.back().why;
  };
  EXPECT_EQ(why(waiver("gate tma.laod")), "waiver matches no requirement; remove it or mend its name");
  Waiver one = waiver();
  one.owner = " ";
  EXPECT_EQ(why(one), "waiver names no owner");
  one = waiver();
  one.reason = "";
  EXPECT_EQ(why(one), "waiver names no reason");
  one = waiver();
  one.issue = "";
  EXPECT_EQ(why(one), "waiver names no issue");
}

TEST(WaiversTest, AreReadStrictly) {
  const auto parsed = [](const std::string& list) {
    const auto waivers = parse_waivers(R"({"schema":"waivers/1","waivers":[)" + list + "]}", "w.json");
    return waivers ? std::to_string(waivers->size()) : waivers.error().message;
  };
  const std::string good = R"({"requirement":"a","reason":"r","owner":"o","issue":"i","expires":"2026-12-31"})";
  EXPECT_EQ(parsed(good), "1");
  EXPECT_EQ(parsed(""), "0");
  EXPECT_EQ(parsed(R"({"requirement":"a","expires":"2026-12-31"})"), "1");  // nobody named: a failure of the check
  EXPECT_EQ(parsed(good + "," + good), "w.json: waivers[1]: 'a' is waived twice");
  EXPECT_EQ(parsed(R"({"requirement":"a","expires":"2026-02-30"})"),
            "w.json: waivers[0]: field 'expires': '2026-02-30' is not a day like 2026-12-31");
  EXPECT_EQ(parsed(R"({"requirement":"a","expires":"2026-12-31","until":1})"),
            "w.json: waivers[0]: field 'until': unknown");
}

}  // namespace
}  // namespace assay::reports
