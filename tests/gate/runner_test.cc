// The runner against children that answer, crash, hang or fall silent.
#include "harness/gate/runner.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/evidence/consistency.h"

namespace assay::gate {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;

Probe no_probe(const Seed&) { return {}; }
void no_question(QuestionContext&) {}

constexpr Prerequisite kNeedsQuery[] = {{"device.query", Verdict::reported}};
constexpr Prerequisite kNeedsFirst[] = {{"first"}};
const Gate kTable[] = {
    {.id = "device.query",
     .question = "What?",
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
    {.id = "first",
     .question = "First?",
     .instruction = "one",
     .prerequisites = kNeedsQuery,
     .home = {90, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = no_probe},
    {.id = "second",
     .question = "Second?",
     .instruction = "two",
     .prerequisites = kNeedsFirst,
     .home = {100, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = no_probe},
    {.id = "later", .question = "Later?", .proves = "p", .does_not_prove = "n", .method = NotImplemented{}},
};

const Gate kQuestions[] = {
    {.id = "device.query",
     .question = "What?",
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
    {.id = "limits",
     .question = "Limits?",
     .prerequisites = kNeedsQuery,
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
    {.id = "memory",
     .question = "Memory?",
     .prerequisites = kNeedsQuery,
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
};

Result<std::vector<std::byte>> unchanged(std::span<const std::byte> image, const Native&) {
  return std::vector<std::byte>(image.begin(), image.end());
}
std::vector<ImageAttempt> three_images(const Seed&, Target) {
  ImageAttempt speaker, plain, daring;
  speaker.variant = "speaker";
  speaker.edit = unchanged;
  speaker.launched_by = PatchedLaunch::baseline;
  plain.variant = "plain";
  plain.source = {100, 'a'};
  daring.variant = "daring";
  daring.edit = unchanged;
  daring.launched_by = PatchedLaunch::all;
  return {speaker, plain, daring};
}

constexpr Prerequisite kNeedsCopy[] = {{"control.copy"}};
const Gate kImages[] = {
    {.id = "device.query",
     .question = "What?",
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
    {.id = "control.copy",
     .question = "Copy?",
     .instruction = "ld",
     .prerequisites = kNeedsQuery,
     .home = {90, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = no_probe},
    {.id = "images",
     .question = "Images?",
     .prerequisites = kNeedsCopy,
     .home = {100, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = three_images},
    {.id = "after",
     .question = "After?",
     .instruction = "x",
     .prerequisites = kNeedsQuery,
     .home = {90, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = no_probe},
};

class MemoryJournal : public Journal {
 public:
  Result<std::string> keep(std::span<const std::byte> bytes) override {
    ++kept;
    return "journal-" + hex(sha256(bytes)).substr(0, 8);
  }
  Result<evidence::Derived> append(const Record& record) override {
    const auto contradiction = evidence::contradiction(record);
    EXPECT_FALSE(contradiction) << record.id() << ": " << *contradiction;
    records.push_back(record);
    return *evidence::derive(record);
  }

  const Record* variant(std::string_view name) const {
    for (const Record& record : records)
      if (record.variant == name) return &record;
    return nullptr;
  }

  const Record* find(std::string_view gate, std::string_view target) const {
    for (const Record& record : records)
      if (record.gate == gate && record.target == target) return &record;
    return nullptr;
  }

  std::vector<Record> records;
  int kept = 0;
};

class Silent : public Observer {
 public:
  void begins(std::string_view, std::string_view) override {}
  void ended(const Record&, const evidence::Derived&) override {}
};

std::string line(const Json& json) { return *canonical_json(json); }

Survey h100() {
  Survey survey;
  survey.driver.kind = cuda::LibraryKind::system;
  survey.device.name = "NVIDIA H100";
  survey.device.uuid = "GPU-secret";
  survey.device.pci_bus_id = "0000:01:00.0";
  survey.device.major = 9;
  return survey;
}

/// Plays every child. A test changes what one gate's child does.
class Children {
 public:
  Result<ChildResult> operator()(const ChildRequest& child) {
    const auto request = attempt_request_from_json(*parse_json(child.input, "request"));
    requests.push_back(*request);
    const bool texts =
        request->kind == AttemptRequest::Kind::assemble || request->kind == AttemptRequest::Kind::foreign;
    if (texts) return assemble(*request, child);
    if (request->kind == AttemptRequest::Kind::images) return images(*request, child);
    const std::string gate = request->work.front().gate;
    if (on.contains(gate)) return on.at(gate)(*request, child);
    return answer(*request, child);
  }

  ChildResult answer(const AttemptRequest& request, const ChildRequest& child) const {
    const std::string gate = request.work.front().gate, target = request.work.front().target;
    Record record = start_record(*find_gate(table, gate), target);
    record.attempt = request.work.front().attempt;
    record.driver_library = evidence::DriverLibrary::system;
    record.prerequisites = request.prerequisites;
    if (request.kind == AttemptRequest::Kind::survey) {
      child.on_line(line({{"survey", to_json(h100())}}));
      record.measurements.push_back({"name", "cuDeviceGetName", "", "NVIDIA H100", ""});
    } else if (!request.unmet.empty()) {
      record.stopped = evidence::Stopped::prerequisite;
      record.stopped_why = request.unmet;
    } else {
      make_right(record);
    }
    child.on_line(line({{"record", evidence::to_json(record)}}));
    return {};
  }

  static void make_right(Record& record) {
    record.image = evidence::ImageKind::native;
    record.witness = {.opcodes = {1}, .lowering = "instruction", .disassembler = "not present", .externs = {}};
    for (evidence::StageResult& stage : record.stages) stage.status = StageStatus::ok;
    const std::string digest(64, 'a');
    record.cases.push_back({"one", digest, digest, digest, 4, 0, ""});
    using evidence::ControlStatus;
    record.controls = {ControlStatus::ok, ControlStatus::ok, ControlStatus::ok, ControlStatus::ok, ControlStatus::ok};
  }

  Result<ChildResult> assemble(const AttemptRequest& request, const ChildRequest& child) {
    child.on_line(line({{"tool", {{"name", "nvJitLink"}, {"version", "13.0"}}}}));
    for (const AttemptWork& work : request.work) {
      const std::string &gate = work.gate, &target = work.target;
      Record record = start_record(*find_gate(table, gate), target);
      if (gate + "@" + target == assembler_dies_at) {
        assembler_dies_at.clear();
        return die(record, "assemble", child);
      }
      const bool refused = refuses.contains(gate + "@" + target);
      record.stage(Stage::assemble).status = refused ? StageStatus::refused : StageStatus::ok;
      if (gate + "@" + target == loader_dies_at) {
        loader_dies_at.clear();
        record.driver_library = evidence::DriverLibrary::system;
        record.image = evidence::ImageKind::native;  // announced before the loader is called
        return die(record, "load", child);
      }
      if (request.kind == AttemptRequest::Kind::foreign && target != "sm_90a" && !refused) refuse_image(record);
      child.on_line(line({{"record", evidence::to_json(record)}}));
    }
    return ChildResult{};
  }

  static ChildResult die(const Record& record, std::string_view at, const ChildRequest& child) {
    child.on_line(line({{"at", at}, {"record", evidence::to_json(record)}}));
    ChildResult died;
    died.signal = SIGSEGV;
    died.signal_name = "SIGSEGV";
    return died;
  }

  /// Loads what it is given, launches what it may; a test says at which variant it dies.
  ChildResult images(const AttemptRequest& request, const ChildRequest& child) {
    for (const AttemptWork& work : request.work) {
      Record record = start_record(*find_gate(table, work.gate), work.target, work.variant);
      record.driver_library = evidence::DriverLibrary::system;
      record.prerequisites = request.prerequisites;
      record.stage(Stage::assemble).status = StageStatus::ok;
      record.image = work.variant == "plain" ? evidence::ImageKind::native : evidence::ImageKind::patched;
      if (work.variant != "plain") record.edit = {.source = "sm_100a", .bytes = {{.offset = 49, .was = 100, .is = 90}}};
      if (work.variant == loader_dies_at) {
        loader_dies_at.clear();
        return die(record, "load", child);
      }
      const std::vector<ImageAttempt> rows = three_images({}, {});
      const auto row = std::ranges::find(rows, work.variant, &ImageAttempt::variant);
      const bool launches = request.unmet.empty() && may_launch(*row, request.allowed);
      if (launches) {
        make_right(record);
        record.image = evidence::ImageKind::patched;
        launched.push_back(work.variant);
        if (work.variant == answers_wrong) {
          record.cases.front().mismatches = 1;
          record.end_at(Stage::verify, {.status = StageStatus::failed, .message = "wrong"});
        }
      } else {
        record.stage(Stage::load).status = record.stage(Stage::resolve).status = StageStatus::ok;
        record.stopped = evidence::Stopped::load_only;
      }
      child.on_line(line({{"record", evidence::to_json(record)}}));
    }
    return {};
  }

  static void refuse_image(Record& record) {
    record.driver_library = evidence::DriverLibrary::system;
    record.image = evidence::ImageKind::native;
    record.stage(Stage::load) = {
        .status = StageStatus::refused, .code = 209, .name = "CUDA_ERROR_NO_BINARY_FOR_GPU", .message = "no"};
  }

  std::map<std::string, std::function<ChildResult(const AttemptRequest&, const ChildRequest&)>> on;
  std::string assembler_dies_at, loader_dies_at;  ///< "first@sm_103a"
  std::set<std::string> refuses;                  ///< Texts that the assembler refuses.
  std::vector<AttemptRequest> requests;
  std::string answers_wrong;             ///< The variant that runs and gives a wrong answer.
  std::vector<std::string> launched;     ///< Variants, in order.
  std::span<const Gate> table = kTable;  ///< Whose rows the children know.
};

class RunnerTest : public testing::Test {
 protected:
  RunOptions make_options() {
    RunOptions options;
    options.executable = "/not/started";
    options.nonce = std::string(64, '0');
    options.use_driver = use_driver;
    options.why_no_driver = "no sign of an NVIDIA driver";
    options.only = only;
    options.spawn = [this](const ChildRequest& child) { return children(child); };
    options.run_limit = run_limit;
    options.claim = claim;
    options.patched_launch = patched_launch;
    return options;
  }

  RunResult run() {
    const RunOptions options = make_options();
    Silent silent;
    Result<RunResult> result = run_gates(children.table, options, journal, silent);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? *std::move(result) : RunResult{};
  }

  static Verdict verdict(const RunResult& result, std::string_view gate) {
    for (const GateOutcome& outcome : result.outcomes)
      if (outcome.gate == gate) return outcome.derived.verdict;
    ADD_FAILURE() << "no outcome for " << gate;
    return Verdict::not_run;
  }

  Children children;
  MemoryJournal journal;
  bool use_driver = true;
  std::chrono::milliseconds run_limit{60'000};
  std::function<Status(const Survey&)> claim;
  std::vector<std::string> only;
  PatchedLaunch patched_launch = PatchedLaunch::none;
};

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
  EXPECT_EQ(result.outcomes.size(), 3u);
}

TEST_F(RunnerTest, AnUnknownGateIsAnError) {
  const std::vector<std::string> wrong = {"secnd"};
  const auto selected = select_gates(kTable, wrong);
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().message, "no gate 'secnd'; 'assay gates' lists them");
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
