#include "kernels/bench/measure.h"

#include <gtest/gtest.h>

#include "kernels/bench/product.h"
#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

class MeasureTest : public testing::Test {
 protected:
  Result<Measured> run() {
    const Problem problem = BenchDevice::problem();
    const Inputs inputs = draw_inputs(problem);
    const auto work = product_workload(BenchDevice::product_plan(), nullptr, problem, inputs, BenchDevice::compile);
    if (!work) return work.error();
    // Three copies of a stride of 512 bytes: codes and scales, each aligned to 256.
    return measure_product(
        *work, inputs, problem, bounds_of(problem),
        {.device = device_, .nvml = &nvml_, .rotate_bytes = 1300, .compile = BenchDevice::compile, .with_peer = false},
        {.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  }

  BenchDevice device_;
  test::FakeNvml nvml_;
};

TEST_F(MeasureTest, ARightKernelGetsAFigureWithEverythingBesideIt) {
  device_.ns_of_entry = {{"product", 3000}, {"assay_plain_read_2", 2000}, {"assay_plain_read_4", 1500}};
  const auto measured = run();
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_EQ(measured->why_not, "");
  EXPECT_EQ(measured->copies, 3);
  EXPECT_EQ(measured->operand_copies, 3);
  EXPECT_FALSE(measured->fits_caches);
  const evidence::Performance& performance = measured->performance;
  EXPECT_EQ(performance.samples, 9);
  EXPECT_EQ(performance.median_ns, 3000);
  EXPECT_EQ(performance.spread_ns, 0);
  EXPECT_EQ(performance.floor, "plain read of the same bytes");
  EXPECT_EQ(performance.floor_ns, 1500);  // the quickest form
  EXPECT_EQ(performance.bytes, 4 * 32 / 2 + 4 * 32 / 16 + 2 * 2 * (32 + 4));
  EXPECT_EQ(performance.operations, 2 * 2 * 4 * 32);
  EXPECT_EQ(performance.launch, "grid 1x1x1, block 32x1x1, cluster 1, shared 0 B");
  EXPECT_EQ(performance.throttle, "not readable");
  EXPECT_LT(measured->relative_error, 2e-3);
  EXPECT_EQ(measured->read_bytes_per_second, 3 * 512 * 1'000'000'000LL / 1500);
  EXPECT_GT(measured->copy_bytes_per_second, 0);
  EXPECT_FALSE(measured->peer);
  EXPECT_EQ(device_.live_allocations(), 0U);
  EXPECT_EQ(device_.live_graphs(), 0U);
}

TEST_F(MeasureTest, AWrongOutputIsNeverTimed) {
  device_.spoil = [](std::uint16_t code, std::int64_t output) {
    return static_cast<std::uint16_t>(output == 5 ? code ^ 0x40 : code);
  };
  const auto measured = run();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->why_not.substr(0, 62), "before timing: 1 of 8 outputs are wrong, the first y[5]: expec");
  EXPECT_EQ(measured->performance.median_ns, 0);
  EXPECT_EQ(device_.products, 3);  // each copy once, and no more
}

TEST_F(MeasureTest, AnOutputThatIsNotWrittenIsWrong) {
  device_.kernels["product"] = [](test::FakeDevice&, const test::FakeDevice::Launch&) { return ok(); };
  EXPECT_NE(run()->why_not.find("8 of 8 outputs are wrong"), std::string::npos);
}

TEST_F(MeasureTest, AnotherCopyThatDiffersIsWrong) {
  int launches = 0;
  device_.spoil = [&](std::uint16_t code, std::int64_t output) {
    if (output == 0) ++launches;
    return static_cast<std::uint16_t>(launches == 2 && output == 3 ? code ^ 1 : code);
  };
  EXPECT_EQ(run()->why_not, "before timing: the same inputs gave other bits: copy 1, byte 6");
}

TEST_F(MeasureTest, AKernelThatGoesWrongWhileItIsTimedHasNoFigure) {
  device_.spoil = [this](std::uint16_t code, std::int64_t) {
    return static_cast<std::uint16_t>(device_.products > 20 ? code ^ 1 : code);
  };
  const auto measured = run();
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->why_not.substr(0, 47), "after timing: the same inputs gave other bits: ");
  EXPECT_EQ(measured->performance.median_ns, 0);
}

TEST_F(MeasureTest, AKernelThatStopsWritingHasNoFigure) {
  // Right until the timing is over: only the pass over fresh poison shows it.
  const auto product = device_.kernels["product"];
  int replays = 0;
  device_.on_replay = [&](std::int64_t took) { return ++replays, took; };
  bool timed = false;
  nvml_.sm_clock = {1, ""};
  nvml_.sm_clock_step = 1;
  device_.kernels["product"] = [&, product](test::FakeDevice& device, const test::FakeDevice::Launch& launch) {
    timed = *nvml_.sm_clock.value > 10;  // ten looks: all rounds are over
    return timed ? ok() : product(device, launch);
  };
  EXPECT_EQ(run()->why_not.substr(0, 47), "after timing: the same inputs gave other bits: ");
  EXPECT_TRUE(timed);
}

TEST_F(MeasureTest, AWorkspaceThatIsLeftDirtyIsToldOf) {
  device_.leaves_workspace = true;
  EXPECT_EQ(run()->why_not, "after timing: the workspace was not left zeroed: byte 0");
}

TEST_F(MeasureTest, AFaultIsAnError) {
  device_.synchronize_answer = test::refused("cuCtxSynchronize", 700, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(run().error().code, 700);
  EXPECT_EQ(device_.live_allocations(), 0U);
}

TEST_F(MeasureTest, AReferenceThatIsWrongJudgesNothing) {
  const auto reference = device_.kernels["assay_reference"];
  device_.kernels["assay_reference"] = [reference](test::FakeDevice& device, const test::FakeDevice::Launch& launch) {
    Status done = reference(device, launch);
    device.store(launch.arg<cuda::Address>(4), 12345.0);
    return done;
  };
  EXPECT_EQ(run().error().message.substr(0, 66), "the reference on the device is wrong: token 0, output 0 is 12345, ");
}

TEST_F(MeasureTest, AnEmptyWordIsSaidWhereTheCachesHoldEverything) {
  const Problem problem = BenchDevice::problem();
  const Inputs inputs = draw_inputs(problem);
  const auto work = product_workload(BenchDevice::product_plan(), nullptr, problem, inputs, BenchDevice::compile);
  const auto measured = measure_product(*work, inputs, problem, bounds_of(problem),
                                        {.device = device_,
                                         .nvml = nullptr,
                                         .rotate_bytes = 512 * 1024 + 1,
                                         .compile = BenchDevice::compile,
                                         .with_peer = false},
                                        {.samples = 1, .replay_ns = 0, .warm_up_ns = 0});
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->copies, 1024);
  EXPECT_TRUE(measured->fits_caches);
}

/// A peer whose work is the product kernel on its own BF16 arrays: here only what the measuring does with it.
class PeerTest : public MeasureTest {
 protected:
  Result<Measured> run_with_peer(std::function<Status()> work, bool wrong_first = false) {
    const Problem problem = BenchDevice::problem();
    const Inputs inputs = draw_inputs(problem);
    const auto kernel = product_workload(BenchDevice::product_plan(), nullptr, problem, inputs, BenchDevice::compile);
    const auto other = peer_workload(inputs, problem, BenchDevice::compile);
    const Peer peer{
        .name = "cuBLAS 13.0 BF16", .workload = &*other, .work = [&](const Placement& at, std::int64_t copy) {
          const Product product{at.at(2, copy), at.at(3, copy), at.at(4, copy), inputs.tensor_scales[0]};
          return cuda::Work(cuda::Enqueue([this, &work, product](cuda::Stream) {
            if (Status s = work(); !s) return s;
            return multiply(product);
          }));
        }};
    RightOracle oracle(inputs, problem);
    std::vector<Peer> peers{peer};
    if (wrong_first) {
      peers.push_back(peer);
      peers[0].work = [](const Placement&, std::int64_t) { return cuda::Work([](cuda::Stream) { return ok(); }); };
      peers[1].name = "second";
    }
    return measure(*kernel, oracle, peers,
                   {.device = device_, .nvml = nullptr, .rotate_bytes = 1300, .plain_read = image_},
                   {.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  }

 private:
  struct RightOracle : Oracle {
    RightOracle(const Inputs& given, const Problem& asked) : inputs(given), problem(asked) {}
    Result<Opinion> judge(std::span<const std::byte> output) override {
      std::uint16_t first = 0;
      std::memcpy(&first, output.data(), 2);
      const auto right = nvfp4::bf16_nearest(static_cast<float>(expected_output(inputs, problem, 0, 0).value));
      return Opinion{.complaint = first == right ? "" : "wrong"};
    }
    const Inputs& inputs;
    const Problem& problem;
  };
  struct Product {
    cuda::Address w = 0, x = 0, y = 0;
    float alpha = 1;
  };
  /// From the expanded weights, so that expanding is part of what is tested.
  Status multiply(const Product& product) {
    const Problem problem = BenchDevice::problem();
    for (std::int64_t i = 0; i < problem.m * problem.n; ++i) {
      double sum = 0;
      for (std::int64_t k = 0; k < problem.k; ++k)
        sum += value(product.w, i % problem.n * problem.k + k) * value(product.x, i / problem.n * problem.k + k);
      device_.store(product.y + static_cast<cuda::Address>(2 * i),
                    nvfp4::bf16_nearest(static_cast<float>(sum * product.alpha)));
    }
    return ok();
  }
  double value(cuda::Address matrix, std::int64_t element) {
    return nvfp4::bf16_value(device_.fetch<std::uint16_t>(matrix + static_cast<cuda::Address>(2 * element)));
  }
  const std::vector<std::byte> image_{std::byte{1}};
};

TEST_F(PeerTest, IsTimedInTheSameTurns) {
  device_.ns_a_library_call = 7000;
  const auto measured = run_with_peer([] { return ok(); });
  ASSERT_TRUE(measured) << measured.error().message;
  ASSERT_TRUE(measured->peer);
  EXPECT_EQ(measured->peer->why_not, "");
  EXPECT_EQ(measured->peer->name, "cuBLAS 13.0 BF16");
  EXPECT_EQ(measured->peer->spread.median, 7000);
}

TEST_F(PeerTest, TheFirstThatIsRightIsTimed) {
  const auto measured = run_with_peer([] { return ok(); }, true);
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->peer->name, "second");
  EXPECT_EQ(measured->peer->why_not, "");
  EXPECT_GT(measured->peer->spread.median, 0);
}

TEST_F(PeerTest, ThatRefusesIsAnAnswerAndNoFailure) {
  const auto measured = run_with_peer([]() -> Status { return Error{"cublasGemmEx answered 15"}; });
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->why_not, "");
  EXPECT_EQ(measured->peer->why_not, "cublasGemmEx answered 15");
  EXPECT_GT(measured->performance.median_ns, 0);
}

}  // namespace
}  // namespace assay::kernels::bench
