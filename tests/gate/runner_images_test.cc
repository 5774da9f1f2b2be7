// Edited images in a run: who launches them, in what order, and what one that went wrong leaves to the others.
#include <gtest/gtest.h>

#include "tests/gate/runner_fixture.h"

namespace assay::gate {
namespace {

class ImageRunnerTest : public RunnerTest {
 protected:
  ImageRunnerTest() { children.table = kImages; }
  /// The copy control, as it answers when it is asked for the n-th time.
  void copy_fails_at(int attempt) {
    children.on["control.copy"] = [this, attempt](const AttemptRequest& request, const ChildRequest& child) {
      if (request.work.front().attempt != attempt) return children.answer(request, child);
      Record record = start_record(kImages[1], "sm_90a");
      record.attempt = attempt;
      record.driver_library = evidence::DriverLibrary::system;
      record.image = evidence::ImageKind::native;
      record.stage(Stage::assemble).status = StageStatus::ok;
      return Children::die(record, "load", child);
    };
  }
};

TEST_F(ImageRunnerTest, WithoutLeaveEveryImageIsLoadedByOneChildAndNoneIsLaunched) {
  const RunResult result = run();
  EXPECT_TRUE(children.launched.empty());
  EXPECT_EQ(std::ranges::count(children.requests, AttemptRequest::Kind::images, &AttemptRequest::kind), 1);
  for (const char* variant : {"speaker", "plain", "daring"}) ASSERT_NE(journal.variant(variant), nullptr) << variant;
  EXPECT_EQ(journal.variant("plain")->target, "sm_100a");
  EXPECT_EQ(result.outcomes[2].record.variant, "speaker");
  EXPECT_EQ(result.outcomes[2].assemble_asked, 0) << "images are no texts of the matrix";
  EXPECT_EQ(verdict(result, "after"), Verdict::proven);
}

TEST_F(ImageRunnerTest, AnImageThatKillsTheLoaderIsItsOwnRecordAndStaysPatched) {
  children.loader_dies_at = "speaker";
  const RunResult result = run();
  const Record* record = journal.variant("speaker");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->stage(Stage::load).name, "SIGSEGV");
  EXPECT_EQ(evidence::derive(*record)->evidence_class, evidence::EvidenceClass::patched_cubin);
  EXPECT_NE(journal.variant("daring"), nullptr);
  EXPECT_EQ(verdict(result, "after"), Verdict::proven);
}

TEST_F(ImageRunnerTest, LeaveLaunchesItsRowsEachInAChildOfItsOwnAndLooksAtTheDeviceAfterEach) {
  patched_launch = PatchedLaunch::baseline;
  const RunResult baseline = run();
  EXPECT_EQ(children.launched, std::vector<std::string>{"speaker"});
  EXPECT_FALSE(baseline.unwell);
  EXPECT_EQ(std::ranges::count(journal.records, "control.copy#2",
                               [](const Record& r) { return r.gate + "#" + std::to_string(r.attempt); }),
            1);
  patched_launch = PatchedLaunch::all;
  journal.records.clear();
  run();
  EXPECT_EQ(children.launched, (std::vector<std::string>{"speaker", "speaker", "daring"}));
}

TEST_F(ImageRunnerTest, ADeviceThatIsUnwellAfterAnImageGetsNoOtherAndJudgesNothing) {
  patched_launch = PatchedLaunch::all;
  copy_fails_at(2);
  const RunResult result = run();
  EXPECT_TRUE(result.unwell);
  EXPECT_EQ(children.launched, std::vector<std::string>{"speaker"});
  ASSERT_NE(journal.variant("daring"), nullptr);
  EXPECT_EQ(evidence::derive(*journal.variant("daring"))->reason,
            "prerequisite control.copy is faulted, proven needed");
  EXPECT_EQ(verdict(result, "control.copy"), Verdict::proven) << "the first attempt speaks for the gate";
  EXPECT_EQ(verdict(result, "after"), Verdict::not_run);
}

TEST_F(ImageRunnerTest, AfterAnImageThatWentWrongTheOthersAreOnlyLoaded) {
  patched_launch = PatchedLaunch::all;
  children.answers_wrong = "speaker";
  const RunResult result = run();
  EXPECT_EQ(children.launched, std::vector<std::string>{"speaker"});
  EXPECT_FALSE(result.unwell) << "the copy control is right";
  EXPECT_EQ(journal.variant("daring")->stage(Stage::load).status, StageStatus::ok);
  EXPECT_EQ(verdict(result, "images"), Verdict::mismatch);
  EXPECT_EQ(verdict(result, "after"), Verdict::proven);
}

TEST_F(ImageRunnerTest, AnUnmetPrerequisiteKeepsImagesFromBeingLaunched) {
  patched_launch = PatchedLaunch::all;
  copy_fails_at(1);
  run();
  EXPECT_TRUE(children.launched.empty());
}

TEST_F(ImageRunnerTest, ASpentRunLimitIsNoTroubleOfTheDevice) {
  patched_launch = PatchedLaunch::all;
  run_limit = std::chrono::milliseconds(0);
  const RunResult result = run();
  EXPECT_FALSE(result.unwell);
  EXPECT_EQ(verdict(result, "images"), Verdict::not_run);
  std::set<std::string> ids;
  for (const Record& record : journal.records) EXPECT_TRUE(ids.insert(record.id()).second) << record.id();
}

}  // namespace
}  // namespace assay::gate
