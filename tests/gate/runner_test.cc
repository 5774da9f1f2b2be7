// The runner against children that answer, crash, hang or fall silent.
#include "harness/gate/runner.h"

#include <gtest/gtest.h>

#include <thread>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "tests/gate/runner_fixture.h"

namespace assay::gate {
namespace {

TEST_F(RunnerTest, ARefusedTextIsWrittenOnceAlsoWhereTheRunLimitPassesLater) {
  children.refuses = {"first@sm_90a", "second@sm_90a"};
  run_limit = std::chrono::milliseconds(1500);
  const auto spends_the_limit_on_texts = [this](const ChildRequest& child) {
    const auto answer = children(child);
    if (children.requests.back().kind == AttemptRequest::Kind::foreign) std::this_thread::sleep_for(run_limit);
    return answer;
  };
  RunOptions options = make_options();
  options.spawn = spends_the_limit_on_texts;
  Silent silent;
  const Result<RunResult> result = run_gates(kTable, options, journal, silent);
  ASSERT_TRUE(result);
  std::set<std::string> ids;
  for (const Record& record : journal.records) EXPECT_TRUE(ids.insert(record.id()).second) << record.id();
  EXPECT_EQ(verdict(*result, "second"), Verdict::refused);
}

TEST_F(RunnerTest, RightAnswersProveGatesAndEveryOtherTargetIsAssembled) {
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "device.query"), Verdict::reported);
  EXPECT_EQ(verdict(result, "first"), Verdict::proven);
  EXPECT_EQ(verdict(result, "second"), Verdict::proven);
  EXPECT_EQ(verdict(result, "later"), Verdict::not_run);
  const Record* foreign = journal.find("first", "sm_100a");
  ASSERT_NE(foreign, nullptr);
  EXPECT_EQ(foreign->stopped, evidence::Stopped::foreign_target);
  EXPECT_EQ(foreign->stage(Stage::load).code, 209);
  EXPECT_EQ(evidence::derive(*foreign)->verdict, Verdict::refused);
  EXPECT_EQ(evidence::derive(*foreign)->evidence_class, evidence::EvidenceClass::driver_signal);
  EXPECT_EQ(journal.records.size(), 2u + 2u * assemble_targets().size());
  EXPECT_EQ(result.tools.size(), 1u);
}

TEST_F(RunnerTest, AChildThatDiesIsARecordOfTheStageItDiedIn) {
  children.on["first"] = [](const AttemptRequest& request, const ChildRequest& child) {
    Record record = start_record(kTable[1], request.work.front().target);
    record.driver_library = evidence::DriverLibrary::system;
    record.stage(Stage::assemble).status = StageStatus::ok;
    child.on_line(line({{"at", "load"}, {"record", evidence::to_json(record)}}));
    ChildResult died;
    died.signal = SIGSEGV;
    died.signal_name = "SIGSEGV";
    return died;
  };
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::faulted);
  const Record* record = journal.find("first", "sm_90a");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->stage(Stage::load).name, "SIGSEGV");
  EXPECT_EQ(record->stage(Stage::load).message, "the child died of SIGSEGV");
  EXPECT_EQ(record->process->signal, SIGSEGV);
  EXPECT_EQ(verdict(result, "second"), Verdict::not_run);
  EXPECT_EQ(children.requests.back().unmet, "first is faulted, proven is needed");
}

TEST_F(RunnerTest, AWatchdogTimeoutIsHung) {
  children.on["first"] = [](const AttemptRequest& request, const ChildRequest& child) {
    Record record = start_record(kTable[1], request.work.front().target);
    record.driver_library = evidence::DriverLibrary::system;
    record.image = evidence::ImageKind::native;
    for (const Stage stage : {Stage::assemble, Stage::load, Stage::resolve, Stage::launch})
      record.stage(stage).status = StageStatus::ok;
    child.on_line(line({{"at", "complete"}, {"record", evidence::to_json(record)}}));
    ChildResult killed;
    killed.signal = SIGKILL;
    killed.timed_out = true;
    killed.wall = std::chrono::seconds(30);
    return killed;
  };
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::hung);
  EXPECT_EQ(journal.find("first", "sm_90a")->stage(Stage::complete).message,
            "no answer within 30 s; the child was killed");
}

TEST_F(RunnerTest, ASilentChildIsFaulted) {
  children.on["first"] = [](const AttemptRequest&, const ChildRequest&) {
    ChildResult silent;
    silent.exit_code = 7;
    return silent;
  };
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::faulted);
}

TEST_F(RunnerTest, GarbageFromAChildIsNamed) {
  children.on["first"] = [](const AttemptRequest&, const ChildRequest& child) {
    child.on_line("{\"record\":{\"a\":1,\"a\":2}}");
    return ChildResult{};
  };
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::faulted);
  EXPECT_NE(journal.find("first", "sm_90a")->stage(Stage::assemble).message.find("duplicate key"), std::string::npos);
}

TEST_F(RunnerTest, AnAssemblerThatDiesLosesOnePairOnly) {
  children.assembler_dies_at = "first@sm_103a";
  run();
  EXPECT_EQ(journal.find("first", "sm_103a")->stage(Stage::assemble).name, "SIGSEGV");
  EXPECT_EQ(journal.find("first", "sm_110a")->stage(Stage::assemble).status, StageStatus::ok);
  EXPECT_EQ(journal.find("first", "sm_100f")->stage(Stage::assemble).status, StageStatus::ok);
}

TEST_F(RunnerTest, ALoaderThatDiesOfAForeignImageLosesOnePairOnly) {
  children.loader_dies_at = "first@sm_103a";
  run();
  EXPECT_EQ(journal.find("first", "sm_103a")->stage(Stage::load).name, "SIGSEGV");
  EXPECT_EQ(journal.find("first", "sm_103a")->stage(Stage::assemble).status, StageStatus::ok);
  EXPECT_EQ(journal.find("first", "sm_110a")->stage(Stage::load).code, 209);
}

TEST_F(RunnerTest, AnAnswerToAnotherAttemptIsNoAnswer) {
  const auto swapped = [this](const ChildRequest& child) -> Result<ChildResult> {
    ChildRequest changed = child;
    const bool texts = child.input.find("\"kind\":\"foreign\"") != std::string::npos;
    changed.on_line = [&](std::string_view text) {
      std::string said(text);
      const std::size_t at = said.find("\"target\":\"sm_121a\"");
      if (texts && at != std::string::npos) said.replace(at, 18, "\"target\":\"sm_77\"");
      child.on_line(said);
    };
    return children(changed);
  };
  RunOptions options = make_options();
  options.spawn = swapped;
  Silent silent;
  const Result<RunResult> result = run_gates(kTable, options, journal, silent);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(journal.find("first", "sm_77"), nullptr);
  ASSERT_NE(journal.find("first", "sm_121a"), nullptr);
  EXPECT_EQ(journal.find("first", "sm_121a")->stage(Stage::assemble).message,
            "the child answered another attempt than it was asked for");
  EXPECT_EQ(verdict(*result, "first"), Verdict::proven);
}

TEST_F(RunnerTest, ATextThatIsRefusedForThisDeviceHasItsAnswerWithoutADevice) {
  children.refuses = {"second@sm_90a"};
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "second"), Verdict::refused);
  EXPECT_EQ(result.outcomes[2].derived.evidence_class, evidence::EvidenceClass::driver_signal);
  EXPECT_EQ(result.outcomes[2].assembled, 7);
  EXPECT_EQ(result.outcomes[2].assemble_asked, 8);
  for (const AttemptRequest& request : children.requests)
    EXPECT_FALSE(request.kind == AttemptRequest::Kind::probe && request.work.front().gate == "second");
}

TEST_F(RunnerTest, AnEmulatedDriverIsHandedNoForeignImage) {
  children.on["device.query"] = [](const AttemptRequest& request, const ChildRequest& child) {
    Survey survey = h100();
    survey.driver.kind = cuda::LibraryKind::emulated;
    child.on_line(line({{"survey", to_json(survey)}}));
    Record record = start_record(kTable[0], request.work.front().target);
    record.driver_library = evidence::DriverLibrary::emulated;
    record.measurements.push_back({"name", "cuDeviceGetName", "", "NVIDIA H100", ""});
    child.on_line(line({{"record", evidence::to_json(record)}}));
    return ChildResult{};
  };
  run();
  for (const AttemptRequest& request : children.requests) EXPECT_NE(request.kind, AttemptRequest::Kind::foreign);
}

TEST_F(RunnerTest, ADriverThatDiesLeavesToolchainStagesAndAnError) {
  children.on["device.query"] = [](const AttemptRequest&, const ChildRequest& child) {
    child.on_line(line({{"at", "load"}, {"record", evidence::to_json(start_record(kTable[0], ""))}}));
    ChildResult died;
    died.signal = SIGSEGV;
    died.signal_name = "SIGSEGV";
    return died;
  };
  const RunResult result = run();
  EXPECT_FALSE(result.survey);
  ASSERT_TRUE(result.driver_error);
  EXPECT_EQ(result.driver_error->message, "the child died of SIGSEGV");
  EXPECT_EQ(verdict(result, "device.query"), Verdict::faulted);
  EXPECT_EQ(verdict(result, "first"), Verdict::not_run);
  EXPECT_EQ(journal.find("first", "sm_90a")->stage(Stage::assemble).status, StageStatus::ok);
}

TEST_F(RunnerTest, WithoutADriverTheHomeTargetSpeaksForTheGate) {
  use_driver = false;
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "device.query"), Verdict::not_run);
  EXPECT_EQ(verdict(result, "second"), Verdict::not_run);
  const GateOutcome& second = result.outcomes[2];
  EXPECT_EQ(second.record.target, "sm_100a");
  EXPECT_EQ(second.assembled, 8);
  EXPECT_EQ(second.assemble_asked, 8);
  EXPECT_EQ(children.requests.size(), 1u);
}

TEST_F(RunnerTest, QuestionsShareAChildAndItsDeathIsTheLastOnesAlone) {
  children.on["limits"] = [](const AttemptRequest& request, const ChildRequest& child) {
    EXPECT_EQ(request.work.size(), 2u);
    Record limits = start_record(kQuestions[1], "");
    limits.driver_library = evidence::DriverLibrary::system;
    limits.measurements.push_back({"a", "kernel", "", 1, ""});
    child.on_line(line({{"record", evidence::to_json(limits)}}));
    Record memory = start_record(kQuestions[2], "");
    memory.driver_library = evidence::DriverLibrary::system;
    child.on_line(line({{"at", "load"}, {"record", evidence::to_json(memory)}}));
    ChildResult died;
    died.signal = SIGSEGV;
    died.signal_name = "SIGSEGV";
    return died;
  };
  Silent silent;
  const Result<RunResult> result = run_gates(kQuestions, make_options(), journal, silent);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(verdict(*result, "limits"), Verdict::reported);
  EXPECT_EQ(verdict(*result, "memory"), Verdict::faulted);
  EXPECT_EQ(journal.find("memory", "")->stage(Stage::load).name, "SIGSEGV");
}

TEST_F(RunnerTest, AQuestionThatItsChildLeftOpenIsAskedAgain) {
  int asked = 0;
  const auto answer_one = [&asked](const AttemptRequest& request, const ChildRequest& child) {
    ++asked;
    Record record = start_record(*find_gate(kQuestions, request.work.front().gate), "");
    record.driver_library = evidence::DriverLibrary::system;
    record.measurements.push_back({"a", "kernel", "", 1, ""});
    child.on_line(line({{"record", evidence::to_json(record)}}));
    return ChildResult{};
  };
  children.on["limits"] = answer_one;
  children.on["memory"] = answer_one;
  Silent silent;
  const Result<RunResult> result = run_gates(kQuestions, make_options(), journal, silent);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(verdict(*result, "memory"), Verdict::reported);
}

TEST_F(RunnerTest, ASpentRunLimitIsNotRunAndNeverHung) {
  run_limit = std::chrono::milliseconds(0);
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::not_run);
  EXPECT_EQ(result.outcomes[1].derived.reason, "the run's limit of 0 s was reached");
}

TEST_F(RunnerTest, AnAttemptThatTheRunLimitCutsShortHasNotHung) {
  run_limit = std::chrono::milliseconds(50);
  children.on["first"] = [](const AttemptRequest&, const ChildRequest&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    ChildResult killed;
    killed.signal = SIGKILL;
    killed.timed_out = true;
    return killed;
  };
  const RunResult result = run();
  EXPECT_EQ(verdict(result, "first"), Verdict::not_run);
  const Record* record = journal.find("first", "sm_90a");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->stopped, evidence::Stopped::run_limit);
}

TEST_F(RunnerTest, ADeviceThatIsTakenEndsTheRun) {
  claim = [](const Survey& survey) { return Status(Error{survey.device.name + " is busy"}); };
  RunOptions options = make_options();
  Silent silent;
  const Result<RunResult> result = run_gates(kTable, options, journal, silent);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "NVIDIA H100 is busy");
  EXPECT_TRUE(journal.records.empty());
}

TEST_F(RunnerTest, ANamedGateBringsWhatItNeeds) {
  only = {"second"};
  const RunResult result = run();
  ASSERT_EQ(result.outcomes.size(), 4u);
  for (const GateOutcome& outcome : result.outcomes) EXPECT_EQ(outcome.selected(), outcome.gate != "later");
  EXPECT_EQ(verdict(result, "second"), Verdict::proven);
}

/// A bundle has a record of every gate of its set, so that one which is missing was taken out.
TEST_F(RunnerTest, AGateThatNobodyAskedForHasARecordThatSaysSo) {
  only = {"device.query"};
  const RunResult result = run();
  ASSERT_EQ(journal.records.size(), 4u);
  ASSERT_EQ(result.records.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(journal.records[i].gate, kTable[i].id);
    EXPECT_EQ(journal.records[i].stopped, evidence::Stopped::not_selected);
    EXPECT_EQ(result.outcomes[i].derived.verdict, Verdict::not_run);
    EXPECT_EQ(result.outcomes[i].derived.reason, "not selected: the run asked for other gates");
  }
}

TEST_F(RunnerTest, AnUnknownGateIsAnError) {
  const std::vector<std::string> wrong = {"secnd"};
  const auto selected = select_gates(kTable, wrong);
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().message, "no gate 'secnd'; 'assay gates' and 'assay kernels' list them");
}

TEST_F(RunnerTest, ArtifactsMoveUnderTheJournalsDigest) {
  children.on["first"] = [](const AttemptRequest& request, const ChildRequest& child) {
    Record record = start_record(kTable[1], request.work.front().target);
    const std::string name = hex(sha256("text"));
    EXPECT_TRUE(write_file(std::filesystem::path(request.scratch) / name, std::string_view("text")));
    record.artifacts["ptx"] = name;
    child.on_line(line({{"record", evidence::to_json(record)}}));
    return ChildResult{};
  };
  run();
  EXPECT_EQ(journal.find("first", "sm_90a")->artifacts.at("ptx"), "journal-" + hex(sha256("text")).substr(0, 8));
}

}  // namespace
}  // namespace assay::gate
