#include "tests/fuzz/headers.h"

#include <gtest/gtest.h>

#include <set>

namespace assay::fuzz {
namespace {

TEST(HeadersTest, GoodFilesReachTheEnd) {
  for (const Image& seed : header_seeds()) {
    std::string breach;
    EXPECT_TRUE(run_header(seed, breach).written);
    EXPECT_EQ(breach, "");
  }
}

TEST(HeadersTest, TheSameSeedGivesTheSameFiles) {
  Random one(7), two(7);
  std::set<Image> images;
  const std::vector<Image> seeds = header_seeds();
  for (int i = 0; i < 100; ++i) {
    const Image image = mutate_header(seeds, one);
    EXPECT_EQ(image, mutate_header(seeds, two));
    images.insert(image);
  }
  EXPECT_GT(images.size(), 70u);
}

TEST(HeadersTest, DamageIsRefusedWithoutABreach) {
  Image image = header_seeds()[1];
  image.pop_back();
  std::string breach;
  const HeaderReached reached = run_header(image, breach);
  EXPECT_TRUE(reached.framed);
  EXPECT_FALSE(reached.accepted);
  EXPECT_EQ(breach, "");
  EXPECT_FALSE(run_header({}, breach).framed);
  EXPECT_EQ(breach, "");
}

}  // namespace
}  // namespace assay::fuzz
