#include "harness/gate/challenge_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "harness/base/digest.h"

namespace assay::gate {
namespace {

std::array<std::byte, 32> counting_nonce() {
  std::array<std::byte, 32> nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::byte>(i);
  return nonce;
}

Seed counting_seed() { return derive_seed(counting_nonce(), "mma.sync.mxf4nvf4.4x", "sm_121a"); }

TEST(ChallengeStreamTest, SeedEqualsThePublishedVector) {
  EXPECT_EQ(hex(counting_seed()), "4184d744e132706e84fdf930548c409c7a7259e809a648fddbad33e74243aecf");
}

TEST(ChallengeStreamTest, SeedDependsOnEachPart) {
  const auto nonce = counting_nonce();
  const Seed seed = derive_seed(nonce, "a", "b");
  auto other_nonce = nonce;
  other_nonce[31] ^= std::byte{1};
  EXPECT_NE(seed, derive_seed(other_nonce, "a", "b"));
  EXPECT_NE(seed, derive_seed(nonce, "ab", ""));
  EXPECT_NE(seed, derive_seed(nonce, "a", "c"));
  EXPECT_NE(seed, derive_seed(nonce, "a", "b", "2"));
}

TEST(ChallengeStreamTest, StreamIsSha256OfKeyAndCounter) {
  const Seed seed = counting_seed();
  std::vector<std::byte> block(40);
  const Digest key = hmac_sha256(seed, "inputs");
  std::copy(key.begin(), key.end(), block.begin());
  const Digest first = sha256(block);
  block[32] = std::byte{1};
  const Digest second = sha256(block);

  std::vector<std::byte> expected(first.begin(), first.end());
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(ChallengeStream(seed, "inputs").bytes(64), expected);
}

/// A verifier on another host, years later, must draw the same bits.
TEST(ChallengeStreamTest, GoldenBits) {
  ChallengeStream stream(counting_seed(), "inputs");
  EXPECT_EQ(hex(stream.bytes(16)), "c9e2cf0a651dda8dceec18a1964ca593");
  EXPECT_EQ(stream.next(), 2839313767u);
  EXPECT_EQ(stream.below(1000), 555u);
  EXPECT_EQ(stream.between(-5, 5), 2);
}

TEST(ChallengeStreamTest, LabelsAreIndependent) {
  EXPECT_NE(ChallengeStream(counting_seed(), "inputs").bytes(32), ChallengeStream(counting_seed(), "poison").bytes(32));
}

TEST(ChallengeStreamTest, FillOfAnOddLengthIsAPrefix) {
  const std::vector<std::byte> whole = ChallengeStream(counting_seed(), "x").bytes(40);
  const std::vector<std::byte> part = ChallengeStream(counting_seed(), "x").bytes(37);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));
}

TEST(ChallengeStreamTest, BelowReachesEveryValueAndNoOther) {
  ChallengeStream stream(counting_seed(), "x");
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) {
    const std::uint32_t value = stream.below(7);
    ASSERT_LT(value, 7u);
    ++seen[value];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

/// With n = 3 * 2^30, plain remainder would give the lowest third of the values twice as often.
TEST(ChallengeStreamTest, BelowIsWithoutBias) {
  ChallengeStream stream(counting_seed(), "x");
  int low = 0;
  for (int i = 0; i < 3000; ++i) low += stream.below(0xc0000000u) < 0x40000000u;
  EXPECT_NEAR(low, 1000, 120);
}

TEST(ChallengeStreamTest, BetweenIncludesBothEnds) {
  ChallengeStream stream(counting_seed(), "x");
  std::vector<std::int32_t> values(200);
  for (std::int32_t& value : values) value = stream.between(-2, 2);
  EXPECT_EQ(*std::min_element(values.begin(), values.end()), -2);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 2);
}

TEST(ChallengeStreamTest, BetweenTakesTheWholeRange) {
  using Limits = std::numeric_limits<std::int32_t>;
  ChallengeStream stream(counting_seed(), "x"), bits(counting_seed(), "x");
  EXPECT_EQ(static_cast<std::uint32_t>(stream.between(Limits::min(), Limits::max())), bits.next() + 0x80000000u);
  EXPECT_EQ(stream.between(7, 7), 7);
}

}  // namespace
}  // namespace assay::gate
