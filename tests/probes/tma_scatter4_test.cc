#include "probes/tma_scatter4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "probe_parts.h"
#include "probes/tma_rows.h"
#include "tests/probes/tma_scatter4_model.h"

namespace assay::probes {
namespace {

using model::ScatterFault;
using model::ScatterModel;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tma_scatter4(fixed_seed());
  return probe;
}

std::vector<std::int32_t> rows_of(const gate::Case& launch_case) {
  return values_of<std::int32_t>(part<gate::Input>(launch_case, "rows").bytes);
}

/// Bytes of the tensor that a row of the case names and a column covers, written out here.
std::set<std::size_t> covered(const gate::Case& launch_case) {
  const cuda::TiledMap& map = map_of(launch_case);
  const std::size_t size = element_bytes(map.type);
  const auto column = scalar_of<std::uint32_t>(launch_case, "column");
  std::set<std::size_t> bytes;
  for (const std::int32_t row : rows_of(launch_case))
    for (std::size_t at = column * size; at < std::min<std::size_t>(column + map.box[0], map.dims[0]) * size; ++at)
      if (row < static_cast<std::int32_t>(map.dims[1]))
        bytes.insert(static_cast<std::size_t>(row) * map.strides[0] + at);
  return bytes;
}

TEST(TmaScatter4Test, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "2d1684dce23213687df5698ffe00ec2f212a0023dd75a7fa888d29360a7066dc");
  gate::Seed other = fixed_seed();
  other[31] ^= std::byte{1};
  EXPECT_NE(golden(make_tma_scatter4(other)), golden(probe()));
}

TEST(TmaScatter4Test, EveryMapIsOfOneRowAndObeysTheEncodersRules) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const std::size_t size = element_bytes(map.type), row = map.box[0] * size;
    ASSERT_EQ(map.box.size(), 2u);
    EXPECT_EQ(map.box[1], 1u) << launch_case.name;
    EXPECT_LE(map.box[0], 256u) << launch_case.name;
    EXPECT_EQ(row % 16, 0u) << launch_case.name;
    EXPECT_EQ(map.dims[0] * size % 16, 0u) << launch_case.name << ": a row of the tensor is whole units";
    EXPECT_EQ(map.strides[0] % 16, 0u) << launch_case.name;
    const bool spans = row == 16u << static_cast<std::uint32_t>(map.swizzle);
    EXPECT_TRUE(map.swizzle == cuda::Swizzle::none || spans) << launch_case.name;
  }
}

TEST(TmaScatter4Test, EveryCaseFitsTheKernelsBuffers) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::size_t end = scalar_of(launch_case, "scatters") * scalar_of(launch_case, "step") + 256;
    EXPECT_EQ(part<gate::Input>(launch_case, "image").bytes.size(), end) << launch_case.name;
    EXPECT_EQ(rows_of(launch_case).size(), 4 * scalar_of(launch_case, "scatters")) << launch_case.name;
    EXPECT_LE(end, 8448u) << launch_case.name;
    EXPECT_GE(scalar_of(launch_case, "tensor_bytes"), 512u) << launch_case.name;
    EXPECT_EQ(scalar_of(launch_case, "tensor_bytes"), tensor_bytes(map_of(launch_case))) << launch_case.name;
  }
}

TEST(TmaScatter4Test, RowsOfALaunchDifferAndStandInNoOrder) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::vector<std::int32_t> rows = rows_of(launch_case);
    const auto count = static_cast<std::int32_t>(map_of(launch_case).dims[1]);
    std::set<std::int32_t> inside;
    for (const std::int32_t row : rows) {
      EXPECT_GE(row, 0) << launch_case.name;
      EXPECT_TRUE(row >= count || inside.insert(row).second) << launch_case.name << " row " << row;
    }
    const bool past = launch_case.name.find("past the last") != std::string::npos;
    EXPECT_EQ(inside.size(), past ? rows.size() * 3 / 4 : rows.size()) << launch_case.name;
    for (std::size_t first = 0; first < rows.size(); first += 4) {
      const auto four = std::span(rows).subspan(first, 4);
      EXPECT_FALSE(std::ranges::is_sorted(four)) << launch_case.name;
      EXPECT_FALSE(std::ranges::is_sorted(four, std::ranges::greater())) << launch_case.name;
    }
  }
}

TEST(TmaScatter4Test, ColumnsAreSixteenByteStepsAndCrossTheEdgesThatTheNameSays) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const auto column = scalar_of<std::int32_t>(launch_case, "column");
    EXPECT_GT(column, 0) << launch_case.name;
    EXPECT_EQ(column * static_cast<std::int32_t>(element_bytes(map.type)) % 16, 0) << launch_case.name;
    const bool past = launch_case.name.find("past the end") != std::string::npos;
    EXPECT_EQ(column + map.box[0] > map.dims[0], past) << launch_case.name;
  }
}

TEST(TmaScatter4Test, OnlyTheNamedRowsLoseThePoison) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto& tensor = part<gate::Output>(launch_case, "tensor").expected;
    const auto before = poisoned(scalar_of(launch_case, "poison"), tensor.size());
    const std::set<std::size_t> bytes = covered(launch_case);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      EXPECT_TRUE(bytes.contains(i) || tensor[i] == before[i]) << launch_case.name << " byte " << i;
      changed += bytes.contains(i) && tensor[i] != before[i];
    }
    EXPECT_GT(changed, bytes.size() * 9 / 10) << launch_case.name;
  }
}

TEST(TmaScatter4Test, NegativeMovesOneRowToAnother) {
  const gate::Case& first = probe().cases.front();
  const auto before = rows_of(first), after = rows_of(probe().negative);
  const auto changed = differences(before, after);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(std::ranges::count(before, after[changed[0]]), 0);
  const cuda::TiledMap& map = map_of(first);
  std::vector<std::size_t> words;
  for (const std::int32_t row :
       {std::min(before[changed[0]], after[changed[0]]), std::max(before[changed[0]], after[changed[0]])})
    for (std::size_t i = 0; i < map.box[0]; ++i)
      words.push_back(static_cast<std::size_t>(row) * map.strides[0] / 4 + scalar_of(first, "column") + i);
  EXPECT_EQ(moved_words(first, probe().negative, "tensor"), words);
}

TEST(TmaScatter4Test, TheStandInHasNoTensorCopy) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("tile::scatter4"), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("cp.async.bulk.tensor"), std::string::npos);
}

/// Words that the comparison refuses of the model's answers to all cases of one challenge.
std::size_t refused_of_all(const gate::Probe& asked, ScatterFault fault) {
  std::size_t refused = 0;
  for (const gate::Case& launch_case : asked.cases)
    refused += model::refused_words(launch_case, ScatterModel(launch_case, fault).answer());
  return refused;
}

TEST(TmaScatter4ModelTest, AnotherReadingOfTheManualGivesTheOraclesBytes) {
  for (const gate::Seed& seed : model::seeds()) {
    const gate::Probe asked = make_tma_scatter4(seed);
    EXPECT_EQ(refused_of_all(asked, ScatterFault::none), 0u);
    EXPECT_EQ(model::refused_words(asked.negative, ScatterModel(asked.negative, ScatterFault::none).answer()), 0u);
  }
}

class TmaScatter4FaultTest : public testing::TestWithParam<ScatterFault> {};

TEST_P(TmaScatter4FaultTest, IsRefusedWhateverTheChallenge) {
  for (const gate::Seed& seed : model::seeds()) EXPECT_GT(refused_of_all(make_tma_scatter4(seed), GetParam()), 0u);
}

INSTANTIATE_TEST_SUITE_P(EverySingleFault, TmaScatter4FaultTest,
                         testing::Values(ScatterFault::rows_in_sequence, ScatterFault::rows_swapped,
                                         ScatterFault::last_row_missing, ScatterFault::column_last,
                                         ScatterFault::column_ignored, ScatterFault::swizzle_ignored,
                                         ScatterFault::swizzle_from_the_place, ScatterFault::outside_clamped,
                                         ScatterFault::padding_written, ScatterFault::gaps_closed,
                                         ScatterFault::poison_lost));

}  // namespace
}  // namespace assay::probes
