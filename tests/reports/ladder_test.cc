#include "reports/ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/report_fixture.h"

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using ::testing::ElementsAre;

evidence::VerifiedRecord judged(Record record) { return {record, *evidence::derive(record)}; }

evidence::VerifyReport with(std::vector<evidence::VerifiedRecord> records) {
  evidence::VerifyReport report;
  for (const auto& one : records)
    if (report.rules.gates.empty() || report.rules.gates.back().gate != one.record.gate)
      report.rules.gates.push_back({one.record.gate, 1});
  report.records = std::move(records);
  return report;
}

Record foreign(std::string target, StageStatus assembled) {
  Record record;
  record.gate = "mma.fp4";
  record.target = std::move(target);
  record.stopped = evidence::Stopped::foreign_target;
  record.stage(Stage::assemble).status = assembled;
  return record;
}

TEST(LadderTest, TheDevicesOwnTextSpeaksForAGate) {
  Record own;
  own.gate = "mma.fp4";
  own.target = "sm_90a";
  own.stage(Stage::assemble) = {.status = StageStatus::refused, .message = "no such instruction"};
  const auto rows = gate_ladder(with({judged(foreign("sm_121a", StageStatus::ok)), judged(own)}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].record, "mma.fp4@sm_90a#1");
  EXPECT_EQ(rows[0].verdict, "refused");
  EXPECT_THAT(rows[0].rungs, ElementsAre(Rung::refused, Rung::not_reached, Rung::not_reached, Rung::not_reached,
                                         Rung::not_reached, Rung::not_reached));
}

TEST(LadderTest, WithoutADeviceTheTextThatCameFurthestDoes) {
  const auto rows =
      gate_ladder(with({judged(foreign("sm_100a", StageStatus::refused)), judged(foreign("sm_121a", StageStatus::ok)),
                        judged(foreign("sm_120a", StageStatus::ok))}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].target, "sm_121a");
}

Record problem(std::string variant) {
  Record record = evidence::good_record("kernel.nvfp4_gemm");
  record.variant = std::move(variant);
  return record;
}

TEST(LadderTest, OfAKernelTheFirstProblemThatWasNotDoneRightSpeaks) {
  Record wrong = problem("m8");
  wrong.cases.front().mismatches = 1;
  wrong.end_at(Stage::verify, {.status = StageStatus::failed, .message = "wrong"});
  Record unfit = problem("m9");
  unfit =
      Record{.gate = unfit.gate, .variant = "m9", .target = unfit.target, .stopped = evidence::Stopped::not_applicable};
  const auto good = gate_ladder(with({judged(unfit), judged(problem("m1")), judged(problem("m2"))}));
  ASSERT_EQ(good.size(), 1u);
  EXPECT_EQ(good[0].verdict, "proven");
  EXPECT_EQ(good[0].reason, "2 of 3 problems; m1: 1 case, 4096 words equal to the oracle, 5 controls ok");
  const auto bad = gate_ladder(with({judged(problem("m1")), judged(wrong)}));
  EXPECT_EQ(bad[0].verdict, "mismatch");
  EXPECT_THAT(bad[0].reason, ::testing::StartsWith("m8: "));
  const auto none = gate_ladder(with({judged(unfit)}));
  EXPECT_EQ(none[0].verdict, "not-applicable");
}

TEST(LadderTest, ALaterAttemptDoesNotSpeak) {
  Record again = evidence::good_record();
  again.attempt = 2;
  Record first = evidence::ended_at(Stage::launch, StageStatus::failed);
  const auto rows = gate_ladder(with({judged(first), judged(again)}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].verdict, "faulted");
}

TEST(LadderTest, AQuestionToTheDriverHasNoStages) {
  const auto rows = gate_ladder(with({judged(evidence::good_question())}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_THAT(rows[0].rungs, testing::Each(Rung::not_asked));
  EXPECT_EQ(rows[0].verdict, "reported");
}

TEST(LadderTest, ImagesAreToldTogetherAndWithoutAVerdict) {
  Record taken = evidence::patched_record(), refused = evidence::patched_record();
  taken.variant = "a";
  refused = evidence::ended_at(Stage::load, StageStatus::refused, refused);
  refused.variant = "b";
  const auto rows = gate_ladder(with({judged(taken), judged(refused)}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].verdict, "by image");
  EXPECT_EQ(rows[0].evidence_class, "");
  EXPECT_EQ(rows[0].reason, "2 images asked: 1 loaded, 1 ran to the end");
  EXPECT_THAT(rows[0].rungs, ElementsAre(Rung::ok, Rung::mixed, Rung::ok, Rung::ok, Rung::ok, Rung::ok));
}

}  // namespace
}  // namespace assay::reports
