#include "probes/tma_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <set>

#include "probe_parts.h"
#include "probes/swizzle.h"
#include "probes/tma_box.h"

namespace assay::probes {
namespace {

using cuda::ElementType;
using cuda::Swizzle;
using testing::Each;
using testing::ElementsAre;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tma_load(fixed_seed());
  return probe;
}

bool is_load(const gate::Case& launch_case) { return launch_case.entry == "load"; }

std::vector<std::int32_t> start_of(const gate::Case& launch_case) {
  std::vector<std::int32_t> start = {scalar_of<std::int32_t>(launch_case, "x"),
                                     scalar_of<std::int32_t>(launch_case, "y")};
  if (map_of(launch_case).dims.size() == 3) start.push_back(scalar_of<std::int32_t>(launch_case, "z"));
  return start;
}

/// For each 128-byte line, where the 16-byte unit in each place goes.
using Table = std::array<std::array<std::uint32_t, 8>, 8>;

constexpr Table k32 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6}}};
constexpr Table k64 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {2, 3, 0, 1, 6, 7, 4, 5},
                        {3, 2, 1, 0, 7, 6, 5, 4},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {2, 3, 0, 1, 6, 7, 4, 5},
                        {3, 2, 1, 0, 7, 6, 5, 4}}};
constexpr Table k128 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                         {1, 0, 3, 2, 5, 4, 7, 6},
                         {2, 3, 0, 1, 6, 7, 4, 5},
                         {3, 2, 1, 0, 7, 6, 5, 4},
                         {4, 5, 6, 7, 0, 1, 2, 3},
                         {5, 4, 7, 6, 1, 0, 3, 2},
                         {6, 7, 4, 5, 2, 3, 0, 1},
                         {7, 6, 5, 4, 3, 2, 1, 0}}};

void expect_table(Swizzle mode, const Table& table) {
  for (std::uint32_t address = 0; address < 4096; ++address) {
    const std::uint32_t line = address / 128, unit = address / 16 % 8;
    EXPECT_EQ(swizzled(mode, address), line * 128 + table[line % 8][unit] * 16 + address % 16) << address;
  }
}

TEST(SwizzleTest, EveryModeMatchesItsTable) {
  expect_table(Swizzle::b32, k32);
  expect_table(Swizzle::b64, k64);
  expect_table(Swizzle::b128, k128);
}

TEST(SwizzleTest, NoneMovesNothing) {
  for (std::uint32_t address = 0; address < 4096; ++address) EXPECT_EQ(swizzled(Swizzle::none, address), address);
}

TEST(TmaBoxTest, ElementsOutsideTheTensorHaveNoPlaceInIt) {
  const cuda::TiledMap map{ElementType::u16, {5, 3}, {16}, {8, 2}, Swizzle::none};
  const std::array<std::int32_t, 2> start = {-2, 2};
  const auto box = walk_box(map, start);
  ASSERT_EQ(box.size(), 16u);
  const std::vector<std::optional<std::size_t>> row = {std::nullopt, std::nullopt, 32, 34, 36, 38, 40, std::nullopt};
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(box[i].shared, 2 * i);
    EXPECT_EQ(box[i].global, i < 8 ? row[i] : std::nullopt) << i;
  }
}

TEST(TmaBoxTest, ThreeDimensionsAreWalkedFastestFirst) {
  const cuda::TiledMap map{ElementType::u32, {9, 4, 4}, {48, 240}, {4, 2, 2}, Swizzle::none};
  const std::array<std::int32_t, 3> start = {1, 2, 1};
  std::vector<std::size_t> global;
  for (const BoxElement& element : walk_box(map, start)) global.push_back(element.global.value());
  EXPECT_THAT(global, ElementsAre(340, 344, 348, 352, 388, 392, 396, 400, 580, 584, 588, 592, 628, 632, 636, 640));
}

TEST(TmaLoadTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "7cd470ab2ff56847bbe9ea7995f05359a0bf7ddcce1d5d6e59bcd202ceb7cc6e");
  gate::Seed other = fixed_seed();
  other[31] ^= std::byte{1};
  EXPECT_NE(golden(make_tma_load(other)), golden(probe()));
}

TEST(TmaLoadTest, EveryMapObeysTheEncodersRules) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const std::size_t row = map.box[0] * element_bytes(map.type);
    EXPECT_EQ(map.strides.size() + 1, map.dims.size());
    EXPECT_EQ(row % 16, 0u) << launch_case.name;
    EXPECT_TRUE(map.swizzle == Swizzle::none || row == swizzle_span(map.swizzle)) << launch_case.name;
    EXPECT_GT(map.strides[0], map.dims[0] * element_bytes(map.type)) << launch_case.name;
    EXPECT_GT(map.dims[0], map.box[0]) << launch_case.name;
    for (const std::uint64_t stride : map.strides) EXPECT_EQ(stride % 16, 0u) << launch_case.name;
    for (const std::uint32_t box : map.box) EXPECT_LE(box, 256u) << launch_case.name;
  }
}

TEST(TmaLoadTest, EveryCaseFitsTheKernelsBuffers) {
  for (const gate::Case& launch_case : probe().cases) {
    EXPECT_EQ(scalar_of(launch_case, "bytes"), box_bytes(map_of(launch_case))) << launch_case.name;
    EXPECT_LE(box_bytes(map_of(launch_case)), 8192u) << launch_case.name;
    EXPECT_GE(box_bytes(map_of(launch_case)), is_load(launch_case) ? 256u : 512u) << launch_case.name;
  }
}

TEST(TmaLoadTest, EveryByteOfTheBoxHasOnePlaceInSharedMemory) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    std::set<std::size_t> places;
    for (const BoxElement& element : walk_box(map, start_of(launch_case))) places.insert(element.shared);
    EXPECT_EQ(places.size(), box_bytes(map) / element_bytes(map.type)) << launch_case.name;
    EXPECT_EQ(*places.rbegin(), box_bytes(map) - element_bytes(map.type)) << launch_case.name;
  }
}

TEST(TmaLoadTest, CoordinatesCrossTheEdgesThatTheNameSays) {
  for (const gate::Case& launch_case : probe().cases) {
    std::size_t outside = 0;
    const auto box = walk_box(map_of(launch_case), start_of(launch_case));
    for (const BoxElement& element : box) outside += !element.global;
    const auto says = [&](std::string_view words) { return launch_case.name.find(words) != std::string::npos; };
    EXPECT_EQ(outside > 0 && outside < box.size(), says("past the end") || says("before the start"))
        << launch_case.name;
    EXPECT_EQ(outside == box.size(), says("outside")) << launch_case.name;
    for (const std::int32_t coordinate : start_of(launch_case))
      EXPECT_TRUE(coordinate > 0 || says("before the start")) << launch_case.name;
  }
}

TEST(TmaLoadTest, BoxesStartOnSixteenBytesAlongARow) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto row_bytes = static_cast<std::int32_t>(element_bytes(map_of(launch_case).type));
    EXPECT_EQ(start_of(launch_case).front() * row_bytes % 16, 0) << launch_case.name;
  }
}

TEST(TmaLoadTest, ABoxOutsideTheTensorArrivesAsZeros) {
  const gate::Case& launch_case = case_named(probe(), "load u32, 64 B swizzle, outside");
  auto words = words_of(part<gate::Output>(launch_case, "shared").expected);
  words.resize(scalar_of(launch_case, "bytes") / 4);
  EXPECT_THAT(words, Each(0u));
}

TEST(TmaLoadTest, EveryWordOfTheBoxDiffersFromThePoisonAndTheTailKeepsIt) {
  for (const gate::Case& launch_case : probe().cases) {
    if (!is_load(launch_case)) continue;
    const auto words = words_of(part<gate::Output>(launch_case, "shared").expected);
    const std::uint32_t poison = scalar_of(launch_case, "poison"), bytes = scalar_of(launch_case, "bytes");
    ASSERT_EQ(words.size(), bytes / 4 + 64);
    for (std::uint32_t i = 0; i < words.size(); ++i)
      EXPECT_EQ(words[i] == poison + 4 * i, i >= bytes / 4) << launch_case.name << " word " << i;
  }
}

TEST(TmaLoadTest, AnotherCoordinateOrSwizzleGivesOtherData) {
  for (const gate::Case& launch_case : probe().cases) {
    if (!is_load(launch_case) || launch_case.name.find("outside") != std::string::npos) continue;
    const auto& tensor = part<gate::Input>(launch_case, "tensor").bytes;
    const auto& expected = part<gate::Output>(launch_case, "shared").expected;
    const auto load = [&](const cuda::TiledMap& map, const std::vector<std::int32_t>& start) {
      return loaded_box(map, start, tensor, poisoned(scalar_of(launch_case, "poison"), expected.size()));
    };
    ASSERT_EQ(load(map_of(launch_case), start_of(launch_case)), expected);
    for (std::size_t d = 0; d < start_of(launch_case).size(); ++d) {
      auto start = start_of(launch_case);
      ++start[d];
      EXPECT_NE(load(map_of(launch_case), start), expected) << launch_case.name << " dimension " << d;
    }
    for (const Swizzle mode : {Swizzle::none, Swizzle::b32, Swizzle::b64, Swizzle::b128}) {
      cuda::TiledMap map = map_of(launch_case);
      const bool same = std::exchange(map.swizzle, mode) == mode;
      EXPECT_EQ(load(map, start_of(launch_case)) == expected, same) << launch_case.name;
    }
  }
}

TEST(TmaLoadTest, NegativeMovesExactlyOneWord) {
  const gate::Case& first = probe().cases.front();
  EXPECT_EQ(moved_words(first, probe().negative, "shared").size(), 1u);
  EXPECT_EQ(moved_words(first, probe().negative, "status").size(), 0u);
}

TEST(TmaLoadTest, AStoreWritesTheElementsInsideAndNothingElse) {
  for (const gate::Case& launch_case : probe().cases) {
    if (is_load(launch_case)) continue;
    const auto& tensor = part<gate::Output>(launch_case, "tensor").expected;
    const auto before = poisoned(scalar_of(launch_case, "poison"), tensor.size());
    ASSERT_EQ(scalar_of(launch_case, "tensor_bytes"), tensor.size());
    const cuda::TiledMap& map = map_of(launch_case);
    std::set<std::size_t> inside;
    for (const BoxElement& element : walk_box(map, start_of(launch_case)))
      for (std::size_t i = 0; element.global && i < element_bytes(map.type); ++i) inside.insert(*element.global + i);
    std::size_t changed_inside = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      EXPECT_TRUE(inside.contains(i) || tensor[i] == before[i]) << launch_case.name << " byte " << i;
      changed_inside += inside.contains(i) && tensor[i] != before[i];
    }
    EXPECT_GT(changed_inside, inside.size() * 9 / 10) << launch_case.name;
  }
}

TEST(TmaLoadTest, TheStandInHasNoTensorCopy) {
  const Target target{90, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("cp.async.bulk.tensor"), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("cp.async.bulk.tensor"), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
