#include "kernels/bench/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file_system.h"
#include "tests/artifact/model.h"
#include "tests/bench/ordered_device.h"

namespace assay::kernels::bench {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class LayerTest : public testing::Test {
 protected:
  void SetUp() override {
    artifact::Model model;
    for (const char* name : {"l.gate_proj", "l.up_proj", "l.down_proj"}) model.add_module(name, 96, 64);
    int byte = 0;
    for (auto& [name, tensor] : model.tensors)
      if (tensor.dtype == artifact::Dtype::U8)
        for (std::byte& one : tensor.bytes) one = static_cast<std::byte>(byte = (byte * 5 + 77) % 256);
    artifact::write(model, folder_.path());
    checkpoint_.emplace(*artifact::Checkpoint::open(folder_.path()));
    artifact_ = *artifact::check_artifact(*checkpoint_);
    layers_ = layers_of(artifact_);
  }
  const Layer& layer(std::string_view name) const { return *std::ranges::find(layers_, name, &Layer::name); }

  Result<LayerOutcome> run(std::string_view name, std::int64_t m, std::optional<TurnOptions> options = std::nullopt) {
    const Choice choice{.product = &row_, .prepare = &kStandIns[1]};
    const BenchTools tools{.device = device_, .rotate_bytes = 20'000, .compile = any_image};
    return measure_layer(*checkpoint_, layer(name), m, seed_, choice, {}, tools, options);
  }
  std::string complaint_of(std::string_view name) {
    const auto outcome = run(name, 3);
    return outcome ? outcome->measured.why_not : outcome.error().message;
  }

  TemporaryFolder folder_;
  std::optional<artifact::Checkpoint> checkpoint_;
  artifact::Artifact artifact_;
  std::vector<Layer> layers_;
  gate::Seed seed_ = gate::derive_seed({}, "layer", "test");
  Kernel row_ = ordered_row(Lane::wgmma, "kernel.ordered");
  OrderedDevice device_;
};

TEST_F(LayerTest, ALayerThatIsOnlyCheckedIsRightAndHasNoTime) {
  for (const char* name : {"l.down_proj", "l.gate_proj+up_proj"}) {
    device_.launched.clear();
    const auto outcome = run(name, 3);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->measured.why_not, "");
    EXPECT_EQ(outcome->compared, 96 * 3);
    EXPECT_GT(outcome->measured.worst, 0);
    EXPECT_LE(outcome->measured.worst, 1);
    EXPECT_GT(outcome->measured.relative_error, 0);
    EXPECT_LT(outcome->measured.relative_error, 4e-3);
    EXPECT_EQ(outcome->measured.copies, 1);
    EXPECT_EQ(outcome->measured.performance.samples, 0);
    EXPECT_EQ(device_.launched, (std::vector<std::string>{"prepare", "ordered", "ordered"}));
    EXPECT_EQ(device_.live_allocations(), 0U);
  }
}

TEST_F(LayerTest, ALayerIsTimedOverCopiesBesideThePlainRead) {
  device_.ns_of_entry = {
      {"ordered", 3000}, {"prepare", 2500}, {"assay_plain_read_2", 2000}, {"assay_plain_read_4", 1500}};
  const auto outcome = run("l.down_proj", 1, TurnOptions{.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->measured.why_not, "");
  EXPECT_EQ(outcome->choice, "one loop");
  EXPECT_EQ(outcome->measured.performance.median_ns, 3000);
  EXPECT_EQ(outcome->measured.performance.floor_ns, 1500);
  EXPECT_GT(outcome->measured.copies, 1);
  EXPECT_FALSE(outcome->measured.peer);
  ASSERT_TRUE(outcome->prepared);
  EXPECT_EQ(outcome->prepared->why_not, "");
  EXPECT_EQ(outcome->prepared->performance.median_ns, 2500);
  EXPECT_EQ(outcome->prepared->performance.floor_ns, 1500);
  EXPECT_EQ(outcome->prepared->performance.bytes, 96 * 64 / 2 + 96 * 64 / 16 + 6 * 1152);
}

TEST_F(LayerTest, APreparationIsComparedByteByByte) {
  // What multiplies the scale of padding changes no output.
  device_.kernels["prepare"] = [whole = device_.kernels["prepare"]](test::FakeDevice& device,
                                                                    const test::FakeDevice::Launch& launch) {
    const Status done = whole(device, launch);
    device.store(launch.arg<cuda::Address>(2) + kUnitScales + 4, std::uint8_t{0x51});
    return done;
  };
  const auto outcome = run("l.down_proj", 1, TurnOptions{.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->measured.why_not, "");
  ASSERT_TRUE(outcome->prepared);
  EXPECT_EQ(outcome->prepared->why_not, "before timing: byte 1028 is 0x51, expected 0x50");
}

TEST_F(LayerTest, WhatTheDevicePreparesWronglyIsAWrongLayer) {
  device_.kernels["prepare"] = [](test::FakeDevice& device, const test::FakeDevice::Launch& launch) {
    const std::vector<std::byte> ones(fragment_order_bytes(launch.arg<std::int32_t>(3), launch.arg<std::int32_t>(4)),
                                      std::byte{0x51});
    return device.write(launch.arg<cuda::Address>(2), ones);
  };
  EXPECT_THAT(complaint_of("l.down_proj"), HasSubstr(" of 288 outputs are wrong, the first y["));
}

TEST_F(LayerTest, WrongOutputsAreFound) {
  device_.sabotage.ignores_scale = true;
  EXPECT_THAT(complaint_of("l.gate_proj+up_proj"), HasSubstr(" of 288 outputs are wrong, the first y["));
  device_.sabotage = {.leaks_rows = true};
  EXPECT_THAT(complaint_of("l.down_proj"), HasSubstr(" of 288 outputs are wrong, the first y[0]: expected "));
}

TEST_F(LayerTest, ASecondLaunchMustGiveTheSameBitsAndLeaveTheWorkspaceZeroed) {
  device_.sabotage.another_second = true;
  EXPECT_EQ(complaint_of("l.up_proj"), "a second launch: the same inputs gave other bits: copy 0, byte 4");
  device_.sabotage = {.leaves_workspace = true};
  EXPECT_EQ(complaint_of("l.up_proj"), "a second launch: the workspace was not left zeroed: byte 0");
}

TEST_F(LayerTest, AFileThatCannotBeReadIsAnError) {
  std::filesystem::resize_file(folder_.path() / "model.safetensors", 64);
  const auto outcome = run("l.down_proj", 1);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("model.safetensors"));
  EXPECT_THAT(device_.launched, Not(Contains("ordered")));
}

TEST(ByteOracleTest, AnotherSizeIsAComplaint) {
  ByteOracle oracle({1, 2, 3});
  EXPECT_EQ(oracle.judge(std::as_bytes(std::span("\1\2\3", 3)))->complaint, "");
  EXPECT_EQ(oracle.judge(std::as_bytes(std::span("\1\2", 2)))->complaint, "2 bytes, expected 3");
}

TEST(ElementOracleTest, WhatNobodyComparesMustBeWrittenToo) {
  const Problem problem{.m = 1, .n = 3, .k = 16};
  ElementOracle oracle(problem, {{.row = 0, .column = 1, .value = 1, .bound = 0.01}});
  std::vector<std::uint16_t> codes{0x3f80, 0x3f80, 0x3f80};
  EXPECT_EQ(oracle.judge(std::as_bytes(std::span(codes)))->complaint, "");
  codes[2] = 0xffff;
  EXPECT_THAT(oracle.judge(std::as_bytes(std::span(codes)))->complaint, StartsWith("y[0][2] is "));
  codes.resize(1);
  EXPECT_EQ(oracle.judge(std::as_bytes(std::span(codes)))->complaint, "0 of 1 outputs were compared");
}

TEST(ElementOracleTest, TheLargestErrorIsToldOfAWrongOutputToo) {
  const Problem problem{.m = 1, .n = 2, .k = 16};
  ElementOracle oracle(
      problem, {{.row = 0, .column = 0, .value = 1, .bound = 0.25}, {.row = 0, .column = 1, .value = 1, .bound = 0}});
  const auto worst = [&](std::vector<std::uint16_t> codes) {
    return oracle.judge(std::as_bytes(std::span(codes)))->worst;
  };
  EXPECT_EQ(worst({0x3f80, 0x3f80}), 0);
  EXPECT_EQ(worst({0x3f90, 0x3f80}), 0.5);
  EXPECT_EQ(worst({0x4000, 0x3f80}), 4);
  EXPECT_EQ(worst({0x3f80, 0x3f81}), 1e6);
  EXPECT_EQ(worst({0x7fc0, 0x3f80}), 1e6);
}

TEST(ElementOracleTest, ManyElementsMustBeNearTogether) {
  const Problem problem{.m = 1, .n = 512, .k = 16};
  std::vector<Element> elements;
  for (std::int64_t i = 0; i < problem.n; ++i) elements.push_back({.row = 0, .column = i, .value = 1, .bound = 0.01});
  const std::vector<std::uint16_t> right(512, 0x3f80), off(512, 0x3f81);
  EXPECT_EQ(ElementOracle(problem, elements).judge(std::as_bytes(std::span(right)))->complaint, "");
  EXPECT_EQ(ElementOracle(problem, elements).judge(std::as_bytes(std::span(off)))->complaint,
            "relative error of all outputs 0.00781, allowed 0.002");
  elements.resize(128);
  EXPECT_EQ(ElementOracle(problem, elements).judge(std::as_bytes(std::span(off)))->complaint, "");
}

}  // namespace
}  // namespace assay::kernels::bench
