// Claims of what was read off a device: reported values, limits, and agreement with a profile.
#include <functional>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "tests/reports/judged_bundle.h"

namespace assay::reports {
namespace {

using evidence::Measurement;
using evidence::Record;
using testing::HasSubstr;

const std::string kOn = "On an NVIDIA H100 80GB HBM3 (compute capability 9.0, driver 580.159.04), ";

Record question(std::string gate, std::vector<Measurement> measurements) {
  Record record = evidence::good_question(std::move(gate));
  record.measurements = std::move(measurements);
  return record;
}

Record limits() {
  return question("device.limits", {{"max_shared_memory_per_block_optin", "cuDeviceGetAttribute", "B", 232448, ""},
                                    {"static_shared_memory_sm_90a", "assembler", "B", 232448, ""},
                                    {"dynamic_shared_memory_measured", "kernel", "B", 232448, ""},
                                    {"multiprocessor_count", "cuDeviceGetAttribute", "", 132, ""},
                                    {"multiprocessors_measured", "kernel", "", 132, ""},
                                    {"exec_cluster_size_1", "kernel", "", "passed", ""},
                                    {"exec_cluster_size_2", "kernel", "", "passed", ""},
                                    {"exec_cluster_size_4", "kernel", "", "passed", ""},
                                    {"exec_cluster_size_8", "kernel", "", "passed", ""},
                                    {"exec_cluster_size_16", "kernel", "", "refused", ""},
                                    {"exec_dsmem", "kernel", "", "passed", ""}});
}

Record state() {
  return question("device.state", {{"load_sm_clock_low", "NVML", "kHz", 1'755'000, ""},
                                   {"load_sm_clock_high", "NVML", "kHz", 1'980'000, ""},
                                   {"load_memory_clock_low", "NVML", "kHz", 2'619'000, ""},
                                   {"load_memory_clock_high", "NVML", "kHz", 2'619'000, ""},
                                   {"load_throttle_reasons", "NVML", "", 0, "none"},
                                   {"bench_read_bandwidth", "kernel", "B/s", 3'130'734'715'775, "median of 9; 1 GiB"},
                                   {"bench_read_bandwidth_low", "kernel", "B/s", 3'123'885'208'890, ""},
                                   {"bench_read_bandwidth_high", "kernel", "B/s", 3'135'268'938'774, ""}});
}

Measurement& value(Record& record, std::string_view key) {
  return *std::ranges::find(record.measurements, key, &Measurement::key);
}

TEST(GuardrailValuesTest, AnAnsweredQuestionIsReportedByWhoAnswered) {
  const Judgement judgement = judge({evidence::good_question()});
  EXPECT_EQ(
      said(judgement, "reports.device.query"),
      kOn +
          "the driver reports attributes, clocks and versions of the device: 1 of 2 values answered, among them 132 "
          "multiprocessors.");
  EXPECT_EQ(supported(judgement, "reports.device.query")->level(), evidence::Level::e1);
  EXPECT_EQ(
      said(judge({state()}), "reports.device.state"),
      kOn +
          "NVML reports clocks, power and temperature, idle and under load: 8 of 8 values answered, among them 1755 "
          "MHz as the lowest SM clock under load.");
}

TEST(GuardrailValuesTest, AQuestionThatWasNotAnsweredReportsNothing) {
  Record record = question("device.query", {{"power", "NVML", "mW", nullptr, "not supported"}});
  EXPECT_EQ(said(judge({record}), "reports.device.query"),
            "refused: gate device.query is unresolved: 0 of 1 values answered");
  EXPECT_EQ(said(judge({limits()}), "reports.device.query"), "refused: gate device.query has no record");
}

TEST(GuardrailValuesTest, ALimitIsToldAsMeasuredAcceptedAndReported) {
  const Judgement judgement = judge({limits()});
  EXPECT_EQ(
      said(judgement, "limit.shared_memory_block"),
      kOn +
          "a kernel measured 232448 B of dynamic shared memory in one block (first and last byte touched), "
          "nvJitLink 13.0 accepts 232448 B of static shared memory in one block for sm_90a, and the driver reports "
          "232448 B as the largest that a block can ask for.");
  EXPECT_EQ(
      said(judgement, "limit.multiprocessors"),
      kOn + "a kernel measured 132 multiprocessors on which blocks ran, and the driver reports 132 multiprocessors.");
  EXPECT_EQ(said(judgement, "limit.distributed_shared_memory"),
            kOn + "a kernel ran in two CTAs that read each other's shared memory.");
}

TEST(GuardrailValuesTest, OnlySizesThatRanAreTold) {
  EXPECT_EQ(said(judge({limits()}), "limit.cluster_size"),
            kOn + "a kernel ran in a cluster of one CTA, one of 2 CTAs, one of 4 CTAs and one of 8 CTAs.");
  Record none = limits();
  for (Measurement& measured : none.measurements)
    if (measured.value == "passed") measured.value = "refused";
  EXPECT_EQ(said(judge({none}), "limit.cluster_size"), "refused: nothing of it held");
}

TEST(GuardrailValuesTest, AValueThatWasNotReadIsMissing) {
  Record record = limits();
  value(record, "dynamic_shared_memory_measured").value = nullptr;
  EXPECT_EQ(said(judge({record}), "limit.shared_memory_block"), "refused: dynamic_shared_memory_measured was not read");
  EXPECT_EQ(said(judge({record}), "limit.allocation"), "refused: gate device.memory has no record");
}

TEST(GuardrailValuesTest, ALimitOfAFaultedQuestionIsNotTold) {
  Record record = limits();
  record.stage(evidence::Stage::complete) = {.status = evidence::StageStatus::failed, .message = "it hung up"};
  EXPECT_EQ(said(judge({record}), "limit.shared_memory_block"),
            "refused: gate device.limits is faulted: complete failed: it hung up");
}

TEST(GuardrailValuesTest, ARateStandsBesideClocksAndItsSpread) {
  EXPECT_EQ(
      said(judge({state()}), "limit.read_bandwidth"),
      kOn +
          "a kernel measured 3130.7 GB/s of plain reads at the median, 3123.9 GB/s at the lowest and 3135.3 GB/s at "
          "the highest, and NVML reports 1755 MHz as the lowest SM clock meanwhile, 1980 MHz as the highest, 2619 "
          "MHz as the lowest memory clock and 2619 MHz as the highest, in 9 launches while nothing throttled the "
          "device.");
}

TEST(GuardrailValuesTest, ARateLacksWhatWouldMakeItCount) {
  const auto refusal = [](const std::function<void(Record&)>& spoil) {
    Record record = state();
    spoil(record);
    return said(judge({record}), "limit.read_bandwidth");
  };
  EXPECT_EQ(refusal([](Record& r) {
              value(r, "load_throttle_reasons").value = 4;
              value(r, "load_throttle_reasons").note = "SW power cap";
            }),
            "refused: measured while the device was throttled: SW power cap");
  EXPECT_EQ(refusal([](Record& r) { value(r, "load_throttle_reasons").value = nullptr; }),
            "refused: whether the device was throttled could not be read");
  EXPECT_EQ(refusal([](Record& r) { value(r, "bench_read_bandwidth").note = "median of 4; 1 GiB"; }),
            "refused: bench_read_bandwidth: 5 timed launches or more are not on record");
  EXPECT_EQ(refusal([](Record& r) { value(r, "bench_read_bandwidth").note = ""; }),
            "refused: bench_read_bandwidth: 5 timed launches or more are not on record");
  EXPECT_EQ(refusal([](Record& r) { value(r, "load_sm_clock_low").value = nullptr; }),
            "refused: load_sm_clock_low was not read");
  EXPECT_EQ(refusal([](Record& r) { value(r, "bench_read_bandwidth_high").value = nullptr; }),
            "refused: bench_read_bandwidth_high was not read");
}

// Profiles -----------------------------------------------------------------------------------------------------------

Record observed(std::vector<Measurement> measurements) { return question("device.query", std::move(measurements)); }

TEST(GuardrailValuesTest, AgreementIsCounted) {
  const std::string sentence = said(judge({observed({{"warp_size", "cuDeviceGetAttribute", "", 32, ""},
                                                     {"cluster_launch", "cuDeviceGetAttribute", "", 1, ""}})}),
                                    "profile.agrees");
  EXPECT_THAT(sentence, testing::StartsWith("The values observed on an NVIDIA H100 80GB HBM3 (compute capability 9.0, "
                                            "driver 580.159.04) agree with profile h100, version "));
  EXPECT_THAT(sentence, HasSubstr(", in every fact of severity fail: 2 of its "));
  EXPECT_THAT(sentence, testing::EndsWith(" facts were observed, and all of them match."));
}

TEST(GuardrailValuesTest, ADifferenceOfSeverityWarnIsNamed) {
  EXPECT_THAT(said(judge({observed({{"warp_size", "cuDeviceGetAttribute", "", 64, ""},
                                    {"cluster_launch", "cuDeviceGetAttribute", "", 1, ""}})}),
                   "profile.agrees"),
              testing::EndsWith("facts were observed, of which 1 match and 1 differ (warp_size)."));
}

TEST(GuardrailValuesTest, ADifferenceOfSeverityFailRefusesTheClaim) {
  EXPECT_EQ(said(judge({observed({{"max_shared_memory_per_block_optin", "cuDeviceGetAttribute", "B", 99328, ""}})}),
                 "profile.agrees"),
            "refused: profile h100 expects max_shared_memory_per_block_optin to be eq 232448, observed was 99328");
}

TEST(GuardrailValuesTest, AgreementOfNothingIsNone) {
  EXPECT_EQ(said(judge({observed({{"unheard_of", "NVML", "", 1, ""}})}), "profile.agrees"),
            "refused: nothing that profile h100 expects was observed");
  EXPECT_EQ(said(judge({observed({{"warp_size", "cuDeviceGetAttribute", "", 32, ""}})},
                       environment_with("/device/name", "NVIDIA H200")),
                 "profile.agrees"),
            "refused: no profile is of an NVIDIA H200");
}

}  // namespace
}  // namespace assay::reports
