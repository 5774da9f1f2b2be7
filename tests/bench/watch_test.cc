#include "kernels/bench/watch.h"

#include <gtest/gtest.h>

#include "tests/support/fake_device.h"

namespace assay::kernels::bench {
namespace {

evidence::Performance stamped(const Watch& watch) {
  evidence::Performance performance;
  watch.stamp(performance);
  return performance;
}

TEST(WatchTest, TellsClocksOnBothSidesAndTheHighestOfTheRest) {
  test::FakeNvml nvml;
  nvml.sm_clock = {1'980'000, ""};
  nvml.sm_clock_step = -30'000;
  Watch watch(&nvml);
  for (const std::int64_t watts : {300, 650, 500}) {
    nvml.power = {watts * 1000, ""};
    nvml.temperature = {watts / 10, ""};
    nvml.throttle = {watts == 650 ? 0x4 : 0x1, ""};  // a power cap in the middle; idle bits otherwise
    watch.look();
  }
  const evidence::Performance performance = stamped(watch);
  EXPECT_EQ(performance.clock_khz_before, 1'980'000);
  EXPECT_EQ(performance.clock_khz_after, 1'920'000);
  EXPECT_EQ(performance.power_mw, 650'000);
  EXPECT_EQ(performance.temperature_c, 65);
  EXPECT_EQ(performance.throttle, "sw_power_cap");
}

TEST(WatchTest, IdleAndSetClocksAreNoSlowingDown) {
  test::FakeNvml nvml;
  nvml.throttle = {0x103, ""};
  Watch watch(&nvml);
  watch.look();
  EXPECT_EQ(stamped(watch).throttle, "none");
}

TEST(WatchTest, WhatCannotBeReadIsSaidSo) {
  test::FakeNvml nvml;
  for (const cuda::Nvml* one : {static_cast<const cuda::Nvml*>(nullptr), static_cast<const cuda::Nvml*>(&nvml)}) {
    Watch watch(one);
    watch.look();
    EXPECT_EQ(stamped(watch).throttle, "not readable");
    EXPECT_FALSE(stamped(watch).clock_khz_before);
    EXPECT_FALSE(stamped(watch).power_mw);
  }
}

}  // namespace
}  // namespace assay::kernels::bench
