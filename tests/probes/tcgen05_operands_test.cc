#include "probes/tcgen05_operands.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tcgen05_model.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;
using tcgen05::Fault;

TEST(Tcgen05OperandsTest, DescriptorsHoldTheManualsFields) {
  EXPECT_EQ(tcgen05_descriptor(128, Swizzle::none), 0x0000400800800000u);
  EXPECT_EQ(tcgen05_descriptor(64, Swizzle::none), 0x0000400800400000u);
  EXPECT_EQ(tcgen05_descriptor(64, Swizzle::b128), 0x4000404000010000u);
  EXPECT_EQ(tcgen05_descriptor(64, Swizzle::b64), 0x8000402000010000u);
  EXPECT_EQ(tcgen05_descriptor(64, Swizzle::b32), 0xc000401000010000u);
}

TEST(Tcgen05OperandsTest, InstructionDescriptorsHoldTheManualsFields) {
  EXPECT_EQ(tcgen05_f16_instruction(128, 64), 0x08100010u);
  EXPECT_EQ(tcgen05_f16_instruction(128, 256), 0x08400010u);
  EXPECT_EQ(tcgen05_f16_instruction(256, 16), 0x10040010u);
  EXPECT_EQ(tcgen05_mxf4nvf4_instruction(128, 64), 0x08100480u);
  EXPECT_EQ(tcgen05_mxf4nvf4_instruction(256, 128), 0x10200480u);
}

/// Bytes that name their own row and place.
std::vector<std::byte> numbered(std::size_t rows, std::size_t pitch) {
  std::vector<std::byte> bytes(rows * pitch);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>((i / pitch * 37 + i % pitch) & 255);
  return bytes;
}

TEST(Tcgen05OperandsTest, ReadThroughTheDescriptorAnImageGivesTheMatrixBack) {
  constexpr std::pair<Swizzle, std::size_t> kLayouts[] = {
      {Swizzle::none, 96}, {Swizzle::b32, 96}, {Swizzle::b64, 64}, {Swizzle::b128, 128}};
  for (const auto& [swizzle, pitch] : kLayouts)
    for (const std::size_t rows : {8u, 72u, 128u}) {
      const std::vector<std::byte> matrix = numbered(rows, pitch), image = tcgen05_image(matrix, rows, swizzle);
      for (std::size_t i = 0; i < matrix.size(); ++i) {
        const auto row = static_cast<std::uint32_t>(i / pitch), k = static_cast<std::uint32_t>(i % 32);
        const std::size_t step = i % pitch / 32;
        const std::uint64_t descriptor = tcgen05_descriptor(rows, swizzle) + step * tcgen05_advance(rows, swizzle);
        const auto address = tcgen05::operand_address(tcgen05::decode_shared(descriptor), row, k, Fault::none);
        ASSERT_EQ(image.at(address), matrix[i]) << static_cast<int>(swizzle) << " " << rows << " " << i;
      }
    }
}

TEST(Tcgen05OperandsTest, AnImageHasUnitsOf8RowsAnd16Bytes) {
  const std::vector<std::byte> matrix = numbered(16, 32), image = tcgen05_image(matrix, 16, Swizzle::none);
  for (std::size_t row = 0; row < 16; ++row)
    for (std::size_t k = 0; k < 32; ++k)
      EXPECT_EQ(image[row / 8 * 128 + k / 16 * 256 + row % 8 * 16 + k % 16], matrix[row * 32 + k]);
}

std::vector<float> counted(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

TEST(Tcgen05OperandsTest, OneCtaHoldsARowALane) {
  const Accumulator d{.ctas = 1, .m = 128, .n = 8, .columns = 32, .column = 16};
  const auto cells = with_accumulator(std::vector<float>(128 * 32, 0.0f), d, counted(128 * 8));
  EXPECT_EQ(cells[0 * 32 + 16], 1);
  EXPECT_EQ(cells[127 * 32 + 16 + 7], 1024);
  EXPECT_EQ(cells[0 * 32 + 15], 0);
  EXPECT_EQ(cells[0 * 32 + 24], 0);
}

TEST(Tcgen05OperandsTest, APairHolds128RowsACtaOr64RowsInTwoHalves) {
  const Accumulator whole{.ctas = 2, .m = 256, .n = 16, .columns = 32, .column = 0};
  const auto a = with_accumulator(std::vector<float>(2 * 128 * 32, 0.0f), whole, counted(256 * 16));
  EXPECT_EQ(a[(128 + 3) * 32 + 5], 131 * 16 + 5 + 1);
  const Accumulator half{.ctas = 2, .m = 128, .n = 16, .columns = 32, .column = 0};
  const auto b = with_accumulator(std::vector<float>(2 * 128 * 32, 0.0f), half, counted(128 * 16));
  EXPECT_EQ(b[(128 + 3) * 32 + 5], 67 * 16 + 5 + 1);           // CTA 1, lane 3: row 67, column 5
  EXPECT_EQ(b[(128 + 64 + 3) * 32 + 5], 67 * 16 + 8 + 5 + 1);  // CTA 1, lane 67: row 67, column 13
  EXPECT_EQ(b[3 * 32 + 8], 0);
}

TEST(Tcgen05OperandsTest, AScaleLiesInTheTileByteThatTheCuBlasFormulaNames) {
  constexpr std::size_t kRows = 256, kBlocks = 8, kTilesAlongK = kBlocks / 4;
  std::vector<std::uint8_t> scales(kRows * kBlocks), tiles(kRows * kBlocks);
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  place_scales(tiles, scales, kRows);
  for (std::size_t m = 0; m < kRows; ++m)
    for (std::size_t block = 0; block < kBlocks; ++block) {
      // Tiles in the manual's order for tensor memory, step after step; the usual one in memory is row after row.
      const std::size_t usual = (m / 128 * kTilesAlongK + block / 4) * 512 + m % 32 * 16 + m % 128 / 32 * 4 + block % 4;
      const std::size_t tile = usual / 512, here = tile % kTilesAlongK * (kRows / 128) + tile / kTilesAlongK;
      EXPECT_EQ(tiles[here * 512 + usual % 512], scales[m * kBlocks + block]) << m << " " << block;
    }
}

TEST(Tcgen05OperandsTest, RowsThatAreNotThereKeepWhatTheTileHolds) {
  std::vector<std::uint8_t> tiles(512, 0x55);
  place_scales(tiles, std::vector<std::uint8_t>(33 * 4, 1), 33);
  EXPECT_EQ(std::count(tiles.begin(), tiles.end(), 1), 33 * 4);
  EXPECT_EQ(tiles[0 * 16 + 4], 1);     // row 32
  EXPECT_EQ(tiles[1 * 16 + 4], 0x55);  // row 33
}

TEST(Tcgen05OperandsTest, ATileIsCopiedAsTheModelCopiesIt) {
  EXPECT_EQ(tcgen05_scale_tile_descriptor(), 0x0000400800000000u);
  std::vector<std::uint8_t> tiles(1024);
  for (std::size_t i = 0; i < tiles.size(); ++i) tiles[i] = static_cast<std::uint8_t>(i * 13 % 0x7f);
  tcgen05::Cta cta;
  cta.memory.allocate(32);
  cta.shared.bytes.assign(2048, std::byte{0});
  std::memcpy(cta.shared.bytes.data() + 1024, tiles.data(), tiles.size());
  for (const std::uint32_t tile : {0u, 1u})
    tcgen05::copy_tile(cta, 8 + 4 * tile, tcgen05_scale_tile_descriptor() + (1024 + 512 * tile) / 16, Fault::none);
  const auto cells = with_scale_tiles(std::vector<float>(128 * 32, 0.0f), 32, 8, tiles);
  for (std::uint32_t lane = 0; lane < 128; ++lane)
    for (std::uint32_t column = 8; column < 16; ++column)
      EXPECT_EQ(std::bit_cast<std::uint32_t>(cells[lane * 32 + column]), cta.memory.cell(lane, column));
}

}  // namespace
}  // namespace assay::probes
