#include "probes/tma_multicast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "probe_parts.h"
#include "probes/tma_box.h"

namespace assay::probes {
namespace {

using testing::Each;
using testing::IsSupersetOf;

constexpr std::size_t kWordsPerCta = 256 + 64, kCopied = 256, kThreads = 128;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tma_multicast(fixed_seed());
  return probe;
}

bool named(const gate::Case& launch_case, std::uint32_t rank) {
  return (scalar_of(launch_case, "mask") >> rank & 1) != 0;
}

std::vector<std::uint32_t> cta_words(const gate::Case& launch_case, std::string_view output, std::uint32_t rank,
                                     std::size_t count) {
  const auto words = words_of(part<gate::Output>(launch_case, output).expected);
  const auto first = words.begin() + static_cast<std::ptrdiff_t>(rank * count);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

/// What a named CTA must have received, written out here for the one shape that the probe uses: 32 x 8 words of a
/// 52-word pitch, rows of 128 bytes, unit u of row r in place u ^ r.
std::vector<std::uint32_t> received(const gate::Case& launch_case) {
  const auto source = words_of(part<gate::Input>(launch_case, "source").bytes);
  std::vector<std::uint32_t> words(kCopied);
  for (std::uint32_t i = 0; i < kCopied; ++i) {
    const std::uint32_t row = i / 32, column = i % 32, x = scalar_of(launch_case, "x"), y = scalar_of(launch_case, "y");
    if (scalar_of(launch_case, "tensor_form") == 0)
      words[i] = source.at(scalar_of(launch_case, "offset") / 4 + i);
    else
      words[row * 32 + ((column / 4) ^ row) * 4 + column % 4] = source.at((y + row) * 52 + x + column);
  }
  return words;
}

TEST(TmaMulticastTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "f9038a87989ac68d2909465d32595822126f4968a17c098565b7e56c97b6d667");
  gate::Seed other = fixed_seed();
  other[0] ^= std::byte{1};
  EXPECT_NE(golden(make_tma_multicast(other)), golden(probe()));
}

TEST(TmaMulticastTest, BothFormsAreAskedWithEveryKindOfMask) {
  std::set<std::vector<std::uint32_t>> asked;
  for (const gate::Case& launch_case : probe().cases)
    asked.insert({scalar_of(launch_case, "tensor_form"), launch_case.launch.cluster.x, scalar_of(launch_case, "mask")});
  for (const std::uint32_t form : {0u, 1u})
    EXPECT_THAT(asked, IsSupersetOf(std::vector<std::vector<std::uint32_t>>{
                           {form, 2, 1}, {form, 2, 2}, {form, 2, 3}, {form, 4, 15}, {form, 4, 10}, {form, 4, 9}}));
}

TEST(TmaMulticastTest, TheIssuerIsNotAlwaysRankZeroAndNotAlwaysInItsMask) {
  std::set<std::uint32_t> issuers;
  bool foreign = false;
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t issuer = scalar_of(launch_case, "issuer");
    ASSERT_LT(issuer, launch_case.launch.cluster.x);
    issuers.insert(issuer);
    foreign |= !named(launch_case, issuer);
  }
  EXPECT_GT(issuers.size(), 1u);
  EXPECT_TRUE(foreign);
}

TEST(TmaMulticastTest, NamesAreUniqueAndTheGridIsOneCluster) {
  std::set<std::string> names;
  for (const gate::Case& launch_case : probe().cases) {
    names.insert(launch_case.name);
    EXPECT_EQ(launch_case.launch.grid.x, launch_case.launch.cluster.x);
    EXPECT_EQ(launch_case.launch.block.x, kThreads);
  }
  EXPECT_EQ(names.size(), probe().cases.size());
}

TEST(TmaMulticastTest, NamedCtasHoldTheDataAndTheOthersTheirOwnPoison) {
  for (const gate::Case& launch_case : probe().cases)
    for (std::uint32_t rank = 0; rank < launch_case.launch.cluster.x; ++rank) {
      const auto words = cta_words(launch_case, "shared", rank, kWordsPerCta);
      const auto data = received(launch_case);
      for (std::uint32_t i = 0; i < kWordsPerCta; ++i) {
        const std::uint32_t poison = scalar_of(launch_case, "poison") + (rank << 16) + 4 * i;
        const bool copied = named(launch_case, rank) && i < kCopied;
        EXPECT_EQ(words[i], copied ? data[i] : poison) << launch_case.name << " rank " << rank << " word " << i;
        EXPECT_EQ(words[i] == poison, !copied) << launch_case.name << " rank " << rank << " word " << i;
      }
      EXPECT_THAT(cta_words(launch_case, "status", rank, kThreads),
                  Each(named(launch_case, rank) ? gate::kWaited : kNotNamed));
    }
}

TEST(TmaMulticastTest, SourceOffsetsAreAlignedInsideAndNotZero) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t offset = scalar_of(launch_case, "offset");
    EXPECT_EQ(offset % 16, 0u);
    EXPECT_GT(offset, 0u);
    EXPECT_LE(offset + 4 * kCopied, part<gate::Input>(launch_case, "source").bytes.size());
  }
}

TEST(TmaMulticastTest, NegativeTakesTheDataFromExactlyTheDroppedCta) {
  const gate::Case& first = probe().cases.front();
  const std::uint32_t dropped = scalar_of(first, "mask") ^ scalar_of(probe().negative, "mask");
  ASSERT_TRUE(dropped == 1 || dropped == 2);
  const std::size_t rank = dropped - 1;
  std::vector<std::size_t> shared(kCopied), status(kThreads);
  std::iota(shared.begin(), shared.end(), rank * kWordsPerCta);
  std::iota(status.begin(), status.end(), rank * kThreads);
  EXPECT_EQ(moved_words(first, probe().negative, "shared"), shared);
  EXPECT_EQ(moved_words(first, probe().negative, "status"), status);
}

TEST(TmaMulticastTest, TheStandInHasNoMulticast) {
  const Target target{90, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("multicast::cluster ["), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("multicast::cluster ["), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
