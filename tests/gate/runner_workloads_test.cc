// Workloads in a run: one child for all attempts of a row, one record each, nothing without the row's prerequisites.
#include <gmock/gmock.h>

#include "harness/gate/workload.h"
#include "tests/gate/runner_fixture.h"

namespace assay::gate {
namespace {

using evidence::Stopped;
using testing::ElementsAre;

class NoWorkload : public Workload {
 public:
  std::vector<std::string> variants() const override { return {"small", "large", "odd"}; }
  void run(const WorkloadTools&, Record&) const override {}
  Result<std::vector<evidence::CaseDigests>> recompute(const Record&, const Seed&) const override { return Error{""}; }
  Result<WorkloadText> text(const Record&) const override { return Error{""}; }
};
const NoWorkload kWorkload;

const Gate kWithWorkload[] = {kTable[0],
                              kTable[1],
                              {.id = "kernel.one",
                               .question = "One?",
                               .instruction = "mma",
                               .prerequisites = kNeedsFirst,
                               .home = {80, ' '},
                               .proves = "p",
                               .does_not_prove = "n",
                               .method = &kWorkload}};

class RunnerWorkloadsTest : public RunnerTest {
 protected:
  RunnerWorkloadsTest() {
    children.table = kWithWorkload;
    children.on["kernel.one"] = [this](const AttemptRequest& request, const ChildRequest& child) {
      return serve(request, child);
    };
  }

  /// Answers each attempt; "odd" does not apply, and at one the child may die.
  ChildResult serve(const AttemptRequest& request, const ChildRequest& child) {
    for (const AttemptWork& work : request.work) {
      Record record = start_record(kWithWorkload[2], work.target, work.variant);
      record.driver_library = evidence::DriverLibrary::system;
      record.prerequisites = request.prerequisites;
      if (work.variant == dies_at) {
        dies_at.clear();
        record.image = evidence::ImageKind::native;
        record.stage(Stage::assemble).status = StageStatus::ok;
        return Children::die(record, "load", child);
      }
      if (work.variant == "odd") {
        record.stopped = Stopped::not_applicable;
        record.stopped_why = "too odd";
      } else {
        Children::make_right(record);
      }
      child.on_line(line({{"record", evidence::to_json(record)}}));
    }
    return {};
  }

  std::vector<AttemptRequest> asked() const {
    std::vector<AttemptRequest> found;
    for (const AttemptRequest& request : children.requests)
      if (request.kind == AttemptRequest::Kind::workload) found.push_back(request);
    return found;
  }

  std::vector<std::string> recorded() const {
    std::vector<std::string> found;
    for (const Record& record : journal.records)
      if (record.gate == "kernel.one")
        found.push_back(record.variant + ": " + std::string(word(evidence::derive(record)->verdict)));
    return found;
  }

  std::string dies_at;
};

TEST_F(RunnerWorkloadsTest, AllAttemptsShareOneChildAndAreOneRecordEach) {
  const RunResult result = run();
  ASSERT_EQ(asked().size(), 1u);
  EXPECT_EQ(asked().front().work.size(), 3u);
  EXPECT_EQ(asked().front().work.front().target, "sm_90a");
  EXPECT_THAT(recorded(), ElementsAre("small: proven", "large: proven", "odd: not-applicable"));
  EXPECT_EQ(verdict(result, "kernel.one"), Verdict::proven);
  ASSERT_EQ(asked().front().prerequisites.size(), 1u);
  EXPECT_EQ(asked().front().prerequisites.front().found, Verdict::proven);
}

TEST_F(RunnerWorkloadsTest, AnAttemptThatKillsTheChildIsARecordAndTheOthersGoOn) {
  dies_at = "small";
  run();
  EXPECT_EQ(asked().size(), 2u);
  EXPECT_THAT(recorded(), ElementsAre("small: faulted", "large: proven", "odd: not-applicable"));
}

TEST_F(RunnerWorkloadsTest, WithoutItsPrerequisiteTheRowIsNotRunAndSaysWhy) {
  children.on["first"] = [](const AttemptRequest& request, const ChildRequest& child) {
    Record record = start_record(kTable[1], request.work.front().target);
    record.driver_library = evidence::DriverLibrary::system;
    record.stage(Stage::assemble).status = StageStatus::ok;
    Children::refuse_image(record);
    child.on_line(line({{"record", evidence::to_json(record)}}));
    return ChildResult{};
  };
  const RunResult result = run();
  EXPECT_TRUE(asked().empty());
  EXPECT_THAT(recorded(), ElementsAre(": not-run"));
  EXPECT_EQ(result.outcomes.back().derived.reason, "prerequisite first is refused, proven needed");
}

TEST_F(RunnerWorkloadsTest, WithoutADeviceTheRowIsNotRun) {
  use_driver = false;
  const RunResult result = run();
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(result.outcomes.back().derived.reason, "no sign of an NVIDIA driver");
}

TEST_F(RunnerWorkloadsTest, OutOfTimeEveryAttemptSaysSo) {
  run_limit = std::chrono::milliseconds(0);
  run();
  EXPECT_TRUE(asked().empty());
  for (const std::string& one : recorded()) EXPECT_THAT(one, testing::EndsWith("not-run"));
}

TEST_F(RunnerWorkloadsTest, IsSelectedByItsIdAndBringsWhatItNeeds) {
  only = {"kernel.one"};
  EXPECT_EQ(verdict(run(), "first"), Verdict::proven);
  EXPECT_EQ(recorded().size(), 3u);
}

TEST_F(RunnerWorkloadsTest, IsNotAskedWhereOthersWere) {
  only = {"first"};
  const RunResult result = run();
  EXPECT_FALSE(result.outcomes.back().selected());
  EXPECT_THAT(recorded(), ElementsAre(": not-run"));
}

}  // namespace
}  // namespace assay::gate
