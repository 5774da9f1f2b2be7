#include "kernels/nvfp4/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace assay::nvfp4 {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Sizes = std::vector<std::size_t>;

constexpr bool tiles_are_what_is_copied() {
  for (std::size_t row = 0; row < kScaleTile.rows; ++row)
    for (std::size_t block = 0; block < kScaleTile.blocks; ++block)
      for (std::size_t quarter = 0; quarter < kTensorMemoryQuarters; ++quarter)
        if (copied_to(offset_in_tile({row, block}), quarter) != tensor_memory_scale(row, block, quarter)) return false;
  return true;
}
static_assert(tiles_are_what_is_copied());
static_assert(linear_code(2, 5, 32) == HalfByte{34, 4} && linear_code(0, 4, 32) == HalfByte{2, 0});

struct Shape {
  std::size_t rows = 0, blocks = 0;
};
constexpr Shape kShapes[] = {{1, 1},   {8, 4},   {31, 3},   {32, 4},  {33, 5},  {127, 7},  {128, 4},   {128, 8},
                             {129, 9}, {256, 4}, {300, 10}, {384, 1}, {511, 2}, {640, 24}, {1000, 13}, {9, 31}};

/// Scales that tell most places apart.
Bytes some_scales(const Shape& shape) {
  Bytes scales(shape.rows * shape.blocks);
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<std::uint8_t>(i * 37 % 125 + 1);
  return scales;
}

// A layout in CuTe's notation: sizes and strides of one mode, the fastest first. Written so, a layout is a table of the
// vendor's, and no formula of ours.
struct Mode {
  Sizes sizes, strides;

  std::size_t size() const { return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>()); }
  std::size_t operator()(std::size_t index) const {
    std::size_t offset = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) offset += index % sizes[i] * strides[i], index /= sizes[i];
    return offset;
  }
};

TEST(LayoutTest, CodesArePackedTheEvenOneLow) {
  const Bytes codes = {0x1, 0x7, 0xf, 0x0, 0x8, 0x9};
  Bytes packed(3), unpacked(6);
  pack_codes(codes, packed);
  EXPECT_EQ(packed, (Bytes{0x71, 0x0f, 0x98}));
  unpack_codes(packed, unpacked);
  EXPECT_EQ(unpacked, codes);
  for (std::size_t k = 0; k < codes.size(); ++k) {
    const HalfByte place = linear_code(0, k, codes.size());
    EXPECT_EQ(packed[place.byte] >> place.shift & 15, codes[k]) << k;
  }
}

TEST(LayoutTest, LinearCodesFillTheirBytesOnce) {
  constexpr std::size_t kRows = 3, kK = 48;
  std::set<std::size_t> seen;
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t k = 0; k < kK; ++k) {
      const HalfByte place = linear_code(row, k, kK);
      seen.insert(place.byte * 8 + place.shift);
    }
  EXPECT_EQ(seen.size(), kRows * kK);
  EXPECT_EQ(*seen.rbegin(), kRows * kK / 2 * 8 - 4);
}

TEST(LayoutTest, SizesAreWholeTiles) {
  EXPECT_EQ(tiled_size(1, 1), 512u);
  EXPECT_EQ(tiled_size(128, 4), 512u);
  EXPECT_EQ(tiled_size(129, 4), 1024u);
  EXPECT_EQ(tiled_size(128, 5), 1024u);
  EXPECT_EQ(tiled_size(18944, 224), 18944u * 224);
  EXPECT_EQ(tiled_size(0, 4), 0u);
  EXPECT_EQ(tiled_size(1, 1, kSmallScaleTile), 32u);
  EXPECT_EQ(tiled_size(9, 5, kSmallScaleTile), 128u);
}

TEST(LayoutTest, EveryScaleHasAPlaceOfItsOwnAndIsFoundThere) {
  for (const TileShape& tile : {kScaleTile, kSmallScaleTile})
    for (const Shape& shape : kShapes) {
      std::vector<bool> taken(tiled_size(shape.rows, shape.blocks, tile));
      for (std::size_t row = 0; row < shape.rows; ++row)
        for (std::size_t block = 0; block < shape.blocks; ++block) {
          const std::size_t offset = tiled_scale({row, block}, shape.blocks, tile);
          ASSERT_LT(offset, taken.size());
          ASSERT_FALSE(taken[offset]) << row << ' ' << block;
          taken[offset] = true;
          ASSERT_EQ(scale_at(offset, shape.blocks, tile), (ScaleIndex{row, block})) << offset;
        }
      for (std::size_t offset = 0; offset < taken.size(); ++offset) {
        const ScaleIndex at = scale_at(offset, shape.blocks, tile);
        ASSERT_EQ(taken[offset], at.row < shape.rows && at.block < shape.blocks) << offset;
      }
    }
}

/// The bytes in the order in which a kernel reads them, one loop an axis of the reshaped matrix, as torch programs have
/// it: [tile][quarter][row][tile along K][block] with axes exchanged. No offset is computed.
Bytes reshaped(const Bytes& linear, const Shape& shape) {
  Bytes flat;
  for (std::size_t tile_row = 0; tile_row < shape.rows; tile_row += 128)
    for (std::size_t tile_block = 0; tile_block < shape.blocks; tile_block += 4)
      for (std::size_t row = tile_row; row < tile_row + 32; ++row)
        for (std::size_t quarter = 0; quarter < 128; quarter += 32)
          for (std::size_t block = tile_block; block < tile_block + 4; ++block) {
            const bool padding = row + quarter >= shape.rows || block >= shape.blocks;
            flat.push_back(padding ? std::uint8_t{0} : linear[(row + quarter) * shape.blocks + block]);
          }
  return flat;
}

TEST(LayoutTest, TilesAreWhatReshapingGives) {
  for (const Shape& shape : kShapes) {
    const Bytes linear = some_scales(shape);
    Bytes tiled(tiled_size(shape.rows, shape.blocks), 0xaa), back(linear.size());
    tile_scales(linear, shape.blocks, tiled);
    EXPECT_EQ(tiled, reshaped(linear, shape)) << shape.rows << " x " << shape.blocks;
    untile_scales(tiled, shape.blocks, back);
    EXPECT_EQ(back, linear);
  }
}

TEST(LayoutTest, TilesAreCutlassAtoms) {
  // Shape ((32, 4), (16, 4)), stride ((16, 4), (0, 1)): rows, and elements along K.
  const Mode rows{{32, 4}, {16, 4}}, k{{16, 4}, {0, 1}};
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (std::size_t element = 0; element < k.size(); ++element)
      EXPECT_EQ(offset_in_tile({row, element / 16}), rows(row) + k(element)) << row << ' ' << element;
}

TEST(LayoutTest, ExamplesOfTheVendorsFigure) {
  // Rows 0, 32, 64 and 96 share the first 16 bytes; row 1 begins the next.
  constexpr std::size_t kOffsets[][3] = {{0, 0, 0},  {0, 3, 3},    {32, 0, 4},    {64, 1, 9},  {96, 3, 15},
                                         {1, 0, 16}, {31, 0, 496}, {127, 3, 511}, {0, 4, 512}, {128, 0, 1024}};
  for (const auto& [row, block, offset] : kOffsets) EXPECT_EQ(tiled_scale({row, block}, 8), offset) << row;
}

TEST(LayoutTest, SmallTilesAreRowsOfWords) {
  constexpr std::size_t kOffsets[][3] = {{0, 0, 0}, {1, 0, 4}, {7, 3, 31}, {0, 4, 32}, {8, 0, 64}, {9, 6, 64 + 32 + 6}};
  for (const auto& [row, block, offset] : kOffsets)
    EXPECT_EQ(tiled_scale({row, block}, 8, kSmallScaleTile), offset) << row;
  const Bytes linear = some_scales({9, 6});
  Bytes tiled(tiled_size(9, 6, kSmallScaleTile), 0xaa), back(linear.size());
  tile_scales(linear, 6, tiled, kSmallScaleTile);
  EXPECT_EQ(std::count(tiled.begin(), tiled.end(), 0), 128 - 54) << "padding is zero";
  untile_scales(tiled, 6, back, kSmallScaleTile);
  EXPECT_EQ(back, linear);
}

TEST(LayoutTest, EachGroupBeginsWithATileOfItsOwn) {
  const Sizes rows = {5, 0, 128, 129, 1};
  constexpr std::size_t kBlocks = 6;  // two tiles along K
  const Sizes expected = {0, 1024, 1024, 2048, 4096, 5120};
  for (std::size_t groups = 0; groups <= rows.size(); ++groups)
    EXPECT_EQ(group_offset(std::span(rows).first(groups), kBlocks), expected[groups]) << groups;
}

TEST(LayoutTest, TensorMemoryHoldsARowsScalesInAllQuarters) {
  EXPECT_EQ(tensor_memory_scale(0, 0, 0), (TensorMemoryByte{0, 0, 0}));
  EXPECT_EQ(tensor_memory_scale(33, 2, 0), (TensorMemoryByte{1, 1, 2}));
  EXPECT_EQ(tensor_memory_scale(127, 3, 3), (TensorMemoryByte{127, 3, 3}));
  EXPECT_EQ(tensor_memory_scale(255, 1, 1), (TensorMemoryByte{63, 7, 1}));
  EXPECT_EQ(tensor_memory_columns(128), 4u);
  EXPECT_EQ(tensor_memory_columns(256), 8u);
  EXPECT_EQ(tensor_memory_columns(64), 4u);
  std::set<std::array<std::size_t, 3>> cells;
  for (std::size_t row = 0; row < 256; ++row)
    for (std::size_t j = 0; j < 4; ++j)
      for (std::size_t quarter = 0; quarter < kTensorMemoryQuarters; ++quarter) {
        const TensorMemoryByte at = tensor_memory_scale(row, j, quarter);
        ASSERT_TRUE(at.lane < 128 && at.column < 8 && at.byte < 4);
        cells.insert({at.lane, at.column, at.byte});
      }
  EXPECT_EQ(cells.size(), 128u * 8 * 4);
}

TEST(LayoutTest, ASecondTileIsCopiedToTheNextFourColumns) {
  for (std::size_t row = 128; row < 256; ++row)
    for (std::size_t block = 0; block < 4; ++block) {
      // One step of K = 64 of 256 rows: two tiles.
      const std::size_t offset = tiled_scale({row, block}, 4);
      TensorMemoryByte at = copied_to(offset % 512, 2);
      at.column += 4 * (offset / 512);
      EXPECT_EQ(at, tensor_memory_scale(row, block, 2));
    }
}

TEST(LayoutTest, InstructionDescriptorFields) {
  const auto field = [](const Mxf4nvf4Instruction& i, unsigned low, unsigned high) {
    return i.descriptor() >> low & ((2u << (high - low)) - 1);
  };
  const Mxf4nvf4Instruction pair{.m = 256, .n = 192, .negate_a = false, .negate_b = true};
  EXPECT_EQ(field(pair, 0, 6), 0u);
  EXPECT_EQ(field(pair, 7, 9), 1u);
  EXPECT_EQ(field(pair, 10, 11), 1u);
  EXPECT_EQ(field(pair, 13, 13), 0u);
  EXPECT_EQ(field(pair, 14, 14), 1u);
  EXPECT_EQ(field(pair, 15, 16), 0u);
  EXPECT_EQ(field(pair, 17, 22), 24u);
  EXPECT_EQ(field(pair, 23, 23), 0u);
  EXPECT_EQ(field(pair, 27, 28), 2u) << "M >> 7";
  EXPECT_EQ(field(pair, 29, 31), 0u);
  EXPECT_EQ((Mxf4nvf4Instruction{.m = 128, .n = 64}.descriptor()), 0x08100480u);
  EXPECT_EQ((Mxf4nvf4Instruction{.n = 256, .negate_a = true}.descriptor()), 0x08402480u);
}

// CuTe's layouts of the instruction: (lane, element) to row + 16 * k, column + 8 * k, and row + 16 * column.
const Mode kLanesOfA{{4, 8}, {128, 1}}, kElementsOfA{{8, 2, 2}, {16, 8, 512}};
const Mode kLanesOfB{{4, 8}, {64, 1}}, kElementsOfB{{8, 2}, {8, 256}};
const Mode kLanesOfD{{4, 8}, {32, 1}}, kElementsOfD{{2, 2}, {16, 8}};

template <class Visit>
void for_each_element(std::size_t elements, Visit visit) {
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    for (std::size_t element = 0; element < elements; ++element) visit(Fragment{lane, element});
}

TEST(LayoutTest, FragmentsAreCuteLayoutsAndComeBack) {
  for_each_element(32, [](const Fragment& f) {
    const OperandIndex a = a_index(f);
    EXPECT_EQ(a.line + 16 * a.k, kLanesOfA(f.lane) + kElementsOfA(f.element));
    EXPECT_EQ(a_fragment(a), f);
  });
  for_each_element(16, [](const Fragment& f) {
    const OperandIndex b = b_index(f);
    EXPECT_EQ(b.line + 8 * b.k, kLanesOfB(f.lane) + kElementsOfB(f.element));
    EXPECT_EQ(b_fragment(b), f);
  });
  for_each_element(4, [](const Fragment& f) {
    const ResultIndex d = d_index(f);
    EXPECT_EQ(d.row + 16 * d.column, kLanesOfD(f.lane) + kElementsOfD(f.element));
    EXPECT_EQ(d_fragment(d), f);
  });
}

TEST(LayoutTest, FragmentsHoldEachElementOnce) {
  std::set<std::size_t> a, b, d;
  for_each_element(32, [&](const Fragment& f) { a.insert(a_index(f).line * kMmaDepth + a_index(f).k); });
  for_each_element(16, [&](const Fragment& f) { b.insert(b_index(f).line * kMmaDepth + b_index(f).k); });
  for_each_element(4, [&](const Fragment& f) { d.insert(d_index(f).row * kMmaColumns + d_index(f).column); });
  EXPECT_EQ(a.size(), kMmaRows * kMmaDepth);
  EXPECT_EQ(*a.rbegin(), kMmaRows * kMmaDepth - 1);
  EXPECT_EQ(b.size(), kMmaColumns * kMmaDepth);
  EXPECT_EQ(*b.rbegin(), kMmaColumns * kMmaDepth - 1);
  EXPECT_EQ(d.size(), kMmaRows * kMmaColumns);
  EXPECT_EQ(*d.rbegin(), kMmaRows * kMmaColumns - 1);
}

TEST(LayoutTest, FragmentsAreTheManualsRanges) {
  // "row = groupID for ai where 0 <= i < 8 || 16 <= i < 24, else groupID + 8; col = threadID_in_group * 8 + (i & 7),
  // + 32 from i = 16 on" and so on.
  for_each_element(32, [](const Fragment& f) {
    const std::size_t i = f.element, row = (i < 8 || (16 <= i && i < 24)) ? f.lane >> 2 : (f.lane >> 2) + 8;
    EXPECT_EQ(a_index(f), (OperandIndex{row, (f.lane & 3) * 8 + (i & 7) + (i < 16 ? 0 : 32)}));
  });
  for_each_element(16, [](const Fragment& f) {
    EXPECT_EQ(b_index(f), (OperandIndex{f.lane >> 2, (f.lane & 3) * 8 + (f.element & 7) + (f.element < 8 ? 0 : 32)}));
  });
  EXPECT_EQ(Fragment({3, 21}).code_register(), 2u);
  EXPECT_EQ(Fragment({3, 21}).code_shift(), 20u);
}

TEST(LayoutTest, AWordOfLinearCodesIsARegisterOfAFragment) {
  // Eight codes along K are four bytes of a row: kernels load fragments as words.
  for_each_element(32, [](const Fragment& f) {
    const OperandIndex a = a_index(f), first = a_index({f.lane, f.element / 8 * 8});
    const HalfByte place = linear_code(a.line, a.k, kMmaDepth), word = linear_code(first.line, first.k, kMmaDepth);
    EXPECT_EQ(word.byte % 4, 0u);
    EXPECT_EQ((place.byte - word.byte) * 8 + place.shift, f.code_shift());
  });
}

TEST(LayoutTest, ScaleWordsAreReadFromTheSelectedThreads) {
  // CuTe's layouts with thread-ids 0: lanes ((2, 2, 8)) to rows (8, 0, 1), lanes ((4, 8)) to columns (0, 1).
  const Mode rows{{2, 2, 8}, {8, 0, 1}}, columns{{4, 8}, {0, 1}};
  for (std::size_t id = 0; id < 2; ++id) {
    std::set<std::size_t> seen;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::optional<std::size_t> row = scale_row_of_a(lane, id);
      ASSERT_EQ(row.has_value(), lane % 4 == 2 * id || lane % 4 == 2 * id + 1) << lane;
      if (!row) continue;
      EXPECT_EQ(*row, rows(lane));
      EXPECT_EQ(scale_lane_of_a(*row, id), lane);
      seen.insert(*row);
    }
    EXPECT_EQ(seen.size(), kMmaRows);
  }
  for (std::size_t id = 0; id < 4; ++id) {
    std::set<std::size_t> seen;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::optional<std::size_t> column = scale_column_of_b(lane, id);
      ASSERT_EQ(column.has_value(), lane % 4 == id) << lane;
      if (!column) continue;
      EXPECT_EQ(*column, columns(lane));
      EXPECT_EQ(scale_lane_of_b(*column, id), lane);
      seen.insert(*column);
    }
    EXPECT_EQ(seen.size(), kMmaColumns);
  }
}

TEST(LayoutTest, AScaleWordIsFourBytesOfATile) {
  const Shape shape{128, 8};
  const Bytes linear = some_scales(shape);
  Bytes tiled(tiled_size(shape.rows, shape.blocks));
  tile_scales(linear, shape.blocks, tiled);
  for (std::size_t row = 0; row < shape.rows; ++row)
    for (std::size_t step = 0; step < 2; ++step) {
      const std::size_t offset = tiled_scale({row, 4 * step}, shape.blocks);
      EXPECT_EQ(offset % 4, 0u);
      const auto of_tiles = scale_word(std::span(tiled).subspan(offset).first<4>());
      const auto of_rows = scale_word(std::span(linear).subspan(row * shape.blocks + 4 * step).first<4>());
      EXPECT_EQ(of_tiles, of_rows);
      EXPECT_EQ(of_rows & 0xff, linear[row * shape.blocks + 4 * step]) << "byte 0 scales k in 0 .. 15";
    }
}

}  // namespace
}  // namespace assay::nvfp4
