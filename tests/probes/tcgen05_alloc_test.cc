#include "probes/tcgen05_alloc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "harness/gate/compare.h"
#include "tests/probes/probe_parts.h"
#include "tests/probes/tcgen05_alloc_model.h"

namespace assay::probes {
namespace {

using tcgen05_alloc_model::Fault;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tcgen05_alloc(fixed_seed());
  return probe;
}

std::vector<gate::Case> all_cases() {
  std::vector<gate::Case> cases = probe().cases;
  cases.push_back(probe().negative);
  return cases;
}

/// The plan's rows of 12 words, CTA after CTA.
struct Row {
  std::vector<std::uint32_t> allocate, held, deallocate;
};

std::vector<std::vector<Row>> plans_of(const gate::Case& launch_case) {
  const auto words = words_of(part<gate::Input>(launch_case, "plan").bytes);
  const std::uint32_t rounds = scalar_of(launch_case, "rounds");
  std::vector<std::vector<Row>> plans(words.size() / 12 / rounds);
  for (std::size_t row = 0; row < words.size() / 12; ++row) {
    const auto at = words.begin() + static_cast<std::ptrdiff_t>(12 * row);
    plans[row / rounds].push_back({{at, at + 4}, {at + 4, at + 8}, {at + 8, at + 12}});
  }
  return plans;
}

std::uint32_t total(const std::vector<std::uint32_t>& slots) { return std::accumulate(slots.begin(), slots.end(), 0u); }

std::size_t mismatches(const gate::Case& launch_case, Fault fault) {
  return gate::compare(part<gate::Output>(launch_case, "out"), tcgen05_alloc_model::run(launch_case, fault))
      .mismatches.size();
}

TEST(Tcgen05AllocTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "d97ae821f009b9a98843dd140df3fd0649cb684c242b3ad8a49f753c8dc78b8a");
  gate::Seed other = fixed_seed();
  other[7] ^= std::byte{1};
  EXPECT_NE(golden(make_tcgen05_alloc(other)), golden(probe()));
}

TEST(Tcgen05AllocTest, SizesArePowersOfTwoThatNeverGrow) {
  for (const gate::Case& launch_case : all_cases())
    for (const auto& plan : plans_of(launch_case)) {
      std::uint32_t last = 512;
      for (const Row& row : plan)
        for (const std::uint32_t columns : row.allocate) {
          if (columns == 0) continue;
          EXPECT_TRUE(std::has_single_bit(columns) && columns >= 32 && columns <= last) << columns;
          last = columns;
        }
    }
}

TEST(Tcgen05AllocTest, WhatIsHeldFitsAndIsAllGivenBack) {
  for (const gate::Case& launch_case : all_cases())
    for (const auto& plan : plans_of(launch_case)) {
      std::vector<std::uint32_t> held(4);
      for (const Row& row : plan)
        for (std::size_t slot = 0; slot < 4; ++slot) {
          EXPECT_TRUE(row.allocate[slot] == 0 || held[slot] == 0) << "a slot is allocated twice";
          held[slot] += row.allocate[slot];
          EXPECT_EQ(row.held[slot], held[slot]);
          EXPECT_LE(total(row.held), 512u);
          EXPECT_TRUE(row.deallocate[slot] == 0 || row.deallocate[slot] == held[slot]);
          held[slot] -= row.deallocate[slot];
        }
      EXPECT_EQ(total(held), 0u);
    }
}

// A CTA that waits while it holds something could wait for one that does the same.
TEST(Tcgen05AllocTest, CtasThatHoldOnePieceAndTakeAnotherHaveAMultiprocessorForThemselves) {
  for (const gate::Case& launch_case : all_cases()) {
    bool waits_with_a_piece = false;
    for (const auto& plan : plans_of(launch_case))
      for (const Row& row : plan) waits_with_a_piece = waits_with_a_piece || std::ranges::count(row.held, 0u) < 3;
    EXPECT_EQ(launch_case.launch.dynamic_shared_bytes > 228 * 1024 / 2, waits_with_a_piece) << launch_case.name;
  }
}

TEST(Tcgen05AllocTest, EverySizeAndEverySlotIsUsedAndPiecesOutliveOthers) {
  std::set<std::uint32_t> sizes, slots;
  const auto singles = plans_of(probe().cases.front());
  for (const Row& row : singles.front()) sizes.insert(total(row.held));
  EXPECT_EQ(sizes, (std::set<std::uint32_t>{32, 64, 128, 256, 512}));
  bool full = false, outlived = false;
  for (const gate::Case& launch_case : probe().cases)
    for (const auto& plan : plans_of(launch_case))
      for (const Row& row : plan) {
        for (std::uint32_t slot = 0; slot < 4; ++slot)
          if (row.allocate[slot] != 0) slots.insert(slot);
        full = full || (total(row.held) == 512 && std::ranges::count(row.held, 0u) == 0);
        outlived = outlived || (total(row.allocate) != 0 && total(row.held) > total(row.allocate));
      }
  EXPECT_EQ(slots.size(), 4u);
  EXPECT_TRUE(full) << "four pieces of 512 columns together";
  EXPECT_TRUE(outlived) << "allocation while another piece stays";
}

TEST(Tcgen05AllocTest, ThePoisonIsNoAddressOfLaneZero) {
  for (const gate::Case& launch_case : all_cases()) EXPECT_NE(scalar_of(launch_case, "poison") >> 16, 0u);
}

TEST(Tcgen05AllocTest, NegativeMovesExactlyOneCount) {
  const auto moved = moved_words(probe().cases.front(), probe().negative, "out");
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved.front() % 6, 4u);
  EXPECT_EQ(probe().negative.launch.grid.x, probe().cases.front().launch.grid.x);
}

TEST(Tcgen05AllocTest, TheModelGivesTheExpectedWordsWhicheverColumnsAreHandedOut) {
  for (const gate::Case& launch_case : all_cases()) {
    EXPECT_EQ(mismatches(launch_case, Fault::none), 0u) << launch_case.name;
    EXPECT_EQ(mismatches(launch_case, Fault::none_from_the_top), 0u) << launch_case.name;
  }
}

TEST(Tcgen05AllocTest, EveryFaultOfTheModelIsRefused) {
  for (const Fault fault : tcgen05_alloc_model::kFaults) {
    std::size_t refused = 0;
    for (const gate::Case& launch_case : probe().cases) refused += mismatches(launch_case, fault) > 0;
    EXPECT_GT(refused, 0u) << static_cast<int>(fault);
  }
}

TEST(Tcgen05AllocTest, TheStandInHasNoAllocation) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("tcgen05.alloc."), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("tcgen05.alloc."), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
