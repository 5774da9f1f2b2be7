#include "kernels/bench/turns.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

class TurnsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* entry : {"a", "b"}) {
      device_.kernels[entry] = [](test::FakeDevice&, const test::FakeDevice::Launch&) { return ok(); };
      function_[entry] = *device_.resolve({}, entry);
    }
    device_.ns_of_entry = {{"a", 100'000}, {"b", 2'000'000}};
  }
  Contestant contestant(const std::string& entry, std::int64_t copies) {
    return {entry, std::vector<cuda::Work>(static_cast<std::size_t>(copies), cuda::KernelLaunch{function_[entry]}),
            copies};
  }

  test::FakeDevice device_;
  std::map<std::string, cuda::Function> function_;
  const TurnOptions options_{.samples = 9, .replay_ns = 1'000'000, .warm_up_ns = 0};
};

TEST_F(TurnsTest, APassIsRepeatedUntilAReplayIsLongEnough) {
  const std::vector<Contestant> contestants{contestant("a", 3), contestant("b", 1)};
  const auto timed = time_in_turns(device_, contestants, options_, [] {});
  ASSERT_TRUE(timed);
  EXPECT_EQ((*timed)[0].launches, 12);  // 300 us a pass, 4 passes
  EXPECT_EQ((*timed)[1].launches, 1);
  EXPECT_EQ((*timed)[0].samples_ns, std::vector<std::int64_t>(9, 1'200'000));
  EXPECT_EQ((*timed)[1].samples_ns, std::vector<std::int64_t>(9, 2'000'000));
  EXPECT_EQ((*timed)[0].warmups, 2);
  EXPECT_EQ(device_.live_graphs(), 0U);
}

TEST_F(TurnsTest, ContestantsTakeTurns) {
  const std::vector<Contestant> contestants{contestant("b", 1), contestant("a", 10)};
  std::vector<std::size_t> looks;
  ASSERT_TRUE(time_in_turns(device_, contestants, options_, [&] { looks.push_back(device_.launched.size()); }));
  ASSERT_EQ(looks.size(), 10U);  // before the first round, and after each
  std::string order;
  for (std::size_t i = looks[0]; i < looks[2]; ++i) order += device_.launched[i];
  EXPECT_EQ(order, "baaaaaaaaaabaaaaaaaaaa");
}

TEST_F(TurnsTest, WarmingUpTakesAsLongAsItIsAsked) {
  const std::vector<Contestant> contestants{contestant("b", 1)};
  TurnOptions options = options_;
  options.warm_up_ns = 9'000'000;
  EXPECT_EQ((*time_in_turns(device_, contestants, options, [] {}))[0].warmups, 5);
}

TEST_F(TurnsTest, AFaultWhileTimingIsAnErrorAndLeavesNoGraph) {
  const std::vector<Contestant> contestants{contestant("a", 3)};
  int replays = 0;
  device_.on_replay = [&](std::int64_t took) {
    if (++replays == 4) device_.synchronize_answer = test::refused("cuEventSynchronize", 700, "CUDA_ERROR_ILLEGAL");
    return took;
  };
  EXPECT_EQ(time_in_turns(device_, contestants, options_, [] {}).error().code, 700);
  EXPECT_EQ(device_.live_graphs(), 0U);
}

TEST_F(TurnsTest, NothingToTimeIsAnError) {
  const std::vector<Contestant> contestants{{"empty", {}, 0}};
  EXPECT_EQ(time_in_turns(device_, contestants, options_, [] {}).error().message, "empty: nothing to time");
}

TEST(RepeatsTest, AreBoundedByTheNodesOfAGraph) {
  EXPECT_EQ(repeats_for(10, 1'000'000, 1), 4096);
  EXPECT_EQ(repeats_for(10, 1'000'000, 1024), 4);
  EXPECT_EQ(repeats_for(0, 1'000'000, 8000), 1);
  EXPECT_EQ(repeats_for(5'000'000, 1'000'000, 1), 1);
}

}  // namespace
}  // namespace assay::kernels::bench
