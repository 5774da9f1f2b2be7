#include "reports/profile_differences.h"

#include <functional>

#include "gmock/gmock.h"
#include "reports/profile_observations.h"
#include "tests/evidence/fixtures.h"

namespace assay::reports {
namespace {

using evidence::good_record;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::VerifiedRecord;
using evidence::VerifyReport;

/// A report of these records, of the H100 of the fixtures.
VerifyReport report_of(const std::vector<Record>& records) {
  VerifyReport report;
  for (const Record& record : records) report.records.push_back({record, *evidence::derive(record)});
  report.environment.device = {
      .name = "NVIDIA H100 80GB HBM3", .compute_capability = "9.0", .multiprocessor_count = 132, .total_bytes = 1};
  return report;
}

std::vector<Profile> profiles() {
  auto profile = parse_profile(
      R"({"schema":"profile/2","id":"x","version":7,"as_of":"2026-11-22","notice":"n",
          "sources":{"r":{"kind":"note","ref":"a reference"}},
          "match":{"compute_capability":"9.0","name_regex":"H100"},"facts":[
          {"key":"multiprocessor_count","op":"eq","expected":132,"severity":"fail","confidence":"measured",
           "sources":["r"]},
          {"key":"power","op":"le","expected":700,"unit":"W","severity":"warn","confidence":"documented",
           "sources":["r"]},
          {"key":"warp_size","op":"eq","expected":32,"severity":"info","confidence":"conflicting",
           "sources":["r"],"also_claimed":[{"value":64,"source":"s","note":""}]},
          {"key":"exec_tma_load","op":"eq","expected":"passed","severity":"fail","confidence":"measured",
           "sources":["r"]}]})",
      "x.json");
  EXPECT_TRUE(profile) << profile.error().message;
  return profile ? std::vector<Profile>{*std::move(profile)} : std::vector<Profile>();
}

TEST(ProfileDifferencesTest, EachFactIsARowAndWhatIsNewFollows) {
  Record question = evidence::good_question();
  question.measurements.push_back({"warp_size", "cuDeviceGetAttribute", "", 64, ""});
  question.measurements.push_back({"unheard_of", "NVML", "B", 1, ""});
  const auto found = profile_differences(profiles(), report_of({question, good_record("tma.load")}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->profile, "x");
  EXPECT_EQ(found->version, 7);
  std::vector<std::string> rows;
  for (const ProfileRow& row : found->rows)
    rows.push_back(row.key + " " + std::string(word(row.agreement)) + " " + spelled(row.observed) + " " + row.record);
  EXPECT_THAT(rows, testing::ElementsAre("multiprocessor_count match 132 device.query#1", "power not-observed null ",
                                         "warp_size conflict-resolved 64 device.query#1",
                                         R"(exec_tma_load match "passed" tma.load@sm_90a#1)",
                                         "unheard_of new 1 device.query#1"));
  EXPECT_EQ(found->compared(), 3u);
  EXPECT_EQ(found->count(Agreement::match), 2u);
  EXPECT_EQ(found->first_mismatch(Severity::fail), nullptr);
  EXPECT_EQ(found->rows[1].unit, "W");
  EXPECT_EQ(found->rows[1].severity, Severity::warn);
  EXPECT_EQ(found->rows[1].confidence, Confidence::documented);
  EXPECT_EQ(found->rows[1].sources.size(), 1u);
}

TEST(ProfileDifferencesTest, AMismatchIsFoundBySeverity) {
  Record question = evidence::good_question();
  question.measurements = {{"multiprocessor_count", "cuDeviceGetAttribute", "", 131, ""},
                           {"power", "NVML", "mW", 800'000, ""}};
  const auto found = profile_differences(profiles(), report_of({question}));
  ASSERT_TRUE(found);
  ASSERT_NE(found->first_mismatch(Severity::fail), nullptr);
  EXPECT_EQ(found->first_mismatch(Severity::fail)->key, "multiprocessor_count");
  ASSERT_NE(found->first_mismatch(Severity::warn), nullptr);
  EXPECT_EQ(found->first_mismatch(Severity::warn)->key, "power");
  EXPECT_EQ(found->first_mismatch(Severity::info), nullptr);
}

TEST(ProfileDifferencesTest, WithoutADeviceOrAProfileOfItThereIsNothingToCompare) {
  VerifyReport report = report_of({evidence::good_question()});
  report.environment.device->name = "NVIDIA H200";
  EXPECT_FALSE(profile_differences(profiles(), report));
  report.environment.device.reset();
  EXPECT_FALSE(profile_differences(profiles(), report));
}

// Observations that stand in records of their own --------------------------------------------------------------------

std::string observed(const std::vector<Record>& records, std::string_view key) {
  const Observations seen = observations(report_of(records));
  const auto found = seen.find(key);
  return found == seen.end() ? "nothing" : found->second.value.get<std::string>();
}

/// What the loader said to a named image.
Record image(std::string variant, StageStatus load, std::string name = "") {
  Record record = evidence::ended_at(Stage::load, load, good_record("cubin.arch_patch"));
  record.variant = std::move(variant);
  record.stage(Stage::load).name = std::move(name);
  return record;
}

TEST(ProfileDifferencesTest, TheLoadersAnswersAreFoundByTheImagesName) {
  EXPECT_EQ(observed({image("as-built.arithmetic.sm_100a", StageStatus::refused, "CUDA_ERROR_NO_BINARY_FOR_GPU")},
                     "load_sm_100a_cubin"),
            "CUDA_ERROR_NO_BINARY_FOR_GPU");
  EXPECT_EQ(observed({image("sm-byte.arithmetic.sm_80", StageStatus::refused, "CUDA_ERROR_NOT_SUPPORTED")},
                     "load_sm_80_cubin_patched"),
            "CUDA_ERROR_NOT_SUPPORTED");
  EXPECT_EQ(observed({image("ptx.as-is.sm_90a", StageStatus::ok)}, "jit_compute_90a_ptx"), "CUDA_SUCCESS");
  EXPECT_EQ(
      observed({image("sm-byte.tcgen05_alloc.sm_100a", StageStatus::failed, "SIGSEGV")}, "load_tcgen05_alloc_patched"),
      "SIGSEGV");
  EXPECT_EQ(observed({image("as-built.arithmetic.sm_100a", StageStatus::not_reached)}, "load_sm_100a_cubin"),
            "nothing");
}

TEST(ProfileDifferencesTest, KeysThatNameAnH100sNumbersAreItsAlone) {
  Record plus_one = image("edit.sm-byte.plus-1", StageStatus::refused, "CUDA_ERROR_NO_BINARY_FOR_GPU");
  EXPECT_EQ(observed({plus_one}, "load_native_cubin_header_sm_91"), "CUDA_ERROR_NO_BINARY_FOR_GPU");
  plus_one.target = "sm_121a";
  EXPECT_EQ(observed({plus_one}, "load_native_cubin_header_sm_91"), "nothing");
}

TEST(ProfileDifferencesTest, AnExecutionIsObservedOnlyIfSomethingRan) {
  EXPECT_EQ(observed({good_record("wgmma.bf16")}, "exec_wgmma"), "passed");
  Record wrong = evidence::ended_at(Stage::verify, StageStatus::failed, good_record("wgmma.bf16"));
  EXPECT_EQ(observed({wrong}, "exec_wgmma"), "mismatch");
  EXPECT_EQ(
      observed({evidence::ended_at(Stage::assemble, StageStatus::refused, good_record("wgmma.bf16"))}, "exec_wgmma"),
      "nothing");
  Record emulated = good_record("wgmma.bf16");
  emulated.driver_library = evidence::DriverLibrary::emulated;
  EXPECT_EQ(observed({emulated}, "exec_wgmma"), "nothing");
  EXPECT_EQ(observed({good_record("tma.multicast")}, "lowering_tma_multicast"), "instruction");
}

}  // namespace
}  // namespace assay::reports
