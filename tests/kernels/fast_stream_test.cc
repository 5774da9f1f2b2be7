#include "kernels/fast_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "tests/support/attempt_tools.h"

namespace assay::kernels {
namespace {

/// The first words of SplitMix64 from 1234567, as Vigna's reference program prints them.
TEST(FastStreamTest, IsSplitMix64) {
  FastStream stream(1234567);
  std::vector<std::uint64_t> words;
  for (int i = 0; i < 5; ++i) words.push_back(stream.next());
  EXPECT_THAT(words, testing::ElementsAre(6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                          4593380528125082431u, 16408922859458223821u));
}

TEST(FastStreamTest, FillsLowBytesFirstAndLeavesNoByteOut) {
  FastStream words(7), bytes(7);
  std::array<std::uint8_t, 11> filled{};
  bytes.fill(filled);
  const std::uint64_t first = words.next(), second = words.next();
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(filled[i], static_cast<std::uint8_t>(first >> (8 * i)));
  for (std::size_t i = 8; i < 11; ++i) EXPECT_EQ(filled[i], static_cast<std::uint8_t>(second >> (8 * (i - 8))));
}

TEST(FastStreamTest, BelowReachesBothEndsAndNoFurther) {
  FastStream stream(1);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(stream.below(0x7f));
  EXPECT_EQ(seen.size(), 0x7fu);
  EXPECT_EQ(*seen.rbegin(), 0x7eu);
}

TEST(FastStreamTest, SeedAndLabelBothCount) {
  const gate::Seed one = test::test_seed("a"), other = test::test_seed("b");
  EXPECT_EQ(FastStream(one, "x").next(), FastStream(one, "x").next());
  EXPECT_NE(FastStream(one, "x").next(), FastStream(one, "y").next());
  EXPECT_NE(FastStream(one, "x").next(), FastStream(other, "x").next());
}

}  // namespace
}  // namespace assay::kernels
