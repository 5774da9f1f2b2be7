#include "harness/cli/measured.h"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

gate::RunResult h100_with(std::vector<evidence::Measurement> measurements) {
  gate::RunResult result;
  gate::Survey survey;
  survey.device.name = "NVIDIA H100 80GB HBM3";
  survey.device.major = 9;
  result.survey = survey;
  gate::GateOutcome outcome;
  outcome.gate = "device.limits";
  outcome.record.measurements = std::move(measurements);
  result.outcomes.push_back(outcome);
  return result;
}

TEST(MeasuredTest, PutsMeasuredBesideReported) {
  const MeasuredLines lines =
      measured_lines(h100_with({{"multiprocessor_count", "a", "", 132, ""},
                                {"multiprocessors_measured", "kernel", "", 131, ""},
                                {"exec_cluster_size_1", "kernel", "", "passed", ""},
                                {"exec_cluster_size_16", "kernel", "", nullptr, ""},
                                {"launch_cluster_size_16", "k", "", "CUDA_ERROR_INVALID_CLUSTER_SIZE", ""}}));
  EXPECT_EQ(lines, (MeasuredLines{{"multiprocessors", "132 reported, 131 counted by a kernel"},
                                  {"clusters", "sizes 1 ran; 16: CUDA_ERROR_INVALID_CLUSTER_SIZE"}}));
}

TEST(MeasuredTest, PutsARateBesideTheProfile) {
  const MeasuredLines lines =
      measured_lines(h100_with({{"bench_read_bandwidth", "kernel", "B/s", 3'186'000'000'000, ""}}));
  EXPECT_EQ(lines, (MeasuredLines{{"read", "3.19 TB/s (profile h100: match of 3100 GB/s)"}}));
}

TEST(MeasuredTest, AValueThatWasNotReadLeavesNoLine) {
  EXPECT_TRUE(measured_lines(h100_with({{"multiprocessor_count", "a", "", nullptr, "refused"}})).empty());
}

TEST(MeasuredTest, WithoutADeviceThereIsNothing) { EXPECT_TRUE(measured_lines({}).empty()); }

}  // namespace
}  // namespace assay::cli
