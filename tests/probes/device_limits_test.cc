#include "probes/device_limits.h"

#include <fmt/format.h>

#include "tests/probes/device_fixture.h"

namespace assay::probes {
namespace {

using evidence::ControlStatus;
using evidence::Stage;
using evidence::StageStatus;
using test::FakeDevice;

class DeviceLimitsTest : public DeviceQuestionTest {
 protected:
  DeviceLimitsTest() {
    set_attribute("multiprocessor_count", 132);
    set_attribute("shared_memory_per_block", 49152);
    set_attribute("max_shared_memory_per_block_optin", 232448);
    set_attribute("max_shared_memory_per_multiprocessor", 233472);
    set_attribute("reserved_shared_memory_per_block", 1024);
    set_attribute("cluster_launch", 1);
    assembler.rule = [this](std::string_view ptx, Target target) { return complain(ptx, target); };
    device.kernels["shared_touch"] = [this](FakeDevice& gpu, const FakeDevice::Launch& launch) {
      return touch_shared(gpu, launch);
    };
    device.kernels["sm_census"] = [this](FakeDevice& gpu, const FakeDevice::Launch& launch) {
      const auto nonce = launch.arg<std::uint32_t>(1);
      for (std::uint32_t block = 0; block < launch.shape.grid.x; ++block)
        gpu.store(launch.arg<cuda::Address>(0) + 4 * block, ((block % processors) << 16 | block) ^ nonce);
      return ok();
    };
    device.kernels["cluster_touch"] = [this](FakeDevice& gpu, const FakeDevice::Launch& launch) {
      return touch_cluster(gpu, launch);
    };
  }

  /// Knows .shared sizes only, as the assembler's limit for a target.
  std::string complain(std::string_view ptx, Target target) const {
    const auto at = ptx.find("pool[");
    if (at == ptx.npos || ptx.substr(at + 5, 1) == "]") return "";
    const std::uint64_t bytes = std::stoull(std::string(ptx.substr(at + 5, 12)));
    return bytes <= (target.suffix == 'a' ? assembler_limit : 49152) ? "" : "uses too much shared data";
  }

  Status touch_shared(FakeDevice& gpu, const FakeDevice::Launch& launch) const {
    const auto size = launch.arg<std::uint32_t>(1), nonce = launch.arg<std::uint32_t>(2);
    if (launch.shape.dynamic_shared_bytes > dynamic_limit)
      return test::refused("cuFuncSetAttribute", 1, "CUDA_ERROR_INVALID_VALUE");
    const auto out = launch.arg<cuda::Address>(0);
    const std::uint32_t damage = size >= damaged_from ? 1 : 0;
    gpu.store<std::uint32_t>(out, nonce & 0xff);
    gpu.store<std::uint32_t>(out + 4, (nonce >> 8 & 0xff) ^ damage);
    gpu.store<std::uint32_t>(out + 8, launch.shape.dynamic_shared_bytes);
    gpu.store<std::uint32_t>(out + 12, nonce + size);
    return ok();
  }

  Status touch_cluster(FakeDevice& gpu, const FakeDevice::Launch& launch) const {
    const std::uint32_t size = launch.shape.cluster.x, nonce = launch.arg<std::uint32_t>(1);
    if (size > 8 && !launch.shape.non_portable_cluster)
      return test::refused("cuLaunchKernelEx", 1, "CUDA_ERROR_INVALID_VALUE");
    if (size > largest_cluster) return test::refused("cuLaunchKernelEx", 912, "CUDA_ERROR_INVALID_CLUSTER_SIZE");
    for (std::uint32_t block = 0; block < launch.shape.grid.x; ++block) {
      const auto out = launch.arg<cuda::Address>(0) + 16 * block;
      const std::uint32_t rank = block % size;
      gpu.store(out, size);
      gpu.store(out + 4, ranks_are_right ? rank : 0);
      gpu.store(out + 8, nonce + (rank + 1 == size ? block + 1 - size : block + 1));
      gpu.store(out + 12, nonce ^ block);
    }
    return ok();
  }

  std::uint64_t assembler_limit = 232448;
  std::uint32_t dynamic_limit = 232448, damaged_from = ~0u, processors = 132, largest_cluster = 16;
  bool ranks_are_right = true;
};

TEST_F(DeviceLimitsTest, AnHonestDeviceAgreesWithItsDriver) {
  ask(ask_device_limits);
  EXPECT_EQ(measured("max_shared_memory_per_block_optin").value, 232448);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").value, 232448);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").note, "");
  EXPECT_EQ(measured("launch_dynamic_shared_memory_over").value, "CUDA_ERROR_INVALID_VALUE");
  EXPECT_EQ(measured("launch_dynamic_shared_memory_over").note, "answer to 232449 B");
  EXPECT_EQ(measured("static_shared_memory_sm_90a").value, 232448);
  EXPECT_EQ(measured("static_shared_memory_sm_90").value, 49152);
  EXPECT_EQ(measured("multiprocessors_measured").value, 132);
  EXPECT_EQ(measured("multiprocessors_measured").note, "");
  for (int size : {1, 2, 4, 8, 16}) {
    EXPECT_EQ(measured(fmt::format("exec_cluster_size_{}", size)).value, "passed");
    EXPECT_EQ(measured(fmt::format("launch_cluster_size_{}", size)).value, "CUDA_SUCCESS");
    EXPECT_EQ(measured(fmt::format("max_active_clusters_size_{}", size)).value, 1);
  }
  EXPECT_EQ(measured("exec_dsmem").value, "passed");
  EXPECT_EQ(status(Stage::verify), StageStatus::ok);
  EXPECT_EQ(record.controls.canary, ControlStatus::ok);
  EXPECT_EQ(record.controls.negative, ControlStatus::ok) << record.control_note;
  EXPECT_EQ(record.cases.size(), 7u);  // two sizes of shared memory, five of clusters
  EXPECT_EQ(device.live_allocations(), 0u);
}

TEST_F(DeviceLimitsTest, AnAssemblerThatBreaksDownIsNoLimit) {
  assembler.complains_late = true;
  assembler.rule = [](std::string_view ptx, Target) { return ptx.find("pool[") == ptx.npos ? "" : "out of memory"; };
  ask(ask_device_limits);
  EXPECT_TRUE(measured("static_shared_memory_sm_90a").value.is_null());
  EXPECT_EQ(measured("static_shared_memory_sm_90a").note, "nvJitLinkComplete answered");
}

TEST_F(DeviceLimitsTest, ADriverThatPromisesTooMuchIsContradicted) {
  dynamic_limit = 101376;
  processors = 48;
  ask(ask_device_limits);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").value, 101376);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").note, "differs: the driver reports 232448 B");
  EXPECT_EQ(measured("multiprocessors_measured").value, 48);
  EXPECT_EQ(measured("multiprocessors_measured").note, "differs: the driver reports 132");
  EXPECT_EQ(status(Stage::verify), StageStatus::ok);
}

TEST_F(DeviceLimitsTest, ADriverThatPromisesTooLittleIsContradictedToo) {
  dynamic_limit = 300'000;
  processors = 160;
  ask(ask_device_limits);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").value, 300'000);
  EXPECT_EQ(measured("multiprocessors_measured").value, 160);
}

TEST_F(DeviceLimitsTest, ARefusedClusterSizeIsAnAnswer) {
  largest_cluster = 8;
  ask(ask_device_limits);
  EXPECT_EQ(measured("exec_cluster_size_8").value, "passed");
  EXPECT_EQ(measured("exec_cluster_size_16").value, "refused");
  EXPECT_EQ(measured("launch_cluster_size_16").value, "CUDA_ERROR_INVALID_CLUSTER_SIZE");
  EXPECT_EQ(status(Stage::launch), StageStatus::ok);
  EXPECT_EQ(status(Stage::verify), StageStatus::ok);
}

TEST_F(DeviceLimitsTest, WrongRanksAreAMismatch) {
  ranks_are_right = false;
  ask(ask_device_limits);
  EXPECT_EQ(measured("exec_cluster_size_1").value, "passed");
  EXPECT_EQ(measured("exec_cluster_size_2").value, "mismatch");
  EXPECT_EQ(measured("exec_dsmem").value, "mismatch");
  EXPECT_EQ(status(Stage::verify), StageStatus::failed);
  EXPECT_EQ(record.stage(Stage::verify).message,
            "case 'cluster of 2': blocks[5]: expected 0x00000001, observed 0x00000000");
  EXPECT_EQ(record.cases[3].mismatches, 2);
}

TEST_F(DeviceLimitsTest, MemoryThatDoesNotHoldIsNotALimitThatHolds) {
  damaged_from = 200'000;
  ask(ask_device_limits);
  EXPECT_EQ(measured("dynamic_shared_memory_measured").value, 199'999);
  EXPECT_EQ(status(Stage::verify), StageStatus::failed);
}

TEST_F(DeviceLimitsTest, ABlockThatDoesNotReportIsNoCount) {
  device.kernels["sm_census"] = [](FakeDevice&, const FakeDevice::Launch&) { return ok(); };
  ask(ask_device_limits);
  EXPECT_TRUE(measured("multiprocessors_measured").value.is_null());
  EXPECT_EQ(measured("multiprocessors_measured").note, "block 0 of the census did not report");
}

TEST_F(DeviceLimitsTest, AFaultEndsTheQuestion) {
  device.synchronize_answer = test::refused("cuCtxSynchronize", 700, "CUDA_ERROR_ILLEGAL_ADDRESS");
  ask(ask_device_limits);
  EXPECT_EQ(status(Stage::launch), StageStatus::ok);
  EXPECT_EQ(status(Stage::complete), StageStatus::failed);
  EXPECT_EQ(record.stage(Stage::complete).name, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(status(Stage::verify), StageStatus::not_reached);
  EXPECT_EQ(device.launched, std::vector<std::string>{"shared_touch"});
}

TEST_F(DeviceLimitsTest, AFaultInTheSearchEndsTheSearch) {
  device.kernels["shared_touch"] = [this](FakeDevice& gpu, const FakeDevice::Launch& launch) {
    if (launch.shape.dynamic_shared_bytes > 1024)
      gpu.synchronize_answer = test::refused("cuCtxSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED");
    return touch_shared(gpu, launch);
  };
  ask(ask_device_limits);
  EXPECT_TRUE(measured("dynamic_shared_memory_measured").value.is_null());
  EXPECT_EQ(status(Stage::complete), StageStatus::failed);
  EXPECT_EQ(device.launched.size(), 3u);  // the smallest, the negative control, the one that faulted
}

TEST_F(DeviceLimitsTest, WritingBesideTheOutputFailsTheCanary) {
  device.kernels["shared_touch"] = [this](FakeDevice& gpu, const FakeDevice::Launch& launch) {
    gpu.store<std::uint32_t>(launch.arg<cuda::Address>(0) + 16, 0);
    return touch_shared(gpu, launch);
  };
  ask(ask_device_limits);
  EXPECT_EQ(record.controls.canary, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "case 'dynamic shared memory 1024 B': memory beside 'touched' was overwritten");
}

TEST_F(DeviceLimitsTest, AKernelThatIgnoresItsInputFailsTheNegativeControl) {
  std::uint32_t remembered = 0;
  device.kernels["shared_touch"] = [&](FakeDevice& gpu, FakeDevice::Launch launch) {
    if (remembered == 0) remembered = launch.arg<std::uint32_t>(2);
    launch.parameters[2] = gate::bytes_of(remembered);
    return touch_shared(gpu, launch);
  };
  ask(ask_device_limits);
  EXPECT_EQ(record.controls.negative, ControlStatus::failed);
  EXPECT_EQ(record.control_note, "a changed operand moved 0 words of 'touched', predicted were 3");
}

TEST_F(DeviceLimitsTest, ARefusedImageLeavesTheOtherAnswers) {
  device.load_answer = test::refused("cuModuleLoadDataEx", 209, "CUDA_ERROR_NO_BINARY_FOR_GPU");
  ask(ask_device_limits);
  EXPECT_EQ(status(Stage::load), StageStatus::refused);
  EXPECT_EQ(record.stage(Stage::load).code, 209);
  EXPECT_TRUE(measured("dynamic_shared_memory_measured").value.is_null());
  EXPECT_EQ(measured("static_shared_memory_sm_90a").value, 232448);
  EXPECT_EQ(measured("multiprocessor_count").value, 132);
}

TEST_F(DeviceLimitsTest, ClustersAreNotAskedOfAnOlderTarget) {
  facts.major = 8;
  set_attribute("cluster_launch", 0);
  ask(ask_device_limits);
  EXPECT_TRUE(measured("exec_cluster_size_2").value.is_null());
  EXPECT_EQ(measured("static_shared_memory_sm_80").value, 49152);
  EXPECT_EQ(status(Stage::verify), StageStatus::ok);
}

TEST_F(DeviceLimitsTest, AnEmulatedDeviceIsHandedTheText) {
  identity.kind = cuda::LibraryKind::emulated;
  assembler.rule = [this](std::string_view ptx, Target target) { return complain(ptx, target); };
  ask(ask_device_limits);
  const std::string text(reinterpret_cast<const char*>(device.image.data()), device.image.size());
  EXPECT_NE(text.find(".target sm_90a"), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
