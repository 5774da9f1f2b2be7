#include "reports/requirements.h"

#include <gmock/gmock.h>

#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

class RequirementsTest : public testing::Test {
 protected:
  static const std::vector<Profile>& profiles() {
    static const std::vector<Profile> all = *builtin_profiles();
    return all;
  }

  /// The row of one line of a policy, on a bundle.
  static CheckRow judged(const std::string& line, const evidence::VerifyReport& bundle, bool recomputed = true) {
    const auto policy =
        parse_policy(R"({"schema":"policy/1","name":"n","requirements":[)" + line + "]}", "p.json", profiles());
    EXPECT_TRUE(policy) << policy.error().message;
    const Judgement claims{.supported = {},
                           .refused = {{.id = "executes.tma.load", .missing = "gate tma.load is refused"}}};
    const CheckEvidence evidence{bundle, claims, profiles(), [=](const Record&) { return recomputed; }};
    return judge(policy->requirements.front(), evidence);
  }
  static CheckRow judged(const std::string& line, const Record& record) {
    return judged(line, report_of({h100_query(), record}));
  }
};

constexpr const char* kLoad = R"({"gate":"tma.load"})";

TEST_F(RequirementsTest, AProvenGateIsMet) {
  const CheckRow row = judged(kLoad, evidence::good_record());
  EXPECT_EQ(row.outcome, CheckOutcome::met);
  EXPECT_EQ(row.id, "gate tma.load");
  EXPECT_EQ(row.family, "tma");
  EXPECT_EQ(row.name, "tma.load@sm_90a");
  EXPECT_EQ(row.found, "proven");
  EXPECT_EQ(row.level, "E5");
  EXPECT_EQ(row.evidence_class, "real-execution");
  EXPECT_EQ(row.why, "1 case, 4096 words equal to the oracle, 5 controls ok");
}

TEST_F(RequirementsTest, AKernelMustDoEveryProblemThatAppliesToTheDevice) {
  const auto problem = [](std::string variant) {
    Record record = evidence::good_record("kernel.nvfp4_gemm");
    record.variant = std::move(variant);
    return record;
  };
  constexpr const char* kKernel = R"({"kernel":"kernel.nvfp4_gemm"})";
  Record unfit = problem("m9");
  unfit.stopped = evidence::Stopped::not_applicable;
  EXPECT_EQ(judged(kKernel, report_of({h100_query(), problem("m1"), unfit})).outcome, CheckOutcome::met);
  Record doubtful = problem("m2");
  doubtful.controls.canary = evidence::ControlStatus::not_run;
  const CheckRow row = judged(kKernel, report_of({h100_query(), problem("m1"), doubtful}));
  EXPECT_EQ(row.outcome, CheckOutcome::unproven);
  Record wrong = problem("m3");
  wrong = evidence::ended_at(Stage::verify, StageStatus::failed, wrong);
  EXPECT_EQ(judged(kKernel, report_of({h100_query(), problem("m1"), wrong})).outcome, CheckOutcome::failed);
  EXPECT_EQ(judged(kKernel, report_of({h100_query(), unfit})).outcome, CheckOutcome::unproven);
}

TEST_F(RequirementsTest, WhatSpeaksAgainstAGateFailsIt) {
  Record mismatch = evidence::ended_at(Stage::verify, StageStatus::failed);
  EXPECT_EQ(judged(kLoad, mismatch).outcome, CheckOutcome::failed);
  EXPECT_EQ(judged(kLoad, mismatch).found, "mismatch");
  EXPECT_EQ(judged(kLoad, evidence::ended_at(Stage::complete, StageStatus::failed)).outcome, CheckOutcome::failed);
  Record hung = evidence::ended_at(Stage::complete, StageStatus::failed);
  hung.process->timed_out = true;
  EXPECT_EQ(judged(kLoad, hung).found, "hung");
  EXPECT_EQ(judged(kLoad, hung).outcome, CheckOutcome::failed);
  Record control = evidence::good_record();
  control.controls.canary = evidence::ControlStatus::failed;
  EXPECT_EQ(judged(kLoad, control).outcome, CheckOutcome::failed);
}

TEST_F(RequirementsTest, WhatTheRecordsLeaveOpenIsUnproven) {
  EXPECT_EQ(judged(kLoad, evidence::ended_at(Stage::assemble, StageStatus::refused)).outcome, CheckOutcome::unproven);
  Record not_run = evidence::good_record();
  not_run = evidence::ended_at(Stage::load, StageStatus::not_reached, not_run);
  not_run.stopped = evidence::Stopped::prerequisite;
  EXPECT_EQ(judged(kLoad, not_run).outcome, CheckOutcome::unproven);
  Record unchecked = evidence::good_record();
  unchecked.controls.witness = evidence::ControlStatus::not_run;
  EXPECT_EQ(judged(kLoad, unchecked).outcome, CheckOutcome::unproven);
  const CheckRow missing = judged(R"({"gate":"tma.reduce"})", evidence::good_record());
  EXPECT_EQ(missing.outcome, CheckOutcome::unproven);
  EXPECT_EQ(missing.why, "no record of tma.reduce in this bundle");
}

TEST_F(RequirementsTest, ARightAnswerOnASecondAttemptIsUnproven) {
  Record retried = evidence::good_record();
  retried.attempt = 2;
  const CheckRow row = judged(kLoad, retried);
  EXPECT_EQ(row.outcome, CheckOutcome::unproven);
  EXPECT_EQ(row.why, "right answer on attempt 2; only a first attempt counts");
}

TEST_F(RequirementsTest, ALaterAttemptThatWentWrongFailsAProvenGate) {
  Record again = evidence::ended_at(Stage::verify, StageStatus::failed);
  again.attempt = 2;
  EXPECT_EQ(judged(kLoad, report_of({h100_query(), evidence::good_record(), again})).outcome, CheckOutcome::failed);
}

TEST_F(RequirementsTest, APatchedOrSuppliedImageProvesNothing) {
  Record patched = evidence::patched_record();
  patched.gate = "tma.load";
  EXPECT_EQ(judged(kLoad, patched).outcome, CheckOutcome::unproven);
  EXPECT_EQ(judged(kLoad, patched).evidence_class, "patched-cubin");
  Record supplied = evidence::good_record();
  supplied.image = evidence::ImageKind::supplied;
  EXPECT_EQ(judged(kLoad, supplied).outcome, CheckOutcome::unproven);
}

TEST_F(RequirementsTest, AnEmulatedRecordNeverMeetsProvenOrReported) {
  Record question = evidence::good_question();
  question.driver_library = evidence::DriverLibrary::emulated;
  const auto bundle = report_of({question, emulated_record()}, emulated_gb10_environment());
  for (const char* line :
       {R"({"gate":"tma.load"})", R"({"gate":"tma.load","target":"sm_121a"})",
        R"({"gate":"tma.load","suffices":"reported"})", R"({"gate":"tma.load","suffices":"loads"})",
        R"({"gate":"device.query","suffices":"reported"})", R"({"limit":"multiprocessor_count","min":1})"}) {
    const CheckRow row = judged(line, bundle);
    EXPECT_EQ(row.outcome, CheckOutcome::unproven) << line;
    EXPECT_EQ(row.why, "an emulated record is no evidence about hardware") << line;
  }
}

TEST_F(RequirementsTest, AnEmulatedRunOfTheNamedProfileAgrees) {
  const auto bundle = report_of({emulated_record()}, emulated_gb10_environment());
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"agrees@gb10"})", bundle).outcome, CheckOutcome::met);
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"agrees@b200"})", bundle).outcome, CheckOutcome::not_applicable);
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"agrees@h100"})", evidence::good_record()).outcome,
            CheckOutcome::met);
  Record wrong = emulated_record();
  wrong.cases[0].mismatches = 1;
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"agrees@gb10"})", report_of({wrong}, emulated_gb10_environment()))
                .outcome,
            CheckOutcome::failed);
}

TEST_F(RequirementsTest, ALineAboutAnotherDeviceDoesNotApply) {
  const std::string line = R"({"gate":"tma.load","device":{"compute_capability":"12.1"}})";
  const CheckRow row = judged(line, evidence::good_record());
  EXPECT_EQ(row.outcome, CheckOutcome::not_applicable);
  EXPECT_EQ(row.why, "about another device; this is NVIDIA H100 80GB HBM3, compute capability 9.0");
}

TEST_F(RequirementsTest, WithoutADeviceEveryLineApplies) {
  const std::string line = R"({"gate":"tma.load","device":{"compute_capability":"12.1"}})";
  Record record = evidence::good_record();
  record = evidence::ended_at(Stage::load, StageStatus::not_reached, record);
  record.stopped = evidence::Stopped::no_device;
  record.driver_library = evidence::DriverLibrary::none;
  EXPECT_EQ(judged(line, report_of({record}, no_device_environment())).outcome, CheckOutcome::unproven);
}

TEST_F(RequirementsTest, ATargetPicksItsRecord) {
  Record foreign = evidence::ended_at(Stage::load, StageStatus::refused);
  foreign.target = "sm_100a";
  const auto bundle = report_of({h100_query(), foreign, evidence::good_record()});
  EXPECT_EQ(judged(kLoad, bundle).outcome, CheckOutcome::met);
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_90a"})", bundle).outcome, CheckOutcome::met);
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_100a"})", bundle).outcome, CheckOutcome::unproven);
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_120a"})", bundle).found, "no record");
}

TEST_F(RequirementsTest, AssemblingAndLoadingAreAnsweredByTheSoftwareItself) {
  Record foreign = evidence::ended_at(Stage::load, StageStatus::refused);
  foreign.target = "sm_100a";
  Record refused = evidence::ended_at(Stage::assemble, StageStatus::refused);
  refused.target = "sm_120a";
  const auto bundle = report_of({h100_query(), foreign, refused, evidence::good_record()});
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_100a","suffices":"assembles"})", bundle).outcome,
            CheckOutcome::met);
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_100a","suffices":"assembles"})", bundle).found, "assembles");
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_120a","suffices":"assembles"})", bundle).outcome,
            CheckOutcome::failed);
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_100a","suffices":"loads"})", bundle).outcome,
            CheckOutcome::failed);
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"loads"})", bundle).outcome, CheckOutcome::met);
  EXPECT_EQ(judged(R"({"gate":"tma.load","suffices":"loads"})", bundle).why, "driver 580.159.04 loads it");
  EXPECT_EQ(judged(R"({"gate":"tma.load","target":"sm_100a","suffices":"assembles"})", bundle).why,
            "nvJitLink 13.0 accepts the text for sm_100a");
}

TEST_F(RequirementsTest, WhatWasNotRecomputedProvesNothing) {
  const auto bundle = report_of({h100_query(), evidence::good_record()});
  const CheckRow row = judged(kLoad, bundle, false);
  EXPECT_EQ(row.outcome, CheckOutcome::unproven);
  EXPECT_EQ(row.why, "not recomputed: this build does not know version 1 of tma.load");
}

TEST_F(RequirementsTest, ALabelOfUnknownRulesProvesNothing) {
  auto bundle = report_of({h100_query(), evidence::good_record()});
  bundle.rules.rules = "rules/99";
  const CheckRow row = judged(kLoad, bundle);
  EXPECT_EQ(row.outcome, CheckOutcome::unproven);
  EXPECT_EQ(row.why, "labelled by 'rules/99', which this build does not know");
}

TEST_F(RequirementsTest, ALimitIsHeldAgainstItsBounds) {
  const auto outcome = [](const std::string& bounds) {
    return judged(R"({"limit":"multiprocessor_count",)" + bounds + "}", report_of({evidence::good_question()}));
  };
  EXPECT_EQ(outcome(R"("min":132)").outcome, CheckOutcome::met);
  EXPECT_EQ(outcome(R"("min":132)").found, "132");
  EXPECT_EQ(outcome(R"("min":132)").why, "multiprocessor_count by cuDeviceGetAttribute in device.query");
  EXPECT_EQ(outcome(R"("min":133)").outcome, CheckOutcome::failed);
  EXPECT_EQ(outcome(R"("max":131)").outcome, CheckOutcome::failed);
  EXPECT_EQ(outcome(R"("min":1,"unit":"B")").outcome, CheckOutcome::unproven);
  EXPECT_EQ(outcome(R"("min":1,"unit":"B")").why, "recorded in '', the policy says 'B'");
}

TEST_F(RequirementsTest, AValueThatCouldNotBeReadIsNoZero) {
  const CheckRow row = judged(R"({"limit":"power","max":700000,"unit":"mW"})", report_of({evidence::good_question()}));
  EXPECT_EQ(row.outcome, CheckOutcome::unproven);
  EXPECT_EQ(row.why, "could not be read: not supported");
  EXPECT_EQ(judged(R"({"limit":"speed","min":1})", report_of({evidence::good_question()})).why,
            "speed is in no record of this bundle");
}

TEST_F(RequirementsTest, OneReadingOutOfBoundsFailsALimit) {
  Record other = evidence::good_question("device.limits");
  other.measurements[0].value = 16;
  EXPECT_EQ(
      judged(R"({"limit":"multiprocessor_count","min":132})", report_of({evidence::good_question(), other})).outcome,
      CheckOutcome::failed);
}

TEST_F(RequirementsTest, AClaimIsAsTheGuardrailSays) {
  const CheckRow refused = judged(R"({"claim":"executes.tma.load"})", report_of({}));
  EXPECT_EQ(refused.outcome, CheckOutcome::unproven);
  EXPECT_EQ(refused.family, "claim");
  EXPECT_EQ(refused.why, "gate tma.load is refused");
  EXPECT_EQ(judged(R"({"claim":"executes.nothing"})", report_of({})).found, "unknown");
}

}  // namespace
}  // namespace assay::reports
