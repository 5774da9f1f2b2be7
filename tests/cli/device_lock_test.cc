#include "harness/cli/device_lock.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "harness/base/digest.h"

namespace assay::cli {
namespace {

/// A device that no other test locks.
gate::Survey device(std::string_view which) {
  std::array<std::byte, 16> salt;
  random_bytes(salt);
  gate::Survey survey;
  survey.device.name = "NVIDIA GB10";
  survey.device.uuid = std::string(which) + hex(salt);
  return survey;
}

TEST(DeviceLockTest, ADeviceIsHeldByOneRun) {
  const gate::Survey survey = device("one");
  {
    const Result<HostLock> held = lock_device(survey);
    ASSERT_TRUE(held) << held.error().message;
    const Result<HostLock> second = lock_device(survey);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EWOULDBLOCK);
    EXPECT_EQ(second.error().message, "NVIDIA GB10 is busy: another assay run holds it; try again later");
  }
  EXPECT_TRUE(lock_device(survey));
}

TEST(DeviceLockTest, AnotherDeviceIsFree) {
  const Result<HostLock> held = lock_device(device("one"));
  ASSERT_TRUE(held);
  EXPECT_TRUE(lock_device(device("two")));
}

TEST(DeviceLockTest, TheNameTellsNothingOfTheUuid) {
  EXPECT_EQ(device_lock_name("GPU-1").size(), std::string("device-").size() + 16);
  EXPECT_EQ(device_lock_name("GPU-1").find("GPU"), std::string::npos);
}

}  // namespace
}  // namespace assay::cli
