#include "reports/baseline.h"

#include <gmock/gmock.h>

#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

using evidence::Environment;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Records = std::vector<Record>;

Comparison compared(const Records& before, const Records& after, const Environment& now = h100_environment()) {
  const Judgement none;
  const evidence::VerifyReport was = report_of(before), is = report_of(after, now);
  return compare(Compared{was, none}, Compared{is, none});
}

/// The change of tma.load@sm_90a.
Change change(const Record& before, const Record& after) {
  const Comparison comparison = compared({before}, {after});
  EXPECT_EQ(comparison.gates.size(), 1u);
  EXPECT_EQ(comparison.gates[0].subject, "tma.load@sm_90a");
  return comparison.gates[0].change;
}

Record refused(std::int64_t code = 209) {
  Record record = evidence::ended_at(Stage::load, StageStatus::refused);
  record.stage(Stage::load).code = code;
  return record;
}

Record mismatched() { return evidence::ended_at(Stage::verify, StageStatus::failed); }

TEST(BaselineTest, NamesWhatBecameOfAnAnswer) {
  const Record proven = evidence::good_record();
  EXPECT_EQ(change(proven, proven), Change::same);
  EXPECT_EQ(change(proven, refused()), Change::lost);
  EXPECT_EQ(change(proven, mismatched()), Change::lost);
  EXPECT_EQ(change(refused(), proven), Change::gained);
  EXPECT_EQ(change(refused(), refused()), Change::same);
  EXPECT_EQ(change(refused(209), refused(801)), Change::changed);
  EXPECT_EQ(change(refused(), mismatched()), Change::changed);
}

TEST(BaselineTest, NamesWhatIsOnOneSideOnly) {
  const auto only = [](const Records& before, const Records& after) {
    return compared(before, after).gates.at(0).change;
  };
  EXPECT_EQ(only({evidence::good_record()}, {}), Change::lost);
  EXPECT_EQ(only({refused()}, {}), Change::gone);
  EXPECT_EQ(only({}, {evidence::good_record()}), Change::gained);
  EXPECT_EQ(only({}, {refused()}), Change::added);
  Record not_run;
  not_run.gate = "tma.load";
  not_run.stopped = evidence::Stopped::not_implemented;
  EXPECT_THAT(compared({not_run}, {}).gates, IsEmpty());
}

TEST(BaselineTest, AGateThatNobodyAskedForIsNotLost) {
  Record unasked;
  unasked.gate = "tma.load";
  unasked.stopped = evidence::Stopped::not_selected;
  const Comparison comparison = compared({evidence::good_record()}, {unasked});
  ASSERT_EQ(comparison.gates.size(), 1u);
  EXPECT_EQ(comparison.gates[0].change, Change::unasked);
  EXPECT_EQ(rows_of(comparison)[0].outcome, CheckOutcome::not_applicable);
}

TEST(BaselineTest, TheFirstAttemptIsCompared) {
  Record second = mismatched();
  second.attempt = 2;
  const Comparison comparison = compared({evidence::good_record()}, {second, evidence::good_record()});
  ASSERT_EQ(comparison.gates.size(), 1u);
  EXPECT_EQ(comparison.gates[0].change, Change::same);
}

TEST(BaselineTest, ImagesAreComparedByTheirNames) {
  Record one = evidence::patched_record(), other = one;
  one.variant = "edit.magic";
  other.variant = "edit.machine";
  const Comparison comparison = compared({one, other}, {one, other});
  ASSERT_EQ(comparison.gates.size(), 2u);
  EXPECT_EQ(comparison.gates[0].subject, "cubin.arch_patch[edit.magic]@sm_90a");
}

TEST(BaselineTest, WhatIsLostGoneOrWrongFailsAndNothingElse) {
  const auto outcome = [](const Records& before, const Records& after) {
    return rows_of(compared(before, after)).at(0).outcome;
  };
  const Record proven = evidence::good_record();
  EXPECT_EQ(outcome({proven}, {refused()}), CheckOutcome::failed);
  EXPECT_EQ(outcome({refused()}, {}), CheckOutcome::failed);
  EXPECT_EQ(outcome({refused()}, {mismatched()}), CheckOutcome::failed);
  EXPECT_EQ(outcome({mismatched()}, {mismatched()}), CheckOutcome::failed);
  EXPECT_EQ(outcome({refused(209)}, {refused(801)}), CheckOutcome::met);
  EXPECT_EQ(outcome({refused()}, {proven}), CheckOutcome::met);
  EXPECT_EQ(outcome({}, {refused()}), CheckOutcome::met);
  const CheckRow lost = rows_of(compared({proven}, {refused()})).at(0);
  EXPECT_EQ(lost.id, "baseline tma.load@sm_90a");
  EXPECT_EQ(lost.asked, "proven");
  EXPECT_EQ(lost.found, "LOST");
  EXPECT_EQ(lost.why, "refused 209: driver refused the image (CODE): message");
}

TEST(BaselineTest, OtherScopesAreNotCompared) {
  Environment other = h100_environment();
  other.device->name = "NVIDIA H200";
  const Comparison comparison = compared({evidence::good_record()}, {refused()}, other);
  EXPECT_EQ(comparison.not_compared, "another device: NVIDIA H200 (9.0), was NVIDIA H100 80GB HBM3 (9.0)");
  EXPECT_THAT(comparison.gates, IsEmpty());
  ASSERT_EQ(rows_of(comparison).size(), 1u);
  EXPECT_EQ(rows_of(comparison)[0].outcome, CheckOutcome::not_applicable);
}

TEST(BaselineTest, AMachineThatLostItsDevicePassesNothingByIt) {
  const Comparison gone = compared({evidence::good_record()}, {}, no_device_environment());
  EXPECT_EQ(gone.not_compared, "another kind of driver: none, was system");
  EXPECT_EQ(rows_of(gone)[0].outcome, CheckOutcome::unproven);
  Environment emulated = h100_environment();
  emulated.driver->kind = evidence::DriverLibrary::emulated;
  EXPECT_EQ(rows_of(compared({evidence::good_record()}, {evidence::good_record()}, emulated))[0].outcome,
            CheckOutcome::unproven);
}

TEST(BaselineTest, MeasurementsOfDeviceQuestionsAreCompared) {
  Record before = evidence::good_question(), after = before;
  after.measurements[0].value = 144;
  after.measurements[1].key = "power_now";
  std::vector<std::string> told;
  for (const Difference& one : compared({before}, {after}).measurements)
    told.push_back(one.subject + " " + std::string(word(one.change)) + " " + one.before + " -> " + one.after);
  EXPECT_THAT(told, ElementsAre("device.query.multiprocessor_count CHANGED 132 -> 144",
                                "device.query.power_now ADDED  -> unread", "device.query.power GONE unread -> "));
}

evidence::Performance timed(std::int64_t median, std::int64_t spread) {
  evidence::Performance performance = evidence::good_performance();
  performance.median_ns = median;
  performance.spread_ns = spread;
  return performance;
}

TEST(BaselineTest, ASpeedCountsOnlyOutsideTheNoiseBand) {
  const auto change_of = [](const evidence::Performance& before, const evidence::Performance& after) {
    return compare(before, after).change;
  };
  const auto before = timed(100'000, 500);  // 1.5 % a side with three deviations
  EXPECT_EQ(change_of(before, timed(100'000, 500)), Change::ambiguous);
  EXPECT_EQ(change_of(before, timed(102'900, 500)), Change::ambiguous);
  EXPECT_EQ(change_of(before, timed(103'100, 500)), Change::slower);
  EXPECT_EQ(change_of(before, timed(96'900, 500)), Change::faster);
  EXPECT_EQ(change_of(timed(100'000, 0), timed(101'900, 0)), Change::ambiguous);  // never less than 2 %
  EXPECT_EQ(change_of(timed(100'000, 0), timed(102'100, 0)), Change::slower);
  EXPECT_EQ(change_of(timed(100'000, 20'000), timed(190'000, 20'000)), Change::ambiguous);
  EXPECT_EQ(compare(before, timed(110'000, 550)).note, "takes 1.100 times as long; noise band 0.970 to 1.030");
}

TEST(BaselineTest, LongLaunchesDoNotOverflow) {
  const std::int64_t hours = 4'000'000'000'000'000;
  EXPECT_EQ(compare(timed(hours, 1), timed(2 * hours, 1)).change, Change::slower);
  EXPECT_EQ(compare(timed(1, 0), timed(INT64_MAX, 0)).change, Change::slower);
  EXPECT_EQ(compare(timed(INT64_MAX, INT64_MAX), timed(1, INT64_MAX)).change, Change::ambiguous);
}

TEST(BaselineTest, SpeedsOfOtherLaunchesAreNotCompared) {
  const auto before = timed(100'000, 0);
  const auto note = [&](auto edit) {
    evidence::Performance after = timed(200'000, 0);
    edit(after);
    const Difference difference = compare(before, after);
    EXPECT_EQ(difference.change, Change::ambiguous);
    return difference.note;
  };
  EXPECT_EQ(note([](auto& p) { p.launch = "grid 1"; }),
            "another launch: grid 1, was grid 132x1x1, block 128x1x1, cluster 1, shared 49152 B");
  EXPECT_EQ(note([](auto& p) { p.operations = 1; }), "another amount of work");
  EXPECT_EQ(note([](auto& p) { p.samples = 4; }), "20 and 4 samples, 5 needed");
  EXPECT_EQ(note([](auto& p) { p.median_ns = 0; }), "a median of nothing");
  EXPECT_EQ(note([](auto& p) { p.throttle = "sw_power_cap"; }), "throttled: before none, after sw_power_cap");
}

TEST(BaselineTest, ASlowerLaunchFailsAndAnAmbiguousOneDoesNot) {
  const auto outcome = [](std::int64_t now, bool right = true) {
    Record before = evidence::good_record(), after = before;
    before.performance = timed(100'000, 0);
    after.performance = timed(now, 0);
    if (!right) after.controls.canary = evidence::ControlStatus::not_run;
    const auto rows = rows_of(compared({before}, {after}));
    return rows.size() == 2 ? std::string(word(rows[1].outcome)) + " " + rows[1].found : "not compared";
  };
  EXPECT_EQ(outcome(150'000), "failed SLOWER");
  EXPECT_EQ(outcome(101'000), "met AMBIGUOUS");
  EXPECT_EQ(outcome(50'000), "met FASTER");
  EXPECT_EQ(outcome(50'000, false), "not compared");
}

TEST(BaselineTest, NamesWhatDiffersInTheEnvironment) {
  const Environment before = h100_environment();
  Environment after = before;
  EXPECT_THAT(compare(before, after), IsEmpty());
  after.driver->driver_version = "590.1";
  after.toolchain[0].sha256 = evidence::digest_of("another build");
  after.toolchain.push_back({"NVRTC", "13.0", "toolkit", evidence::digest_of("nvrtc")});
  after.system.kernel = "6.2.0";
  std::vector<std::string> told;
  for (const EnvironmentDifference& one : compare(before, after))
    told.push_back(one.what + ": " + one.before + " -> " + one.after + (one.makes_stale ? " STALE" : ""));
  EXPECT_THAT(
      told,
      ElementsAre("driver: system driver 580.159.04 -> system driver 590.1 STALE", "NVRTC: none -> NVRTC 13.0 STALE",
                  "nvJitLink: nvJitLink 13.0 (build " + evidence::digest_of("nvJitLink").substr(0, 12) +
                      ") -> nvJitLink 13.0 (build " + evidence::digest_of("another build").substr(0, 12) + ") STALE",
                  "kernel: 6.1.0 -> 6.2.0"));
}

TEST(BaselineTest, ClaimsAreStaleWhereDeviceDriverOrToolchainDiffer) {
  const Environment before = h100_environment();
  const auto rows = [&](const Environment& after) { return stale_rows(compare(before, after), 7); };
  EXPECT_EQ(conclude(rows(before)), Conclusion::holds);
  Environment after = before;
  after.system.kernel = "6.2.0";
  EXPECT_EQ(conclude(rows(after)), Conclusion::holds);
  after.driver->driver_version = "590.1";
  EXPECT_EQ(conclude(rows(after)), Conclusion::failed);
  EXPECT_EQ(rows(after)[0].why,
            "7 claims were made with system driver 580.159.04 and are stale with system driver 590.1");
  after = before;
  after.device->multiprocessor_count = 114;
  EXPECT_EQ(conclude(rows(after)), Conclusion::failed);
  EXPECT_EQ(conclude(rows(no_device_environment())), Conclusion::failed);
}

}  // namespace
}  // namespace assay::reports
