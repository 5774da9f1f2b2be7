#include "probes/device_memory.h"

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "tests/probes/device_fixture.h"

namespace assay::probes {
namespace {

constexpr std::int64_t kGiB = 1ull << 30, kPage = 2ull << 20;

class DeviceMemoryTest : public DeviceQuestionTest {
 protected:
  DeviceMemoryTest() {
    facts.total_bytes = 80 * kGiB;
    device.total_bytes = 80 * kGiB;
    device.free_bytes = 79 * kGiB;
    set_meminfo(128 * kGiB, 100 * kGiB);
  }

  void set_meminfo(std::uint64_t total, std::uint64_t available) {
    set_meminfo(fmt::format("MemTotal:  {} kB\nMemFree:  1 kB\nMemAvailable:  {} kB\nHugePages_Total:  0\n",
                            total / 1024, available / 1024));
  }
  void set_meminfo(const std::string& text) { ASSERT_TRUE(write_file(meminfo, text)); }
  void ask() {
    with_context([this](gate::QuestionContext& context) { ask_device_memory(context, meminfo); });
  }

  TemporaryFolder folder;
  std::filesystem::path meminfo = folder.path() / "meminfo";
};

TEST_F(DeviceMemoryTest, PutsTheInterfacesSideBySide) {
  nvml.memory_answer = {cuda::NvmlMemory{81 * kGiB, 79 * kGiB, 2 * kGiB}, ""};
  ask();
  EXPECT_EQ(measured("total_global_memory").value, 80 * kGiB);
  EXPECT_EQ(measured("mem_get_info_total").value, 80 * kGiB);
  EXPECT_EQ(measured("mem_get_info_total").note, "");
  EXPECT_EQ(measured("mem_get_info_free").value, 79 * kGiB);
  EXPECT_EQ(measured("nvml_memory_info").value, "NVML_SUCCESS");
  EXPECT_EQ(measured("nvml_memory_total").value, 81 * kGiB);
  EXPECT_EQ(measured("nvml_memory_total").note, "differs: cuMemGetInfo says 85899345920 B");
  EXPECT_EQ(measured("nvml_memory_free").note, "");
  EXPECT_EQ(measured("nvml_memory_used").value, 2 * kGiB);
  EXPECT_EQ(measured("host_memory_total").value, 128 * kGiB);
  EXPECT_EQ(measured("host_memory_available").value, 100 * kGiB);
}

TEST_F(DeviceMemoryTest, WhatNvmlDoesNotSupportIsNullAndNotZero) {
  ask();
  EXPECT_EQ(measured("nvml_memory_info").value, "NVML_ERROR_NOT_SUPPORTED");
  for (const char* key : {"nvml_memory_total", "nvml_memory_free", "nvml_memory_used"}) {
    EXPECT_TRUE(measured(key).value.is_null()) << key;
    EXPECT_EQ(measured(key).note, "NVML_ERROR_NOT_SUPPORTED");
  }
}

TEST_F(DeviceMemoryTest, FindsTheLargestAllocationThatHolds) {
  device.largest_allocation = 78 * kGiB + 12345;
  ask();
  EXPECT_EQ(measured("largest_allocation").value, 78 * kGiB);
  EXPECT_LE(device.allocations.size(), 20u);
  EXPECT_EQ(device.live_allocations(), 0u);
}

TEST_F(DeviceMemoryTest, NeverAsksForMoreThanIsFree) {
  ask();
  EXPECT_EQ(measured("largest_allocation").value, 79 * kGiB);
  EXPECT_EQ(device.allocations, std::vector<std::uint64_t>{79 * kGiB});
}

TEST_F(DeviceMemoryTest, AnUnfinishedSearchSaysSo) {
  device.largest_allocation = 3 * kGiB + 17 * kPage;
  ask();
  const evidence::Measurement found = measured("largest_allocation");
  EXPECT_EQ(device.allocations.size(), 20u);
  EXPECT_GT(found.value.integer(), 0);
  EXPECT_LT(static_cast<std::uint64_t>(found.value.integer()), device.largest_allocation);
  EXPECT_NE(found.note.find("sizes between were not asked"), std::string::npos) << found.note;
}

TEST_F(DeviceMemoryTest, SharedMemoryIsCappedByWhatTheHostCanSpare) {
  set_attribute("integrated", 1);
  set_meminfo(128 * kGiB, 50 * kGiB);
  ask();
  EXPECT_EQ(measured("largest_allocation").value, 45 * kGiB);
  EXPECT_EQ(measured("largest_allocation").note,
            "asked up to 90 % of MemAvailable: the memory is shared with the host");
  for (std::uint64_t asked : device.allocations) EXPECT_LE(asked, 45 * kGiB);
}

TEST_F(DeviceMemoryTest, HostPageTablesCountAsSharedMemory) {
  set_attribute("pageable_memory_access_uses_host_page_tables", 1);
  set_meminfo(128 * kGiB, 10 * kGiB);
  ask();
  EXPECT_EQ(measured("largest_allocation").value, 9 * kGiB);
}

TEST_F(DeviceMemoryTest, SharedMemoryWithoutMeminfoIsNotAsked) {
  set_attribute("integrated", 1);
  set_meminfo("MemTotal: 5 kB\n");
  ask();
  EXPECT_TRUE(measured("largest_allocation").value.is_null());
  EXPECT_TRUE(measured("host_memory_total").value.is_null());
  EXPECT_TRUE(device.allocations.empty());
}

TEST_F(DeviceMemoryTest, ARefusalOtherThanOutOfMemoryIsNoLimit) {
  class Broken : public test::FakeDevice {
    Result<cuda::Address> allocate(std::size_t) override {
      return test::refused("cuMemAlloc", 999, "CUDA_ERROR_UNKNOWN");
    }
  } broken;
  broken.free_bytes = kGiB;
  with_context([&](gate::QuestionContext& context) {
    gate::QuestionContext other{context.facts,     context.driver,   broken,       context.nvml,
                                context.assembler, context.compiler, context.seed, context.record};
    ask_device_memory(other, meminfo);
  });
  EXPECT_TRUE(measured("largest_allocation").value.is_null());
  EXPECT_EQ(measured("largest_allocation").note, "cuMemAlloc refused");
}

TEST_F(DeviceMemoryTest, MemoryThatDoesNotHoldIsReported) {
  class Forgetful : public test::FakeDevice {
    Status read(cuda::Address, std::span<std::byte> bytes) override {
      std::ranges::fill(bytes, std::byte{0});
      return ok();
    }
  } forgetful;
  forgetful.free_bytes = kGiB;
  with_context([&](gate::QuestionContext& context) {
    gate::QuestionContext other{context.facts,     context.driver,   forgetful,    context.nvml,
                                context.assembler, context.compiler, context.seed, context.record};
    ask_device_memory(other, meminfo);
  });
  EXPECT_TRUE(measured("largest_allocation").value.is_null());
  EXPECT_EQ(measured("largest_allocation").note, "an allocation of 1073741824 B did not hold what was written");
}

}  // namespace
}  // namespace assay::probes
