#include "reports/measured.h"

#include <gtest/gtest.h>

namespace assay::reports {
namespace {

MeasuredLines lines_of(std::vector<evidence::Measurement> measurements, const Profile* profile = nullptr) {
  evidence::VerifiedRecord one;
  one.record.gate = "device.limits";
  one.record.measurements = std::move(measurements);
  return measured_lines({&one, 1}, "sm_90a", profile);
}

TEST(MeasuredTest, PutsMeasuredBesideReported) {
  const MeasuredLines lines = lines_of({{"multiprocessor_count", "a", "", 132, ""},
                                        {"multiprocessors_measured", "kernel", "", 131, ""},
                                        {"exec_cluster_size_1", "kernel", "", "passed", ""},
                                        {"exec_cluster_size_16", "kernel", "", nullptr, ""},
                                        {"launch_cluster_size_16", "k", "", "CUDA_ERROR_INVALID_CLUSTER_SIZE", ""}});
  EXPECT_EQ(lines, (MeasuredLines{{"multiprocessors", "132 reported, 131 counted by a kernel"},
                                  {"clusters", "sizes 1 ran; 16: CUDA_ERROR_INVALID_CLUSTER_SIZE"}}));
}

TEST(MeasuredTest, PutsARateBesideTheProfile) {
  const auto profiles = builtin_profiles();
  ASSERT_TRUE(profiles);
  const Profile* profile = match_profile(*profiles, "NVIDIA H100 80GB HBM3", 9, 0);
  const MeasuredLines lines = lines_of({{"bench_read_bandwidth", "kernel", "B/s", 3'186'000'000'000, ""}}, profile);
  EXPECT_EQ(lines, (MeasuredLines{{"read", "3.19 TB/s (profile h100: match of 3100 GB/s)"}}));
}

TEST(MeasuredTest, AValueThatWasNotReadLeavesNoLine) {
  EXPECT_TRUE(lines_of({{"multiprocessor_count", "a", "", nullptr, "refused"}}).empty());
}

TEST(MeasuredTest, WithoutRecordsThereIsNothing) { EXPECT_TRUE(measured_lines({}, "", nullptr).empty()); }

}  // namespace
}  // namespace assay::reports
