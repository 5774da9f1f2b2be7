// A run whose children are played: the rows of a small table, a journal in memory, and children that answer, crash,
// hang or fall silent as a test says.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "harness/evidence/consistency.h"
#include "harness/gate/runner.h"

namespace assay::gate {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;

inline Probe no_probe(const Seed&) { return {}; }
inline void no_question(QuestionContext&) {}

inline constexpr Prerequisite kNeedsQuery[] = {{"device.query", Verdict::reported}};
inline constexpr Prerequisite kNeedsFirst[] = {{"first"}};
inline const Gate kTable[] = {
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

inline const Gate kQuestions[] = {
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

inline Result<std::vector<std::byte>> unchanged(std::span<const std::byte> image, const Native&) {
  return std::vector<std::byte>(image.begin(), image.end());
}
inline std::vector<ImageAttempt> three_images(const Seed&, Target) {
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

inline constexpr Prerequisite kNeedsCopy[] = {{"control.copy"}};
inline const Gate kImages[] = {
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

inline std::string line(const Json& json) { return *canonical_json(json); }

inline Survey h100() {
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

}  // namespace assay::gate
