#include "harness/evidence/derive.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

using enum EvidenceClass;

/// One row of the truth table: a record, and all that the rules say of it.
struct Row {
  const char* what;
  Record record;
  EvidenceClass evidence_class;
  Level level;
  Verdict verdict;
  const char* furthest;
  const char* reason;
};

Record with(Record record, const std::function<void(Record&)>& change) {
  change(record);
  return record;
}

Record stopped(Stopped why, Record record = ended_at(Stage::load, StageStatus::not_reached)) {
  record.stopped = why;
  record.process.reset();
  return record;
}

std::vector<Row> truth_table() {
  const auto lib = [](DriverLibrary library) { return [library](Record& r) { r.driver_library = library; }; };
  const auto image = [](ImageKind kind) { return [kind](Record& r) { r.image = kind; }; };
  const Record refused_assembly = with(ended_at(Stage::assemble, StageStatus::refused), [](Record& r) {
    r.stages[0].name = "";
    r.stages[0].message = "Instruction 'tcgen05.alloc' not supported on .target 'sm_90a'";
  });
  return {
      {"all right on a real driver", good_record(), real_execution, Level::e5, Verdict::proven, "verify",
       "1 case, 4096 words equal to the oracle, 5 controls ok"},
      {"three cases",
       with(good_record(),
            [](Record& r) {
              r.cases = {good_case("a", 2), good_case("b", 1), good_case("c", 4)};
            }),
       real_execution, Level::e5, Verdict::proven, "verify", "3 cases, 7 words equal to the oracle, 5 controls ok"},
      {"no child was needed", with(good_record(), [](Record& r) { r.process.reset(); }), real_execution, Level::e5,
       Verdict::proven, "verify", "1 case, 4096 words equal to the oracle, 5 controls ok"},
      {"all right when emulated", with(good_record(), lib(DriverLibrary::emulated)), emulated, Level::none,
       Verdict::agrees, "verify", "1 case, 4096 words equal to the oracle, 5 controls ok"},
      {"all right in some other library", with(good_record(), lib(DriverLibrary::unknown)), emulated, Level::none,
       Verdict::agrees, "verify", "1 case, 4096 words equal to the oracle, 5 controls ok"},
      {"all right, patched, emulated", with(patched_record(), lib(DriverLibrary::emulated)), emulated, Level::none,
       Verdict::unresolved, "verify",
       "right answer after an image edit of 1 byte; its code equals the native build's, a null test: the loader took "
       "the "
       "edit"},
      {"all right, patched, the native build's code", patched_record(), patched_cubin, Level::p3, Verdict::unresolved,
       "verify",
       "right answer after an image edit of 1 byte; its code equals the native build's, a null test: the loader took "
       "the "
       "edit"},
      {"all right, patched, other code",
       with(patched_record(),
            [](Record& r) {
              r.edit->code = Likeness::different;
              r.edit->bytes.push_back({.offset = 50, .was = 0, .is = 1});
            }),
       patched_cubin, Level::p3, Verdict::unresolved, "verify",
       "right answer after an image edit of 2 bytes; its code differs from the native build's; an edited image shows "
       "no "
       "capability"},
      {"all right, patched, another Mercury copy",
       with(patched_record(), [](Record& r) { r.edit->mercury = Likeness::different; }), patched_cubin, Level::p3,
       Verdict::unresolved, "verify",
       "right answer after an image edit of 1 byte; its .text equals the native build's, its Mercury copy does not; an "
       "edited image shows no capability"},
      {"load only, but nothing was loaded",
       with(ended_at(Stage::load, StageStatus::not_reached, patched_record()),
            [](Record& r) {
              r.stopped = Stopped::load_only;
              r.stopped_why = "launching was not asked for";
            }),
       patched_cubin, Level::none, Verdict::unresolved, "assemble", "load was not reached"},
      {"all right, patched, not compared",
       with(patched_record(), [](Record& r) { r.edit->code = Likeness::not_compared; }), patched_cubin, Level::p3,
       Verdict::unresolved, "verify",
       "right answer after an image edit of 1 byte; an edited image shows no capability"},
      {"patched, home target and witness not asked for",
       with(patched_record(),
            [](Record& r) {
              r.controls.home_target = ControlStatus::not_run;
              r.controls.witness = ControlStatus::not_run;
              r.edit->code = Likeness::not_compared;
            }),
       patched_cubin, Level::p3, Verdict::unresolved, "verify",
       "right answer after an image edit of 1 byte; an edited image shows no capability"},
      {"patched, a control failed",
       with(patched_record(), [](Record& r) { r.controls.canary = ControlStatus::failed; }), patched_cubin, Level::p3,
       Verdict::unresolved, "verify", "control canary is failed"},
      {"patched, load only",
       with(ended_at(Stage::launch, StageStatus::not_reached, patched_record()),
            [](Record& r) {
              r.stopped = Stopped::load_only;
              r.stopped_why = "launching was not asked for";
            }),
       patched_cubin, Level::p1, Verdict::unresolved, "resolve", "loads; not launched: launching was not asked for"},
      {"patched, ran", with(ended_at(Stage::verify, StageStatus::failed), image(ImageKind::patched)), patched_cubin,
       Level::p2, Verdict::mismatch, "complete", "verify failed (CODE): message"},
      {"patched, loaded", with(ended_at(Stage::launch, StageStatus::failed), image(ImageKind::patched)), patched_cubin,
       Level::p1, Verdict::faulted, "resolve", "launch failed (CODE): message"},
      {"patched, refused", with(ended_at(Stage::load, StageStatus::refused), image(ImageKind::patched)), patched_cubin,
       Level::none, Verdict::refused, "assemble", "driver refused the image (CODE): message"},
      {"patched, compared nothing",
       with(good_record(),
            [](Record& r) {
              r.image = ImageKind::patched;
              r.edit = an_edit();
              r.cases.clear();
            }),
       patched_cubin, Level::p2, Verdict::unresolved, "verify", "nothing was compared in a case"},
      {"all right, supplied",
       with(good_record(),
            [](Record& r) {
              r.image = ImageKind::supplied;
              r.stages[0] = {};
            }),
       driver_signal, Level::e1, Verdict::unresolved, "verify",
       "right answer from a supplied image; it speaks of that file alone"},
      {"supplied, refused",
       with(ended_at(Stage::load, StageStatus::refused),
            [](Record& r) {
              r.image = ImageKind::supplied;
              r.stages[0] = {};
            }),
       driver_signal, Level::e1, Verdict::refused, "none", "driver refused the image (CODE): message"},
      {"all right without an image", with(good_record(), image(ImageKind::none)), driver_signal, Level::e2,
       Verdict::unresolved, "verify", "right answer, but no image is on record"},
      {"all right without a library", with(good_record(), lib(DriverLibrary::none)), driver_signal, Level::e2,
       Verdict::unresolved, "verify", "right answer from no known driver library"},
      {"assembler refuses", refused_assembly, driver_signal, Level::none, Verdict::refused, "none",
       "assembler refused: Instruction 'tcgen05.alloc' not supported on .target 'sm_90a'"},
      {"assembler crashes", ended_at(Stage::assemble, StageStatus::failed), driver_signal, Level::none,
       Verdict::faulted, "none", "assemble failed (CODE): message"},
      {"driver refuses the image", ended_at(Stage::load, StageStatus::refused), driver_signal, Level::e2,
       Verdict::refused, "assemble", "driver refused the image (CODE): message"},
      {"driver crashes", ended_at(Stage::load, StageStatus::failed), driver_signal, Level::e2, Verdict::faulted,
       "assemble", "load failed (CODE): message"},
      {"driver refuses the kernel", ended_at(Stage::resolve, StageStatus::refused), driver_signal, Level::e3,
       Verdict::refused, "load", "driver refused the kernel (CODE): message"},
      {"resolve fails", ended_at(Stage::resolve, StageStatus::failed), driver_signal, Level::e3, Verdict::faulted,
       "load", "resolve failed (CODE): message"},
      {"launch refused", ended_at(Stage::launch, StageStatus::refused), driver_signal, Level::e3, Verdict::faulted,
       "resolve", "driver refused the launch (CODE): message"},
      {"launch fails", ended_at(Stage::launch, StageStatus::failed), driver_signal, Level::e3, Verdict::faulted,
       "resolve", "launch failed (CODE): message"},
      {"fault while running", ended_at(Stage::complete, StageStatus::failed), real_execution, Level::e3,
       Verdict::faulted, "launch", "complete failed (CODE): message"},
      {"refused while running", ended_at(Stage::complete, StageStatus::refused), real_execution, Level::e3,
       Verdict::faulted, "launch", "driver refused to finish (CODE): message"},
      {"wrong answer",
       with(ended_at(Stage::verify, StageStatus::failed),
            [](Record& r) {
              r.cases = {good_case("a", 32), good_case("b", 32)};
              r.cases[1].mismatches = 3;
              r.cases[1].first_mismatch = "d[17]: expected 0x1, observed 0x0";
            }),
       real_execution, Level::e4, Verdict::mismatch, "complete",
       "3 of 64 words differ from the oracle; first in b: d[17]: expected 0x1, observed 0x0"},
      {"wrong answer told as right", with(good_record(), [](Record& r) { r.cases[0].mismatches = 1; }), real_execution,
       Level::e4, Verdict::mismatch, "verify", "1 of 4096 words differ from the oracle; first in mask 3: "},
      {"nothing compared", with(good_record(), [](Record& r) { r.cases[0].compared = 0; }), real_execution, Level::e4,
       Verdict::unresolved, "verify", "nothing was compared in a case"},
      {"one case compared nothing", with(good_record(), [](Record& r) { r.cases.push_back(good_case("b", 0)); }),
       real_execution, Level::e4, Verdict::unresolved, "verify", "nothing was compared in a case"},
      {"no cases", with(good_record(), [](Record& r) { r.cases.clear(); }), real_execution, Level::e4,
       Verdict::unresolved, "verify", "nothing was compared in a case"},
      {"a control failed",
       with(good_record(),
            [](Record& r) {
              r.controls.witness = ControlStatus::failed;
              r.control_note = "opcode 0x3b4 is not in the image";
            }),
       real_execution, Level::e4, Verdict::unresolved, "verify",
       "control witness is failed: opcode 0x3b4 is not in the image"},
      {"a control was not run", with(good_record(), [](Record& r) { r.controls.canary = ControlStatus::not_run; }),
       real_execution, Level::e4, Verdict::unresolved, "verify", "control canary is not-run"},
      {"second attempt", with(good_record(), [](Record& r) { r.attempt = 2; }), real_execution, Level::e4,
       Verdict::unresolved, "verify", "right answer on attempt 2; only a first attempt counts"},
      {"hung",
       with(ended_at(Stage::complete, StageStatus::not_reached), [](Record& r) { r.process->timed_out = true; }),
       real_execution, Level::e3, Verdict::hung, "launch", "no answer within the limit during complete"},
      {"child killed", with(ended_at(Stage::load, StageStatus::not_reached), [](Record& r) { r.process->signal = 11; }),
       driver_signal, Level::e2, Verdict::faulted, "assemble", "child process ended by signal 11 during load"},
      {"child exits",
       with(ended_at(Stage::load, StageStatus::not_reached), [](Record& r) { r.process->exit_code = 3; }),
       driver_signal, Level::e2, Verdict::faulted, "assemble", "child process exited with 3 during load"},
      {"child dies after a right answer", with(good_record(), [](Record& r) { r.process->signal = 6; }), real_execution,
       Level::e4, Verdict::faulted, "verify", "child process ended by signal 6"},
      {"not implemented", stopped(Stopped::not_implemented, Record{.gate = "tma.load", .target = "sm_90a"}),
       driver_signal, Level::none, Verdict::not_run, "none", "not implemented"},
      {"not selected", stopped(Stopped::not_selected, Record{.gate = "tma.load"}), driver_signal, Level::none,
       Verdict::not_run, "none", "not selected: the run asked for other gates"},
      {"not applicable", stopped(Stopped::not_applicable, Record{.gate = "tma.load", .target = "sm_90a"}),
       driver_signal, Level::none, Verdict::not_applicable, "none", "does not apply here"},
      {"no device", with(stopped(Stopped::no_device), lib(DriverLibrary::none)), driver_signal, Level::e2,
       Verdict::not_run, "assemble", "no device was opened"},
      {"unmet prerequisite",
       with(stopped(Stopped::prerequisite),
            [](Record& r) {
              r.prerequisites = {{"device.query", Verdict::reported, Verdict::reported},
                                 {"control.copy", Verdict::proven, Verdict::refused}};
            }),
       driver_signal, Level::e2, Verdict::not_run, "assemble", "prerequisite control.copy is refused, proven needed"},
      {"unmet prerequisite, and refused", with(refused_assembly, [](Record& r) { r.stopped = Stopped::prerequisite; }),
       driver_signal, Level::none, Verdict::refused, "none",
       "assembler refused: Instruction 'tcgen05.alloc' not supported on .target 'sm_90a'"},
      {"foreign target", stopped(Stopped::foreign_target), driver_signal, Level::e2, Verdict::unresolved, "assemble",
       "not launched: sm_90a is not the target of this device"},
      {"stopped, yet all ok", with(good_record(), [](Record& r) { r.stopped = Stopped::no_device; }), real_execution,
       Level::e4, Verdict::not_run, "verify", "no device was opened"},
      {"left off without saying why", ended_at(Stage::launch, StageStatus::not_reached), driver_signal, Level::e3,
       Verdict::unresolved, "resolve", "launch was not reached"},
      {"nothing happened", Record{.gate = "tma.load", .target = "sm_90a"}, driver_signal, Level::none, Verdict::not_run,
       "none", "nothing was attempted"},
      {"question answered", good_question(), driver_signal, Level::e1, Verdict::reported, "none",
       "1 of 2 values answered"},
      {"question answered when emulated", with(good_question(), lib(DriverLibrary::emulated)), emulated, Level::none,
       Verdict::reported, "none", "1 of 2 values answered"},
      {"question with a right launch",
       with(good_question(),
            [](Record& r) {
              r.image = ImageKind::native;
              for (StageResult& stage : r.stages) stage.status = StageStatus::ok;
              r.cases = {good_case()};
            }),
       real_execution, Level::e4, Verdict::reported, "verify", "1 of 2 values answered"},
      {"question with a wrong launch",
       with(good_question(),
            [](Record& r) {
              r.cases = {good_case("fill", 8)};
              r.cases[0].mismatches = 8;
              r.cases[0].first_mismatch = "p[0]: x";
            }),
       driver_signal, Level::e1, Verdict::mismatch, "none",
       "8 of 8 words differ from the oracle; first in fill: p[0]: x"},
      {"question that compared nothing", with(good_question(), [](Record& r) { r.cases = {good_case("fill", 0)}; }),
       driver_signal, Level::e1, Verdict::unresolved, "none", "nothing was compared in a case"},
      {"question whose launch failed",
       with(good_question(),
            [](Record& r) {
              r.stage(Stage::launch) = {.status = StageStatus::failed, .name = "CUDA_ERROR_LAUNCH_FAILED"};
            }),
       driver_signal, Level::e1, Verdict::faulted, "none", "launch failed (CUDA_ERROR_LAUNCH_FAILED)"},
      {"question whose check failed",
       with(good_question(),
            [](Record& r) { r.stage(Stage::verify) = {.status = StageStatus::failed, .message = "sums differ"}; }),
       driver_signal, Level::e1, Verdict::mismatch, "none", "verify failed: sums differ"},
      {"question partly refused", with(good_question(), [](Record& r) { r.stages[0].status = StageStatus::refused; }),
       driver_signal, Level::e1, Verdict::reported, "none", "1 of 2 values answered"},
      {"question refused",
       with(good_question(),
            [](Record& r) {
              r.measurements.clear();
              r.stages[0] = {.status = StageStatus::refused, .message = "no assembler"};
            }),
       driver_signal, Level::none, Verdict::refused, "none", "assembler refused: no assembler"},
      {"question unanswered", with(good_question(), [](Record& r) { r.measurements.erase(r.measurements.begin()); }),
       driver_signal, Level::none, Verdict::unresolved, "none", "0 of 1 values answered"},
      {"question that hung", with(good_question(), [](Record& r) { r.process = ProcessResult{.timed_out = true}; }),
       driver_signal, Level::e1, Verdict::hung, "none", "no answer within the limit"},
      {"question without a driver",
       with(good_question(),
            [](Record& r) {
              r.measurements.clear();
              r.driver_library = DriverLibrary::none;
            }),
       driver_signal, Level::none, Verdict::not_run, "none", "nothing was asked"},
      {"question without a device",
       with(good_question(),
            [](Record& r) {
              r.measurements.clear();
              r.stopped = Stopped::no_device;
              r.stopped_why = "cuInit: CUDA_ERROR_NO_DEVICE";
            }),
       driver_signal, Level::none, Verdict::not_run, "none", "cuInit: CUDA_ERROR_NO_DEVICE"},
  };
}

TEST(DeriveTest, FollowsTheTruthTableRowByRow) {
  for (const Row& row : truth_table()) {
    SCOPED_TRACE(row.what);
    const auto derived = derive(row.record);
    ASSERT_TRUE(derived);
    EXPECT_EQ(word(derived->evidence_class), word(row.evidence_class));
    EXPECT_EQ(word(derived->level), word(row.level));
    EXPECT_EQ(word(derived->verdict), word(row.verdict));
    EXPECT_EQ(derived->furthest ? word(*derived->furthest) : "none", row.furthest);
    EXPECT_EQ(derived->reason, row.reason);
  }
}

TEST(DeriveTest, TruthTableHasEveryVerdictClassAndLevel) {
  std::set<Verdict> verdicts;
  std::set<EvidenceClass> classes;
  std::set<Level> levels;
  for (const Row& row : truth_table()) {
    verdicts.insert(row.verdict);
    classes.insert(row.evidence_class);
    levels.insert(row.level);
  }
  EXPECT_EQ(verdicts.size(), 10u);
  EXPECT_EQ(classes.size(), 4u);
  EXPECT_EQ(levels.size(), 9u);
}

/// Calls `visit` with every combination of library, image, first bad stage, its status, one bad control, attempt, and
/// cases.
void sweep(const std::function<void(const Record&, bool all_good)>& visit) {
  for (int library = 0; library < 4; ++library)
    for (int image = 0; image < 4; ++image)
      for (std::size_t stage = 0; stage <= kStageCount; ++stage)
        for (int status = 1; status < 4; ++status)
          for (std::size_t control = 0; control <= kControls.size(); ++control)
            for (int why = 0; why < 6; ++why)
              for (int flaw = 0; flaw < 7; ++flaw) {
                Record record = stage < kStageCount
                                    ? ended_at(static_cast<Stage>(stage), static_cast<StageStatus>(status))
                                    : good_record();
                record.driver_library = static_cast<DriverLibrary>(library);
                record.image = static_cast<ImageKind>(image);
                record.stopped = static_cast<Stopped>(why);
                if (control < kControls.size()) {
                  record.controls.*kControls[control].status =
                      status == 1 ? ControlStatus::failed : ControlStatus::not_run;
                }
                if (flaw == 1) record.attempt = 2;
                if (flaw == 2) record.cases.clear();
                if (flaw == 3 && !record.cases.empty()) record.cases[0].compared = 0;
                if (flaw == 4 && !record.cases.empty()) record.cases[0].mismatches = 1;
                if (flaw == 5) record.process->timed_out = true;
                if (flaw == 6) record.process->signal = 9;
                visit(record, stage == kStageCount && control == kControls.size() && why == 0 && flaw == 0);
              }
}

TEST(DeriveTest, ProvesOnlyARealNativeExecutionWithNothingWrong) {
  std::size_t seen = 0, proven = 0, agreed = 0;
  sweep([&](const Record& record, bool all_good) {
    const Derived derived = *derive(record);
    const bool native = record.image == ImageKind::native;
    const bool system = record.driver_library == DriverLibrary::system;
    const bool emulation =
        record.driver_library == DriverLibrary::emulated || record.driver_library == DriverLibrary::unknown;
    ++seen, proven += derived.verdict == Verdict::proven, agreed += derived.verdict == Verdict::agrees;
    ASSERT_EQ(derived.verdict == Verdict::proven, all_good && native && system) << derived.reason;
    ASSERT_EQ(derived.verdict == Verdict::agrees, all_good && native && emulation) << derived.reason;
    ASSERT_EQ(derived.level == Level::e5, derived.verdict == Verdict::proven);
    ASSERT_EQ(derived.evidence_class == emulated, emulation);
    if (emulation) {
      ASSERT_EQ(derived.level, Level::none);
    }
    if (derived.evidence_class == patched_cubin) {
      ASSERT_TRUE(derived.level == Level::none || derived.level >= Level::p1);
    }
    if (derived.evidence_class != patched_cubin) {
      ASSERT_LT(derived.level, Level::p1);
    }
    if (derived.evidence_class == driver_signal) {
      ASSERT_LE(derived.level, Level::e3);
    }
    if (derived.evidence_class == real_execution) {
      ASSERT_TRUE(system && native);
    }
    ASSERT_NE(derived.verdict, Verdict::reported);
    ASSERT_FALSE(derived.reason.empty());
    ASSERT_EQ(derived.reason.find('\n'), std::string::npos);
  });
  EXPECT_EQ(seen, 4u * 4 * 7 * 3 * 6 * 6 * 7);
  EXPECT_GT(proven, 0u);
  EXPECT_GT(agreed, 0u);
}

TEST(DeriveTest, NeverSaysThatADeviceLacksSomething) {
  for (const Row& row : truth_table()) {
    const std::string reason = derive(row.record)->reason;
    for (const char* wording : {"lack", "absent", "does not have", "cannot", " fused", "no hardware"}) {
      EXPECT_EQ(reason.find(wording), std::string::npos) << reason;
    }
  }
}

TEST(DeriveTest, KnowsItsOwnRulesOnly) {
  EXPECT_TRUE(derive(good_record(), "rules/1"));
  EXPECT_TRUE(derive(good_record(), "rules/2"));
  EXPECT_TRUE(derive(good_record(), "rules/3"));
  EXPECT_FALSE(derive(good_record(), "rules/4"));
  EXPECT_FALSE(derive(good_record(), ""));
}

TEST(DeriveTest, TheFirstRulesSayLittleOfEdits) {
  EXPECT_EQ(derive(patched_record(), "rules/1")->reason,
            "right answer from a patched image, which shows no capability");
  for (const Row& row : truth_table())
    if (row.record.image != ImageKind::patched) {
      EXPECT_EQ(derive(row.record, "rules/1"), derive(row.record, "rules/2")) << row.what;
    }
}

TEST(DeriveTest, OnlyTheThirdRulesKnowOfSelection) {
  Record record;
  record.gate = "tma.load";
  record.stopped = Stopped::not_selected;
  EXPECT_EQ(derive(record, "rules/3")->reason, "not selected: the run asked for other gates");
  EXPECT_EQ(derive(record, "rules/2")->reason, "nothing was asked");
  for (const Row& row : truth_table())
    if (row.record.stopped != Stopped::not_selected) {
      EXPECT_EQ(derive(row.record, "rules/2"), derive(row.record, "rules/3")) << row.what;
    }
}

TEST(DeriveTest, AgreementMeetsProofOnlyWhenEmulated) {
  EXPECT_TRUE(meets(Verdict::proven, Verdict::proven, DriverLibrary::system));
  EXPECT_TRUE(meets(Verdict::agrees, Verdict::proven, DriverLibrary::emulated));
  EXPECT_TRUE(meets(Verdict::reported, Verdict::reported, DriverLibrary::emulated));
  EXPECT_FALSE(meets(Verdict::agrees, Verdict::proven, DriverLibrary::system));
  EXPECT_FALSE(meets(Verdict::agrees, Verdict::proven, DriverLibrary::none));
  EXPECT_FALSE(meets(Verdict::reported, Verdict::proven, DriverLibrary::emulated));
  EXPECT_FALSE(meets(Verdict::proven, Verdict::reported, DriverLibrary::system));
}

}  // namespace
}  // namespace assay::evidence
