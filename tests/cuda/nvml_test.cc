#include "harness/cuda/nvml.h"

#include <gtest/gtest.h>

#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

constexpr std::string_view kBus = "0000:01:00.0";

TEST(NvmlTest, ReadsInOneUnit) {
  auto nvml = open_nvml(kBus, stand_in_path("nvml"));
  ASSERT_TRUE(nvml);
  EXPECT_EQ((*nvml)->driver_version(), "580.159.04");
  EXPECT_EQ((*nvml)->memory().value->total_bytes, 300U);
  EXPECT_EQ((*nvml)->memory().value->free_bytes, 100U);
  EXPECT_EQ((*nvml)->memory().value->used_bytes, 200U);
  EXPECT_EQ((*nvml)->sm_clock_khz().value, 1'980'000);
  EXPECT_EQ((*nvml)->memory_clock_khz().value, 2'619'000);
  EXPECT_EQ((*nvml)->max_sm_clock_khz().value, 2'000'000);
  EXPECT_EQ((*nvml)->power_limit_mw().value, 700'000);
}

TEST(NvmlTest, ARefusalAndAMissingFunctionAreAnswers) {
  auto nvml = open_nvml(kBus, stand_in_path("nvml"));
  ASSERT_TRUE(nvml);
  EXPECT_FALSE((*nvml)->power_mw().value);
  EXPECT_EQ((*nvml)->power_mw().why_not, "NVML_ERROR_NOT_SUPPORTED");
  EXPECT_FALSE((*nvml)->temperature_c().value);
  EXPECT_EQ((*nvml)->temperature_c().why_not, "NVML_ERROR_FUNCTION_NOT_FOUND");
}

TEST(NvmlTest, FallsBackToTheOlderNameOfTheClockReasons) {
  auto nvml = open_nvml(kBus, stand_in_path("nvml"));
  ASSERT_TRUE(nvml);
  EXPECT_EQ((*nvml)->throttle_reasons().value, 0xc);
}

TEST(NvmlTest, FailuresNameCallAndCode) {
  EXPECT_EQ(open_nvml("0000:99:00.0", stand_in_path("nvml")).error().message,
            "nvmlDeviceGetHandleByPciBusId_v2 answered 6 NVML_ERROR_NOT_FOUND: Not Found");
  EXPECT_EQ(open_nvml(kBus, stand_in_path("good")).error().call, "dlsym");
  EXPECT_EQ(open_nvml(kBus, stand_in_path("nowhere")).error().call, "dlopen");
}

TEST(NvmlTest, TellsTheDriverVersionWithoutADevice) {
  EXPECT_EQ(*nvml_driver_version(stand_in_path("nvml")), "580.159.04");
  EXPECT_EQ(nvml_driver_version(stand_in_path("nowhere")).error().call, "dlopen");
}

TEST(NvmlTest, ThrottleWordsComeInBitOrder) {
  EXPECT_EQ(throttle_words(0), "none");
  EXPECT_EQ(throttle_words(0xc), "sw_power_cap, hw_slowdown");
  EXPECT_EQ(throttle_words(0x201), "gpu_idle, bit_9");
}

}  // namespace
}  // namespace assay::cuda
