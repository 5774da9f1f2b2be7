#include "probes/tcgen05_mma_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tcgen05_case.h"
#include "tcgen05_mma_pair_model.h"

namespace assay::probes {
namespace {

using tcgen05::Fault;
using tcgen05::run_mma_pair;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tcgen05_mma_pair(fixed_seed());
  return probe;
}

const gate::Output& d_of(const gate::Case& launch_case) { return part<gate::Output>(launch_case, "d"); }
bool exact(const gate::Case& launch_case) { return d_of(launch_case).bound.empty(); }

std::pair<std::uint32_t, std::uint32_t> shape_of(const gate::Case& launch_case) {
  const std::uint32_t instruction = scalar_of(launch_case, "instruction");
  return {(instruction >> 24 & 31) * 16, (instruction >> 17 & 63) * 8};
}

/// Columns of D.
std::uint32_t width_of(const gate::Case& launch_case) {
  const auto [m, n] = shape_of(launch_case);
  return m == 128 ? n / 2 : n;
}

TEST(Tcgen05MmaPairTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "48bd5d00f6e661565c3dfca64dd28d8cc0d4e79a81e3391a1fb8d53f08db3b10");
  gate::Seed other = fixed_seed();
  other[7] ^= std::byte{1};
  EXPECT_NE(golden(make_tcgen05_mma_pair(other)), golden(probe()));
}

TEST(Tcgen05MmaPairTest, TheModelOfTheKernelGivesWhatTheOracleExpects) {
  std::vector<gate::Case> all = probe().cases;
  all.push_back(probe().negative);
  for (const gate::Case& launch_case : all) {
    const auto observed = run_mma_pair(launch_case, Fault::none);
    EXPECT_EQ(tcgen05::mismatches(launch_case, observed), 0u) << launch_case.name;
  }
  EXPECT_FALSE(exact(probe().cases.back()));
}

TEST(Tcgen05MmaPairTest, EverySingleFaultOfADeviceIsRefused) {
  for (const Fault fault : {Fault::accumulator_not_read, Fault::accumulator_always_read, Fault::last_step_missing,
                            Fault::step_not_advanced, Fault::leading_and_stride_swapped, Fault::swizzle_ignored,
                            Fault::swizzle_off_by_a_bit, Fault::neighbouring_rows_swapped, Fault::sign_of_b_ignored,
                            Fault::column_of_d_off_by_one, Fault::quarters_of_lanes_swapped, Fault::registers_reversed,
                            Fault::window_shifted, Fault::halves_of_word_swapped, Fault::significand_cut})
    EXPECT_TRUE(tcgen05::caught(run_mma_pair, probe(), fault)) << static_cast<int>(fault);
}

TEST(Tcgen05MmaPairTest, TheWideCaseAloneRefusesACutSignificandAndAMissingStep) {
  const gate::Case& wide = probe().cases.back();
  for (const Fault fault : {Fault::significand_cut, Fault::last_step_missing, Fault::accumulator_not_read})
    EXPECT_TRUE(tcgen05::refused(run_mma_pair, wide, wide, fault)) << static_cast<int>(fault);
}

// Of a swizzled operand the leading offset, bits 29:16, has no meaning; every other bit of a descriptor counts.
TEST(Tcgen05MmaPairTest, EveryBitOfADescriptorCounts) {
  const gate::Case &swizzled = probe().cases[0], &plain = probe().cases[3];
  const std::vector<int> leading = {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
  for (const std::string_view name : {"descriptor_a", "descriptor_b"}) {
    EXPECT_EQ(tcgen05::unnoticed_bits<std::uint64_t>(run_mma_pair, swizzled, name), leading) << name;
    EXPECT_EQ(tcgen05::unnoticed_bits<std::uint64_t>(run_mma_pair, plain, name), std::vector<int>{}) << name;
  }
  EXPECT_EQ(tcgen05::unnoticed_bits<std::uint32_t>(run_mma_pair, swizzled, "instruction"), std::vector<int>{});
}

TEST(Tcgen05MmaPairTest, DescriptorsOfAAndBAreNotExchangeable) {
  for (const std::size_t index : {2u, 4u, 5u}) {
    const gate::Case& launch_case = probe().cases[index];
    const auto a = scalar_of<std::uint64_t>(launch_case, "descriptor_a"),
               b = scalar_of<std::uint64_t>(launch_case, "descriptor_b");
    if (a == b) continue;
    EXPECT_TRUE(tcgen05::refused(run_mma_pair, tcgen05::with_scalar(launch_case, "descriptor_a", b), launch_case));
    EXPECT_TRUE(tcgen05::refused(run_mma_pair, tcgen05::with_scalar(launch_case, "descriptor_b", a), launch_case));
  }
}

TEST(Tcgen05MmaPairTest, ShapesAreTheManualsAndVary) {
  std::set<std::uint64_t> modes;
  std::set<std::uint32_t> accumulations, ms;
  for (const gate::Case& launch_case : probe().cases) {
    const auto [m, n] = shape_of(launch_case);
    const std::uint32_t columns = scalar_of(launch_case, "columns"), column = scalar_of(launch_case, "column");
    EXPECT_TRUE(n >= 64 && n <= 256 && n % 32 == 0) << launch_case.name;
    EXPECT_TRUE(std::has_single_bit(columns) && columns <= 512) << launch_case.name;
    EXPECT_LE(column + width_of(launch_case), columns) << launch_case.name;
    EXPECT_LT(width_of(launch_case), columns) << launch_case.name << " leaves no column beside D";
    EXPECT_GE(scalar_of(launch_case, "steps"), 2u) << launch_case.name;
    EXPECT_EQ(d_of(launch_case).expected.size(), 2u * 4 * 128 * columns) << launch_case.name;
    ms.insert(m);
    modes.insert(scalar_of<std::uint64_t>(launch_case, "descriptor_a") >> 61);
    modes.insert(scalar_of<std::uint64_t>(launch_case, "descriptor_b") >> 61);
    accumulations.insert(scalar_of(launch_case, "accumulate"));
  }
  EXPECT_EQ(modes, (std::set<std::uint64_t>{0, 2, 4, 6}));
  EXPECT_EQ(ms, (std::set<std::uint32_t>{128, 256}));
  EXPECT_EQ(accumulations.size(), 2u);
}

TEST(Tcgen05MmaPairTest, CellsBesideDComeBackAndAllOfDChanges) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto before = words_of(part<gate::Input>(launch_case, "c").bytes),
               after = words_of(d_of(launch_case).expected);
    const std::uint32_t columns = scalar_of(launch_case, "columns"), column = scalar_of(launch_case, "column");
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool in_d = i % columns >= column && i % columns < column + width_of(launch_case);
      ASSERT_EQ(before[i] != after[i], in_d) << launch_case.name << " cell " << i;
    }
  }
}

TEST(Tcgen05MmaPairTest, NegativeMovesExactlyOneRowOfD) {
  const gate::Case& first = probe().cases.front();
  const auto moved = moved_words(first, probe().negative, "d");
  const std::uint32_t columns = scalar_of(first, "columns"), column = scalar_of(first, "column");
  ASSERT_EQ(moved.size(), 64u);
  const std::size_t row = moved.front() / columns;
  for (std::size_t i = 0; i < moved.size(); ++i) EXPECT_EQ(moved[i], row * columns + column + i);
}

TEST(Tcgen05MmaPairTest, ImagesFitTheirTilesInWholeWarpsOf16BytesAThread) {
  for (const gate::Case& launch_case : probe().cases) {
    EXPECT_LE(scalar_of(launch_case, "bytes_a"), 16384u);
    EXPECT_LE(scalar_of(launch_case, "bytes_b"), 16384u);
    for (const std::string name : {"a", "b"}) {
      const std::uint32_t bytes = scalar_of(launch_case, "bytes_" + name);
      EXPECT_EQ(part<gate::Input>(launch_case, name).bytes.size(), 2u * bytes) << launch_case.name;
      EXPECT_TRUE(bytes >= 2048 && bytes % 512 == 0) << launch_case.name;
    }
  }
}

TEST(Tcgen05MmaPairTest, TheStandInHasNoMma) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("\n  tcgen05.mma."), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("\n  tcgen05.mma."), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
