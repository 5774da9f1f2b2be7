#include "harness/cuda/device.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "harness/cuda/launch_request.h"
#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class T>
Parameter parameter_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

class DeviceTest : public testing::Test {
 protected:
  void SetUp() override { open("good"); }
  void open(const std::string& stand_in) {
    seen_ = &seen_by(stand_in);
    *seen_ = StandInSeen{};
    auto driver = open_stand_in(stand_in);
    ASSERT_TRUE(driver);
    auto device = driver->open_device(0);
    ASSERT_TRUE(device);
    device_ = *std::move(device);
    auto module = device_->load(bytes_of("accept"));
    ASSERT_TRUE(module);
    module_ = *module;
    auto entry = device_->resolve(module_, "entry");
    ASSERT_TRUE(entry);
    entry_ = *entry;
  }

  std::vector<Parameter> parameters() const {
    TensorMap map;
    map.bytes.fill(std::byte{0x77});
    return {parameter_of(std::uint64_t{0x1122334455667788}), parameter_of(map)};
  }

  StandInSeen* seen_ = nullptr;
  std::unique_ptr<Device> device_;
  Module module_{};
  Function entry_{};
};

TEST_F(DeviceTest, AContextAndAStreamComeAndGo) {
  EXPECT_EQ(seen_->contexts, 1);
  EXPECT_EQ(seen_->streams, 1);
  // Not a non-blocking stream: host copies run on the default stream and must be ordered with launches.
  EXPECT_EQ(seen_->stream_flags, 0U);
  device_.reset();
  EXPECT_EQ(seen_->contexts, 0);
  EXPECT_EQ(seen_->streams, 0);
}

TEST_F(DeviceTest, AnAcceptedImageKeepsItsLogUntilUnloaded) {
  EXPECT_TRUE(seen_->image_ends_in_zero);
  EXPECT_EQ(seen_->jit_options, 5);
  EXPECT_EQ(device_->load_log(module_), "compiled for sm_90a");
  device_->unload(module_);
  EXPECT_EQ(device_->load_log(module_), "");
}

TEST_F(DeviceTest, ARefusedImageGivesCodeNameSentenceAndLog) {
  auto refused = device_->load(bytes_of("refuse"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().message,
      "loading an image of 6 bytes: cuModuleLoadDataEx answered 209 CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image "
      "is available for execution on the device");
  EXPECT_EQ(refused.error().call, "cuModuleLoadDataEx");
  EXPECT_EQ(refused.error().code, 209);
  EXPECT_EQ(refused.error().name, "CUDA_ERROR_NO_BINARY_FOR_GPU");
  EXPECT_EQ(refused.error().log, "ptxas error : no such SM");
}

TEST_F(DeviceTest, AnUnknownEntryIsAnError) {
  auto missing = device_->resolve(module_, "no_such");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "looking for entry 'no_such': cuModuleGetFunction answered 500 CUDA_ERROR_NOT_FOUND");
}

TEST_F(DeviceTest, MemoryHoldsWhatWasWritten) {
  auto address = device_->allocate(6);
  ASSERT_TRUE(address);
  ASSERT_TRUE(device_->write(*address, bytes_of("assay!")));
  std::string back(6, '?');
  ASSERT_TRUE(device_->read(*address, std::as_writable_bytes(std::span(back))));
  EXPECT_EQ(back, "assay!");
  EXPECT_TRUE(device_->release(*address));
  EXPECT_EQ(device_->allocate(0).error().message,
            "allocating 0 bytes: cuMemAlloc_v2 answered 1 CUDA_ERROR_INVALID_VALUE");
  EXPECT_EQ(device_->memory_info()->free_bytes, 3U);
  EXPECT_EQ(device_->memory_info()->total_bytes, 7U);
}

TEST_F(DeviceTest, APlainLaunchHasNoAttributes) {
  const LaunchShape shape{.grid = {2, 3, 4}, .block = {32, 5, 6}, .dynamic_shared_bytes = 48 << 10};
  ASSERT_TRUE(device_->launch(entry_, shape, parameters()));
  EXPECT_EQ(seen_->grid, (std::array<unsigned, 3>{2, 3, 4}));
  EXPECT_EQ(seen_->block, (std::array<unsigned, 3>{32, 5, 6}));
  EXPECT_EQ(seen_->dynamic_shared, 48U << 10);
  EXPECT_FALSE(seen_->has_cluster);
  EXPECT_EQ(seen_->shared_opt_in, 0);
  EXPECT_EQ(seen_->non_portable, 0);
  EXPECT_TRUE(device_->synchronize());
}

TEST_F(DeviceTest, ParametersArriveWholeAndAligned) {
  ASSERT_TRUE(device_->launch(entry_, {}, parameters()));
  EXPECT_EQ(seen_->first_parameter, 0x1122334455667788U);
  EXPECT_EQ(seen_->second_parameter.front(), std::byte{0x77});
  EXPECT_EQ(seen_->second_parameter.back(), std::byte{0x77});
  EXPECT_TRUE(seen_->parameters_aligned);
}

TEST(ParameterCopiesTest, EveryCopyIsAlignedForATensorMap) {
  std::vector<ParameterCopies> kept;  // all alive at once, so that no lucky allocation serves them all
  for (std::size_t count = 1; count <= 8; ++count) {
    auto copies = ParameterCopies::of(std::vector<Parameter>(count, Parameter(4)));
    ASSERT_TRUE(copies);
    kept.push_back(*std::move(copies));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(kept.back().pointers()[i]) % 64, 0U) << i << " of " << count;
    }
  }
}

TEST_F(DeviceTest, AClusterAndLargeSharedMemoryAreOptedInTo) {
  const LaunchShape shape{.grid = {16, 1, 1},
                          .block = {128, 1, 1},
                          .cluster = {16, 1, 1},
                          .dynamic_shared_bytes = (48 << 10) + 1,
                          .non_portable_cluster = true};
  ASSERT_TRUE(device_->launch(entry_, shape, parameters()));
  EXPECT_TRUE(seen_->has_cluster);
  EXPECT_EQ(seen_->cluster, (std::array<unsigned, 3>{16, 1, 1}));
  EXPECT_EQ(seen_->shared_opt_in, (48 << 10) + 1);
  EXPECT_EQ(seen_->non_portable, 1);
}

TEST_F(DeviceTest, ARefusedOptInEndsTheLaunch) {
  auto refused = device_->launch(entry_, {.dynamic_shared_bytes = 300'000}, parameters());
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().message,
      "opting in to 300000 bytes of dynamic shared memory: cuFuncSetAttribute answered 1 CUDA_ERROR_INVALID_VALUE");
  EXPECT_EQ(seen_->launches, 0);
}

TEST_F(DeviceTest, ParametersOfNoBytesOrTooManyAreRefused) {
  const std::vector<Parameter> large{Parameter(8), Parameter(129)}, empty{Parameter()};
  EXPECT_EQ(device_->launch(entry_, {}, large).error().message,
            "kernel parameter 1 has 129 bytes: 1 to 128 can be passed");
  EXPECT_EQ(device_->launch(entry_, {}, empty).error().message,
            "kernel parameter 0 has 0 bytes: 1 to 128 can be passed");
  EXPECT_EQ(seen_->launches, 0);
}

TEST_F(DeviceTest, TimeIsThatOfTheRepeatsAfterOneWarmUp) {
  auto time = device_->time(entry_, {}, parameters(), 5);
  ASSERT_TRUE(time);
  EXPECT_EQ(*time, 250'000);
  EXPECT_EQ(seen_->launches, 6);
  EXPECT_EQ(seen_->events, 0);  // as many destroyed as made
}

TEST_F(DeviceTest, CopiesAreTimedTheSameWay) {
  const auto from = device_->allocate(64), to = device_->allocate(64);
  ASSERT_TRUE(from && to);
  EXPECT_EQ(*device_->time_copy(*to, *from, 64, 3), 250'000);
  EXPECT_EQ(seen_->copies, 4);
}

TEST_F(DeviceTest, AGraphIsCapturedOnceAndReplayedAsOften) {
  const Work launch = KernelLaunch{entry_, {}, parameters()};
  const std::vector<Work> sequence{launch, launch, launch};
  auto graph = device_->capture(sequence);
  ASSERT_TRUE(graph);
  EXPECT_EQ(seen_->captured, 3);
  EXPECT_FALSE(seen_->capturing);
  EXPECT_EQ(seen_->capture_mode, 1U);  // thread-local: another thread's calls cannot break it
  EXPECT_EQ(seen_->graphs, 0);         // the executable form is all that is kept
  EXPECT_EQ(seen_->executables, 1);
  EXPECT_EQ(*device_->replay(*graph), 250'000);
  EXPECT_EQ(*device_->replay(*graph), 250'000);
  EXPECT_EQ(seen_->graph_launches, 4);  // one goes ahead of each, so that the host's time is not in it
  EXPECT_EQ(seen_->events, 0);
  device_->forget(*graph);
  EXPECT_EQ(seen_->executables, 0);
  EXPECT_EQ(device_->replay(*graph).error().message, "replaying a graph that was not captured here");
}

TEST_F(DeviceTest, GraphsGoWithTheirDevice) {
  const std::vector<Work> sequence{KernelLaunch{entry_, {}, parameters()}};
  ASSERT_TRUE(device_->capture(sequence));
  device_.reset();
  EXPECT_EQ(seen_->executables, 0);
}

TEST_F(DeviceTest, AnotherLibrarysWorkIsGivenTheStream) {
  Stream given{};
  const Work work = [&given](Stream stream) {
    given = stream;
    return ok();
  };
  ASSERT_TRUE(device_->enqueue(work));
  EXPECT_NE(given, Stream{});
  given = {};
  ASSERT_TRUE(device_->capture(std::span(&work, 1)));
  EXPECT_NE(given, Stream{});
}

TEST_F(DeviceTest, ARefusalWhileCapturingEndsTheCapture) {
  const std::vector<Work> sequence{KernelLaunch{entry_, {}, parameters()},
                                   Enqueue([](Stream) -> Status { return Error{"no"}; })};
  EXPECT_EQ(device_->capture(sequence).error().message, "no");
  EXPECT_FALSE(seen_->capturing);
  EXPECT_EQ(seen_->graphs, 0);
  EXPECT_EQ(seen_->executables, 0);
}

TEST_F(DeviceTest, AGraphThatCannotBeMadeLeavesNothingBehind) {
  seen_->refuse_instantiation = true;
  const std::vector<Work> sequence{KernelLaunch{entry_, {}, parameters()}};
  EXPECT_EQ(device_->capture(sequence).error().message,
            "making a graph: cuGraphInstantiateWithFlags answered 1 CUDA_ERROR_INVALID_VALUE");
  EXPECT_EQ(seen_->graphs, 0);
}

TEST_F(DeviceTest, MemoryIsFilledAndCopiedOnTheDevice) {
  const auto from = device_->allocate(4), to = device_->allocate(4);
  ASSERT_TRUE(from && to);
  ASSERT_TRUE(device_->fill(*from, std::byte{0xff}, 4));
  ASSERT_TRUE(device_->copy(*to, *from, 4));
  std::uint32_t back = 0;
  ASSERT_TRUE(device_->read(*to, std::as_writable_bytes(std::span(&back, 1))));
  EXPECT_EQ(back, 0xffffffffU);
  EXPECT_EQ(seen_->fills, 1);
  EXPECT_EQ(seen_->copies, 1);
}

TEST_F(DeviceTest, OccupancyIsAskedWithTheClusterEvenOfOne) {
  EXPECT_EQ(*device_->max_active_clusters(entry_, {}), 66);
  EXPECT_TRUE(seen_->has_cluster);
  EXPECT_EQ(seen_->cluster, (std::array<unsigned, 3>{1, 1, 1}));
}

TEST_F(DeviceTest, ATensorMapIsEncodedFromItsPlainForm) {
  const TiledMap map{
      .type = ElementType::bf16, .dims = {64, 32}, .strides = {128}, .box = {64, 8}, .swizzle = Swizzle::b128};
  auto encoded = device_->encode(map, 0x10000);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->bytes.back(), std::byte{0x5a});
  EXPECT_EQ(seen_->map_rank, 2U);
  EXPECT_EQ(seen_->map_type, 9U);
  EXPECT_EQ(seen_->map_swizzle, 3U);
  EXPECT_EQ(seen_->map_first_dimension, 64U);
  EXPECT_EQ(seen_->map_first_stride, 128U);
  EXPECT_EQ(seen_->map_step, 1U);
}

TEST_F(DeviceTest, ATensorMapWithUnequalRanksIsRefused) {
  const TiledMap map{.dims = {64, 32}, .strides = {128, 4096}, .box = {64}};
  EXPECT_EQ(device_->encode(map, 0x10000).error().message,
            "tensor map of 2 dimensions: needs as many box extents (has 1) and one stride fewer (has 2)");
}

TEST_F(DeviceTest, ADriverWithoutTheNewerFunctionsSaysSo) {
  open("older");
  EXPECT_EQ(device_->launch(entry_, {}, parameters()).error().message,
            "driver has no cuLaunchKernelEx: older than CUDA 12.0");
  EXPECT_EQ(device_->time(entry_, {}, parameters(), 1).error().name, "cuLaunchKernelEx");
  EXPECT_EQ(device_->encode({.dims = {8}, .box = {8}}, 0x10000).error().name, "cuTensorMapEncodeTiled");
  EXPECT_EQ(device_->max_active_clusters(entry_, {}).error().name, "cuOccupancyMaxActiveClusters");
  EXPECT_EQ(device_->capture({}).error().name, "cuStreamBeginCapture_v2");
  EXPECT_EQ(device_->fill(0x1000, std::byte{}, 4).error().name, "cuMemsetD8Async");
}

}  // namespace
}  // namespace assay::cuda
