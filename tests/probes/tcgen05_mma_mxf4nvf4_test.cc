#include "probes/tcgen05_mma_mxf4nvf4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tcgen05_case.h"
#include "tcgen05_mma_mxf4nvf4_model.h"

namespace assay::probes {
namespace {

using tcgen05::Fault;
using tcgen05::run_mma_mxf4nvf4;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tcgen05_mma_mxf4nvf4(fixed_seed());
  return probe;
}

const gate::Output& d_of(const gate::Case& launch_case) { return part<gate::Output>(launch_case, "d"); }
bool exact(const gate::Case& launch_case) { return d_of(launch_case).bound.empty(); }
std::uint32_t n_of(const gate::Case& launch_case) { return (scalar_of(launch_case, "instruction") >> 17 & 63) * 8; }
std::uint32_t columns_of_scales(const gate::Case& launch_case) { return scalar_of(launch_case, "bytes_scales") / 128; }

TEST(Tcgen05MmaMxf4nvf4Test, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "61086254ac134a47bc68b6b4aed21d331bbb425add4a6490f5b527b48ddfa2d8");
  gate::Seed other = fixed_seed();
  other[7] ^= std::byte{1};
  EXPECT_NE(golden(make_tcgen05_mma_mxf4nvf4(other)), golden(probe()));
}

TEST(Tcgen05MmaMxf4nvf4Test, TheModelOfTheKernelGivesWhatTheOracleExpects) {
  std::vector<gate::Case> all = probe().cases;
  all.push_back(probe().negative);
  for (const gate::Case& launch_case : all) {
    const auto observed = run_mma_mxf4nvf4(launch_case, Fault::none);
    EXPECT_EQ(tcgen05::mismatches(launch_case, observed), 0u) << launch_case.name;
  }
  EXPECT_FALSE(exact(probe().cases.back()));
}

TEST(Tcgen05MmaMxf4nvf4Test, EverySingleFaultOfADeviceIsRefused) {
  for (const Fault fault : {Fault::accumulator_not_read,
                            Fault::accumulator_always_read,
                            Fault::last_step_missing,
                            Fault::step_not_advanced,
                            Fault::leading_and_stride_swapped,
                            Fault::swizzle_ignored,
                            Fault::swizzle_off_by_a_bit,
                            Fault::neighbouring_rows_swapped,
                            Fault::sign_of_b_ignored,
                            Fault::column_of_d_off_by_one,
                            Fault::quarters_of_lanes_swapped,
                            Fault::registers_reversed,
                            Fault::window_shifted,
                            Fault::nibbles_swapped,
                            Fault::scale_bytes_reversed,
                            Fault::scale_of_first_block_for_all,
                            Fault::scale_exponent_ignored,
                            Fault::scale_significand_ignored,
                            Fault::subnormal_scales_flushed,
                            Fault::scales_as_ue8m0,
                            Fault::scale_rows_off_by_32,
                            Fault::second_tile_of_b_missing,
                            Fault::scales_of_first_step_for_all,
                            Fault::scales_exchanged,
                            Fault::one_quarter_of_scales})
    EXPECT_TRUE(tcgen05::caught(run_mma_mxf4nvf4, probe(), fault)) << static_cast<int>(fault);
}

// Each of these leaves the scales' own cells as they are: it is D that shows them, even within the wide bound.
TEST(Tcgen05MmaMxf4nvf4Test, TheWideCaseAloneRefusesWrongScales) {
  const gate::Case& wide = probe().cases.back();
  for (const Fault fault : {Fault::nibbles_swapped, Fault::scale_bytes_reversed, Fault::scale_of_first_block_for_all,
                            Fault::scale_exponent_ignored, Fault::scale_significand_ignored, Fault::scales_as_ue8m0,
                            Fault::scale_rows_off_by_32, Fault::scales_of_first_step_for_all, Fault::scales_exchanged})
    EXPECT_TRUE(tcgen05::refused(run_mma_mxf4nvf4, wide, wide, fault)) << static_cast<int>(fault);
}

// The leading offset, bits 29:16, has no meaning for swizzled operands and for tiles of one column; every other bit of
// a descriptor counts.
TEST(Tcgen05MmaMxf4nvf4Test, EveryBitOfADescriptorCounts) {
  const gate::Case &swizzled = probe().cases[0], &plain = probe().cases[1];
  const std::vector<int> leading = {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
  const auto bits = [](const gate::Case& launch_case, std::string_view name) {
    return tcgen05::unnoticed_bits<std::uint64_t>(run_mma_mxf4nvf4, launch_case, name);
  };
  EXPECT_EQ(bits(swizzled, "descriptor_a"), leading);
  EXPECT_EQ(bits(swizzled, "descriptor_scales"), leading);
  EXPECT_EQ(bits(plain, "descriptor_a"), std::vector<int>{});
  EXPECT_EQ(bits(plain, "descriptor_b"), std::vector<int>{});
  EXPECT_EQ(tcgen05::unnoticed_bits<std::uint32_t>(run_mma_mxf4nvf4, plain, "instruction"), std::vector<int>{});
}

TEST(Tcgen05MmaMxf4nvf4Test, ShapesAreTheManualsAndVary) {
  std::set<std::uint64_t> modes;
  std::set<std::uint32_t> accumulations, tiles_of_b;
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t n = n_of(launch_case), steps = scalar_of(launch_case, "steps");
    EXPECT_TRUE(n >= 64 && n <= 256 && n % 16 == 0) << launch_case.name;
    EXPECT_TRUE(std::has_single_bit(scalar_of(launch_case, "columns"))) << launch_case.name;
    EXPECT_LE(scalar_of(launch_case, "columns"), 512u) << launch_case.name;
    EXPECT_GE(steps, 2u) << launch_case.name;
    EXPECT_EQ(scalar_of(launch_case, "advance_scale_b"), n > 128 ? 8u : 4u) << launch_case.name;
    EXPECT_EQ(columns_of_scales(launch_case), steps * (4 + scalar_of(launch_case, "advance_scale_b")));
    modes.insert(scalar_of<std::uint64_t>(launch_case, "descriptor_a") >> 61);
    tiles_of_b.insert(scalar_of(launch_case, "advance_scale_b"));
    accumulations.insert(scalar_of(launch_case, "accumulate"));
  }
  EXPECT_EQ(modes, (std::set<std::uint64_t>{0, 2, 4, 6}));
  EXPECT_EQ(tiles_of_b, (std::set<std::uint32_t>{4, 8}));
  EXPECT_EQ(accumulations.size(), 2u);
}

TEST(Tcgen05MmaMxf4nvf4Test, DAndTheScalesShareNoColumnAndNothingElseChanges) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto before = words_of(part<gate::Input>(launch_case, "c").bytes),
               after = words_of(d_of(launch_case).expected);
    const std::uint32_t columns = scalar_of(launch_case, "columns"), d = scalar_of(launch_case, "column"),
                        scales = scalar_of(launch_case, "column_scale_a");
    for (std::size_t i = 0; i < after.size(); ++i) {
      const std::size_t column = i % columns;
      const bool in_d = column >= d && column < d + n_of(launch_case),
                 in_scales = column >= scales && column < scales + columns_of_scales(launch_case);
      ASSERT_FALSE(in_d && in_scales) << launch_case.name << " column " << column;
      ASSERT_EQ(before[i] != after[i], in_d || in_scales) << launch_case.name << " cell " << i;
    }
  }
}

TEST(Tcgen05MmaMxf4nvf4Test, EveryScaleCodeOccursAndNoneIsNan) {
  std::set<std::uint8_t> wide;
  for (const gate::Case& launch_case : probe().cases)
    for (const std::byte scale : part<gate::Input>(launch_case, "scales").bytes) {
      const auto code = static_cast<std::uint8_t>(scale);
      ASSERT_TRUE(code >= 0x01 && code <= 0x7e) << launch_case.name;
      if (!exact(launch_case)) wide.insert(code);
    }
  EXPECT_EQ(wide.size(), 0x7eu);
}

TEST(Tcgen05MmaMxf4nvf4Test, DStandsOnMultiplesOf32OfWhichManyAreDrawn) {
  std::set<std::uint32_t> columns_of_d, columns_of_scale_tiles;
  for (int i = 0; i < 8; ++i) {
    gate::Seed seed = fixed_seed();
    seed[11] ^= static_cast<std::byte>(i);
    for (const gate::Case& launch_case : make_tcgen05_mma_mxf4nvf4(seed).cases) {
      const std::uint32_t column = scalar_of(launch_case, "column"), scales = scalar_of(launch_case, "column_scale_a");
      EXPECT_EQ(column % 32, 0u) << launch_case.name;
      EXPECT_EQ(scales % 4, 0u) << launch_case.name;
      EXPECT_LE(column + n_of(launch_case), scalar_of(launch_case, "columns")) << launch_case.name;
      EXPECT_LE(scales + columns_of_scales(launch_case), scalar_of(launch_case, "columns")) << launch_case.name;
      columns_of_d.insert(column);
      columns_of_scale_tiles.insert(scales);
    }
  }
  EXPECT_GE(columns_of_d.size(), 8u);
  EXPECT_GE(columns_of_scale_tiles.size(), 20u);
}

/// The cells that differ between the images of tensor memory that two cases expect.
struct MovedCells {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> of_d, of_scales;  // lane and column, relative to D and to A's
};

MovedCells moved_cells(const gate::Case& from, const gate::Case& to) {
  const std::uint32_t columns = scalar_of(from, "columns"), d = scalar_of(from, "column");
  MovedCells moved;
  for (const std::size_t word : moved_words(from, to, "d")) {
    const auto lane = static_cast<std::uint32_t>(word / columns), column = static_cast<std::uint32_t>(word % columns);
    if (column >= d && column < d + n_of(from))
      moved.of_d.emplace_back(lane, column - d);
    else
      moved.of_scales.emplace_back(lane, column - scalar_of(from, "column_scale_a"));
  }
  return moved;
}

// A block's sum of products may be 0 in some columns of D; there its scale does not count.
TEST(Tcgen05MmaMxf4nvf4Test, NegativeMovesOneScaleInItsFourPlacesAndOneRowOfD) {
  const gate::Case& first = probe().cases.front();
  const auto [of_d, of_scales] = moved_cells(first, probe().negative);
  ASSERT_EQ(of_scales.size(), 4u);
  const auto [lane, column] = of_scales.front();
  for (std::uint32_t quarter = 0; quarter < 4; ++quarter)
    EXPECT_EQ(of_scales[quarter], std::pair(lane + 32 * quarter, column));
  EXPECT_LT(column, 4 * scalar_of(first, "steps")) << "not a scale of A";
  for (const auto& [row, any] : of_d) EXPECT_EQ(row, column % 4 * 32 + lane);
  EXPECT_GE(of_d.size(), 48u);
}

TEST(Tcgen05MmaMxf4nvf4Test, NegativeChangesOneByteOfTheScalesAndNothingElse) {
  const gate::Case& first = probe().cases.front();
  for (const std::string_view name : {"a", "b", "c"})
    EXPECT_EQ(part<gate::Input>(first, name).bytes, part<gate::Input>(probe().negative, name).bytes) << name;
  const auto &before = part<gate::Input>(first, "scales").bytes,
             &after = part<gate::Input>(probe().negative, "scales").bytes;
  int changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != after[i];
  EXPECT_EQ(changed, 1);
}

TEST(Tcgen05MmaMxf4nvf4Test, ImagesFitTheirTilesInWholeWarpsOf16BytesAThread) {
  for (const gate::Case& launch_case : probe().cases) {
    EXPECT_LE(scalar_of(launch_case, "bytes_a"), 16384u);
    EXPECT_LE(scalar_of(launch_case, "bytes_b"), 16384u);
    EXPECT_LE(scalar_of(launch_case, "bytes_scales"), 6144u);
    for (const std::string name : {"a", "b"}) {
      const std::uint32_t bytes = scalar_of(launch_case, "bytes_" + name);
      EXPECT_EQ(part<gate::Input>(launch_case, name).bytes.size(), bytes) << launch_case.name;
      EXPECT_TRUE(bytes >= 2048 && bytes % 512 == 0) << launch_case.name;
    }
    EXPECT_EQ(part<gate::Input>(launch_case, "scales").bytes.size(), scalar_of(launch_case, "bytes_scales"));
  }
}

TEST(Tcgen05MmaMxf4nvf4Test, TheStandInHasNoMma) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("\n  tcgen05.mma."), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("\n  tcgen05.mma."), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
