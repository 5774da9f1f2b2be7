#include "kernels/bench/plain_read.h"

#include <gtest/gtest.h>

#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

class PlainReadTest : public testing::Test {
 protected:
  PlainReadTest() {
    for (const char* entry : {"assay_plain_read_2", "assay_plain_read_4"})
      device_.kernels[entry] = [this](test::FakeDevice&, const test::FakeDevice::Launch& launch) {
        launches_.push_back(launch);
        return ok();
      };
    work_.arrays = {{.name = "a", .bytes = 1 << 20, .use = Use::streamed}};
  }
  /// The 16-byte words that the launches from `first` on read, each launch's threads all in range.
  static std::uint64_t words(const test::FakeDevice::Launch& launch) { return launch.arg<std::uint64_t>(1); }

  test::FakeDevice device_;
  Workload work_;
  std::vector<test::FakeDevice::Launch> launches_;
  const std::vector<std::byte> image_{std::byte{1}};
};

TEST_F(PlainReadTest, AGridReachesEveryWordOnce) {
  const auto read = PlainRead::load(device_, image_);
  ASSERT_TRUE(read);
  for (const ReadForm& form : read_forms())
    for (const std::int64_t bytes : {16, 8192, 8208, 1'000'000}) {
      const auto work = read->read(form, 0x1000, bytes);
      ASSERT_TRUE(work);
      ASSERT_TRUE(device_.enqueue(*work));
      const auto& launch = launches_.back();
      const std::uint64_t a_block = std::uint64_t{form.loads} * form.threads;
      EXPECT_EQ(words(launch), static_cast<std::uint64_t>(bytes / 16));
      EXPECT_EQ(launch.shape.block.x, form.threads);
      EXPECT_GE(launch.shape.grid.x * a_block, words(launch));
      EXPECT_LT((launch.shape.grid.x - 1) * a_block, words(launch));
      EXPECT_EQ(launch.arg<std::uint32_t>(2), 0U);  // the mask under which nothing is ever stored
      EXPECT_NE(launch.arg<cuda::Address>(3), 0U);
    }
}

TEST_F(PlainReadTest, TheQuickestFormIsTheFloor) {
  device_.ns_of_entry = {{"assay_plain_read_2", 900}, {"assay_plain_read_4", 800}};
  const auto placed = Placement::place(device_, work_, 3 << 20);
  const auto read = PlainRead::load(device_, image_);
  ASSERT_TRUE(placed && read);
  const auto floor = read->of_copies(*placed);
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->launches, 3);
  launches_.clear();
  device_.launched.clear();
  for (const cuda::Work& work : floor->pass) ASSERT_TRUE(device_.enqueue(work));
  EXPECT_EQ(device_.launched, std::vector<std::string>(3, "assay_plain_read_4"));
  for (std::size_t copy = 0; copy < 3; ++copy)
    EXPECT_EQ(launches_[copy].arg<cuda::Address>(0), placed->at(0, static_cast<std::int64_t>(copy)));
  EXPECT_EQ(device_.live_graphs(), 0U);
}

TEST_F(PlainReadTest, EverythingIsReadInOneLaunch) {
  const auto placed = Placement::place(device_, work_, 3 << 20);
  const auto read = PlainRead::load(device_, image_);
  ASSERT_TRUE(placed && read);
  const auto all = read->of_all(*placed);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->launches, 1);
  ASSERT_EQ(all->pass.size(), 1U);
  ASSERT_TRUE(device_.enqueue(all->pass.front()));
  EXPECT_EQ(words(launches_.back()), 3U << 16);
}

TEST_F(PlainReadTest, ACopyCountsWhatIsReadAndWhatIsWritten) {
  device_.ns_a_copy = 4000;
  const auto placed = Placement::place(device_, work_, 3 << 20);
  ASSERT_TRUE(placed);
  EXPECT_EQ(*copy_bandwidth(device_, *placed), 2LL * (3 << 20) * 1'000'000'000 / 4000);
}

}  // namespace
}  // namespace assay::kernels::bench
