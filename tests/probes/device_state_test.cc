#include "probes/device_state.h"

#include "tests/probes/device_fixture.h"

namespace assay::probes {
namespace {

using evidence::Stage;
using evidence::StageStatus;
using test::FakeDevice;

class DeviceStateTest : public DeviceQuestionTest {
 protected:
  static constexpr std::uint64_t kTileWords = 4096;

  DeviceStateTest() {
    set_attribute("multiprocessor_count", 1);
    device.free_bytes = 4 * 5 * 32768;  // a quarter: five tiles, more than the four blocks
    device.ns_a_launch = 100'000'000;   // one launch is a round's whole load
    device.ns_a_copy = 200'000'000;
    device.kernels["bandwidth_fill"] = [](FakeDevice& gpu, const FakeDevice::Launch& launch) {
      const std::uint64_t words = launch.arg<std::uint32_t>(1) * kTileWords;
      for (std::uint64_t i = 0; i < words; ++i)
        gpu.store(launch.arg<cuda::Address>(0) + 8 * i,
                  launch.arg<std::uint64_t>(2) * i + launch.arg<std::uint64_t>(3));
      return ok();
    };
    device.kernels["bandwidth_read"] = [](FakeDevice& gpu, const FakeDevice::Launch& launch) {
      return read(gpu, launch);
    };
  }

  static Status read(FakeDevice& gpu, const FakeDevice::Launch& launch) {
    const std::uint32_t blocks = launch.shape.grid.x, tiles = launch.arg<std::uint32_t>(1);
    for (std::uint32_t block = 0; block < blocks; ++block) {
      std::uint64_t sum = 0;
      for (std::uint64_t tile = block; tile < tiles; tile += blocks)
        for (std::uint64_t i = 0; i < kTileWords; ++i)
          sum += gpu.fetch<std::uint64_t>(launch.arg<cuda::Address>(0) + 8 * (tile * kTileWords + i));
      gpu.store(launch.arg<cuda::Address>(2) + 8 * block, sum);
    }
    return ok();
  }
};

TEST_F(DeviceStateTest, RatesCountTheBytesMoved) {
  ask(ask_device_state);
  EXPECT_EQ(measured("bench_read_bandwidth").value, 1'638'400);  // 5 tiles in 0.1 s
  EXPECT_EQ(measured("bench_read_bandwidth").unit, "B/s");
  EXPECT_EQ(measured("bench_read_bandwidth").note, "median of 9; 163840 B read a launch");
  EXPECT_EQ(measured("bench_read_bandwidth_low").value, 1'638'400);
  EXPECT_EQ(measured("bench_copy_bandwidth").value, 1'638'400);  // read and written: twice the bytes in twice the time
  EXPECT_EQ(measured("bench_copy_bandwidth").note, "median of 9; 163840 B read and as many written a copy");
  ASSERT_EQ(record.cases.size(), 2u);
  EXPECT_EQ(record.cases[0].name, "read");
  EXPECT_EQ(record.cases[1].name, "copy");
  EXPECT_EQ(record.cases[0].compared, 8);  // four 64-bit sums
  EXPECT_EQ(record.cases[0].expected_sha256, record.cases[1].expected_sha256);
  EXPECT_EQ(status(Stage::verify), StageStatus::ok);
  EXPECT_EQ(device.live_allocations(), 0u);
}

TEST_F(DeviceStateTest, AReaderThatSkipsATileHasNoSpeed) {
  device.kernels["bandwidth_read"] = [](FakeDevice& gpu, FakeDevice::Launch launch) {
    launch.parameters[1] = gate::bytes_of(launch.arg<std::uint32_t>(1) - 1);
    return read(gpu, launch);
  };
  ask(ask_device_state);
  EXPECT_EQ(status(Stage::verify), StageStatus::failed);
  EXPECT_EQ(record.cases[0].mismatches, 2);
  EXPECT_TRUE(measured("bench_read_bandwidth").value.is_null());
  EXPECT_EQ(measured("bench_read_bandwidth").note,
            "a read or copy gave other data than expected, so its speed says nothing");
}

TEST_F(DeviceStateTest, ACopyThatDoesNotArriveHasNoSpeed) {
  class Idle : public FakeDevice {
    Result<std::int64_t> time_copy(cuda::Address, cuda::Address, std::size_t, int) override { return 1; }
  } idle;
  idle.free_bytes = device.free_bytes;
  idle.ns_a_launch = device.ns_a_launch;
  idle.kernels = device.kernels;
  with_context([&](gate::QuestionContext& context) {
    gate::QuestionContext other{context.facts,     context.driver,   idle,         context.nvml,
                                context.assembler, context.compiler, context.seed, context.record};
    ask_device_state(other);
  });
  ASSERT_EQ(record.cases.size(), 2u);
  EXPECT_EQ(record.cases[0].mismatches, 0);
  EXPECT_GT(record.cases[1].mismatches, 0);
  EXPECT_TRUE(measured("bench_copy_bandwidth").value.is_null());
}

TEST_F(DeviceStateTest, ReadingsAreTakenAtRestAndUnderLoad) {
  nvml.sm_clock = {1'980'000, ""};
  nvml.throttle = {0x4, ""};
  ask(ask_device_state);
  EXPECT_EQ(measured("idle_sm_clock").value, 1'980'000);
  EXPECT_EQ(measured("idle_sm_clock").unit, "kHz");
  EXPECT_EQ(measured("load_sm_clock_low").value, 1'980'000);
  EXPECT_EQ(measured("load_sm_clock_high").value, 1'980'000);
  EXPECT_EQ(measured("load_throttle_reasons").value, 4);
  EXPECT_EQ(measured("load_throttle_reasons").note, cuda::throttle_words(4));
  EXPECT_TRUE(measured("idle_power").value.is_null());
  EXPECT_EQ(measured("load_power_high").note, "NVML_ERROR_NOT_SUPPORTED");
}

TEST_F(DeviceStateTest, TheLowestAndTheHighestReadingUnderLoadAreKept) {
  nvml.sm_clock = {1'000'000, ""};
  nvml.sm_clock_step = 10;
  ask(ask_device_state);
  EXPECT_EQ(measured("idle_sm_clock").value, 1'000'000);
  EXPECT_EQ(measured("load_sm_clock_low").value, 1'000'010);
  EXPECT_EQ(measured("load_sm_clock_high").value, 1'000'090);
}

TEST_F(DeviceStateTest, NoNvmlLeavesNullsAndTheRates) {
  has_nvml = false;
  ask(ask_device_state);
  EXPECT_TRUE(measured("idle_throttle_reasons").value.is_null());
  EXPECT_EQ(measured("idle_throttle_reasons").note, "libnvidia-ml.so.1 was not found");
  EXPECT_EQ(measured("bench_read_bandwidth").value, 1'638'400);
}

TEST_F(DeviceStateTest, ARefusedCompilationIsAnAnswer) {
  compiler.complaint = "invalid value for --gpu-architecture";
  ask(ask_device_state);
  EXPECT_EQ(status(Stage::assemble), StageStatus::refused);
  EXPECT_EQ(measured("bench_read_bandwidth").note, "bandwidth.cu was refused");
}

TEST_F(DeviceStateTest, AFaultUnderLoadIsAFault) {
  int left = 5;
  class Dies : public FakeDevice {
   public:
    int* left = nullptr;
    Status synchronize() override {
      return (*left)-- > 0 ? ok() : Status(test::refused("cuCtxSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED"));
    }
  } dies;
  dies.left = &left;
  dies.free_bytes = device.free_bytes;
  dies.ns_a_launch = device.ns_a_launch;
  dies.kernels = device.kernels;
  with_context([&](gate::QuestionContext& context) {
    gate::QuestionContext other{context.facts,     context.driver,   dies,         context.nvml,
                                context.assembler, context.compiler, context.seed, context.record};
    ask_device_state(other);
  });
  EXPECT_EQ(status(Stage::complete), StageStatus::failed);
  EXPECT_EQ(record.stage(Stage::complete).name, "CUDA_ERROR_LAUNCH_FAILED");
  EXPECT_TRUE(measured("bench_read_bandwidth").value.is_null());
}

TEST_F(DeviceStateTest, AnEmulatedDeviceIsNotTimed) {
  identity.kind = cuda::LibraryKind::emulated;
  ask(ask_device_state);
  EXPECT_TRUE(device.launched.empty());
  EXPECT_EQ(measured("bench_copy_bandwidth").note, "an emulated device has no bandwidth");
}

}  // namespace
}  // namespace assay::probes
