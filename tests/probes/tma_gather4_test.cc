#include "probes/tma_gather4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "probe_parts.h"
#include "probes/tma_rows.h"
#include "tests/probes/tma_gather4_model.h"

namespace assay::probes {
namespace {

using model::GatherFault;
using model::GatherModel;
using testing::Each;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tma_gather4(fixed_seed());
  return probe;
}

std::vector<std::int32_t> rows_of(const gate::Case& launch_case) {
  return values_of<std::int32_t>(part<gate::Input>(launch_case, "rows").bytes);
}

bool says(const gate::Case& launch_case, std::string_view words) {
  return launch_case.name.find(words) != std::string::npos;
}

TEST(TmaGather4Test, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "f69ea7df3b21e68f0d895adbcd1f1a9a3abe9ec4dbcb7d6736d3acb948948d8f");
  gate::Seed other = fixed_seed();
  other[31] ^= std::byte{1};
  EXPECT_NE(golden(make_tma_gather4(other)), golden(probe()));
}

TEST(TmaGather4Test, EveryMapIsOfOneRowAndObeysTheEncodersRules) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const std::size_t row = map.box[0] * element_bytes(map.type);
    ASSERT_EQ(map.box.size(), 2u);
    EXPECT_EQ(map.box[1], 1u) << launch_case.name;
    EXPECT_LE(map.box[0], 256u) << launch_case.name;
    EXPECT_EQ(row % 16, 0u) << launch_case.name;
    EXPECT_EQ(map.strides[0] % 16, 0u) << launch_case.name;
    EXPECT_GT(map.strides[0], map.dims[0] * element_bytes(map.type)) << launch_case.name;
    const bool spans = row == 16u << static_cast<std::uint32_t>(map.swizzle);
    EXPECT_TRUE(map.swizzle == cuda::Swizzle::none || spans) << launch_case.name;
  }
}

TEST(TmaGather4Test, EveryCaseFitsTheKernelsBuffers) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t bytes = scalar_of(launch_case, "bytes"), step = scalar_of(launch_case, "step");
    EXPECT_EQ(bytes, 4 * box_bytes(map_of(launch_case))) << launch_case.name;
    EXPECT_GE(step, bytes) << launch_case.name;
    EXPECT_EQ(step % 128, 0u) << launch_case.name;
    const std::size_t end = scalar_of(launch_case, "gathers") * step + 256;
    EXPECT_EQ(rows_of(launch_case).size(), 4 * scalar_of(launch_case, "gathers")) << launch_case.name;
    EXPECT_EQ(part<gate::Output>(launch_case, "shared").expected.size(), end) << launch_case.name;
    EXPECT_LE(end, 8448u) << launch_case.name;
    EXPECT_GE(end, 512u) << launch_case.name;
  }
}

TEST(TmaGather4Test, NoFourRowsStandInOrder) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::vector<std::int32_t> rows = rows_of(launch_case);
    for (std::size_t first = 0; first < rows.size(); first += 4) {
      const auto four = std::span(rows).subspan(first, 4);
      EXPECT_FALSE(std::ranges::is_sorted(four)) << launch_case.name;
      EXPECT_FALSE(std::ranges::is_sorted(four, std::ranges::greater())) << launch_case.name;
    }
  }
}

TEST(TmaGather4Test, RowsAreThoseThatTheNameSays) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::vector<std::int32_t> rows = rows_of(launch_case);
    const auto last = static_cast<std::int32_t>(map_of(launch_case).dims[1]) - 1;
    for (std::size_t first = 0; first < rows.size(); first += 4) {
      const auto four = std::span(rows).subspan(first, 4);
      const std::set<std::int32_t> different(four.begin(), four.end());
      EXPECT_EQ(different.size(), says(launch_case, "one row twice") ? 3u : 4u) << launch_case.name;
      EXPECT_EQ(std::ranges::count_if(four, [](auto row) { return row < 0; }), says(launch_case, "before the first"))
          << launch_case.name;
      EXPECT_EQ(std::ranges::count_if(four, [&](auto row) { return row > last; }), says(launch_case, "past the last"))
          << launch_case.name;
    }
  }
}

TEST(TmaGather4Test, ColumnsAreSixteenByteStepsAndCrossTheEdgesThatTheNameSays) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const auto column = scalar_of<std::int32_t>(launch_case, "column");
    const auto end = column + static_cast<std::int32_t>(map.box[0]);
    EXPECT_EQ(column * static_cast<std::int32_t>(element_bytes(map.type)) % 16, 0) << launch_case.name;
    EXPECT_EQ(column < 0, says(launch_case, "before the start")) << launch_case.name;
    EXPECT_EQ(end > static_cast<std::int32_t>(map.dims[0]), says(launch_case, "past the end")) << launch_case.name;
    EXPECT_NE(column, 0) << launch_case.name;
  }
}

TEST(TmaGather4Test, EverySwizzleIsMetWhereItsPatternHasMovedOn) {
  std::map<cuda::Swizzle, std::uint32_t> lines;
  for (const gate::Case& launch_case : probe().cases) {
    std::uint32_t& most = lines[map_of(launch_case).swizzle];
    most = std::max(most, scalar_of(launch_case, "gathers") * scalar_of(launch_case, "step") / 128);
  }
  EXPECT_GE(lines[cuda::Swizzle::b32], 2u);
  EXPECT_GE(lines[cuda::Swizzle::b64], 4u);
  EXPECT_GE(lines[cuda::Swizzle::b128], 8u);
  EXPECT_TRUE(lines.contains(cuda::Swizzle::none));
}

TEST(TmaGather4Test, GapsAndTailKeepThePoison) {
  const gate::Case& gapped = probe().cases.front();
  ASSERT_LT(scalar_of(gapped, "bytes"), scalar_of(gapped, "step"));
  for (const gate::Case& launch_case : probe().cases) {
    const auto words = words_of(part<gate::Output>(launch_case, "shared").expected);
    const std::uint32_t bytes = scalar_of(launch_case, "bytes"), step = scalar_of(launch_case, "step");
    const std::uint32_t gathers = scalar_of(launch_case, "gathers"), poison = scalar_of(launch_case, "poison");
    for (std::uint32_t i = 0; i < words.size(); ++i) {
      const bool copied = 4 * i / step < gathers && 4 * i % step < bytes;
      EXPECT_EQ(words[i] == poison + 4 * i, !copied) << launch_case.name << " word " << i;
    }
    EXPECT_THAT(words_of(part<gate::Output>(launch_case, "status").expected), Each(gate::kWaited));
  }
}

TEST(TmaGather4Test, NegativeMovesTheWordsOfOneRow) {
  const gate::Case& first = probe().cases.front();
  const auto before = rows_of(first), after = rows_of(probe().negative);
  const auto changed = differences(before, after);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(std::ranges::count(before, after[changed[0]]), 0);
  const std::size_t words = box_bytes(map_of(first)) / 4;
  std::vector<std::size_t> row(words);
  std::iota(row.begin(), row.end(), changed[0] / 4 * scalar_of(first, "step") / 4 + changed[0] % 4 * words);
  EXPECT_EQ(moved_words(first, probe().negative, "shared"), row);
  EXPECT_EQ(moved_words(first, probe().negative, "status").size(), 0u);
}

TEST(TmaGather4Test, TheStandInHasNoTensorCopy) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("tile::gather4"), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("cp.async.bulk.tensor"), std::string::npos);
}

/// Words that the comparison refuses of the model's answers to all cases of one challenge.
std::size_t refused_of_all(const gate::Probe& asked, GatherFault fault) {
  std::size_t refused = 0;
  for (const gate::Case& launch_case : asked.cases)
    refused += model::refused_words(launch_case, GatherModel(launch_case, fault).answer());
  return refused;
}

TEST(TmaGather4ModelTest, AnotherReadingOfTheManualGivesTheOraclesBytes) {
  for (const gate::Seed& seed : model::seeds()) {
    const gate::Probe asked = make_tma_gather4(seed);
    EXPECT_EQ(refused_of_all(asked, GatherFault::none), 0u);
    EXPECT_EQ(model::refused_words(asked.negative, GatherModel(asked.negative, GatherFault::none).answer()), 0u);
  }
}

class TmaGather4FaultTest : public testing::TestWithParam<GatherFault> {};

TEST_P(TmaGather4FaultTest, IsRefusedWhateverTheChallenge) {
  for (const gate::Seed& seed : model::seeds()) EXPECT_GT(refused_of_all(make_tma_gather4(seed), GetParam()), 0u);
}

INSTANTIATE_TEST_SUITE_P(EverySingleFault, TmaGather4FaultTest,
                         testing::Values(GatherFault::rows_in_sequence, GatherFault::rows_swapped,
                                         GatherFault::last_row_missing, GatherFault::column_last,
                                         GatherFault::column_ignored, GatherFault::swizzle_ignored,
                                         GatherFault::swizzle_from_the_place, GatherFault::outside_clamped,
                                         GatherFault::outside_kept, GatherFault::pitch_without_padding,
                                         GatherFault::gaps_closed, GatherFault::tail_overwritten,
                                         GatherFault::copied_out_short));

}  // namespace
}  // namespace assay::probes
