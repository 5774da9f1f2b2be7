// Where the codes and scales of an NVFP4 matrix lie: on disk, in the memory of kernels, in registers and tensor memory.
//
// A matrix is [rows][K], K a multiple of 16; for the right operand of a product a row is one of its columns along K.
// Block b of a row is its elements 16 b .. 16 b + 15, which share a scale.
//
// Linear, the layout of files: codes [rows][K / 2], the one of even k in the low half of its byte; scales [rows][K /
// 16].
//
// Tiles, the layout of scales that block-scaled kernels read (cuBLASLt's VEC16_UE4M3, CUTLASS, cuDNN, Transformer
// Engine): 128 rows by 4 blocks are 512 bytes. The tiles of 128 rows follow each other along K, then come the next 128
// rows. Within a tile the four scales of one row, those of one step of K = 64, are one word; the words of rows i, 32 +
// i, 64 + i and 96 + i are 16 bytes:
//
//     offset = ((row / 128) * ceil(blocks / 4) + block / 4) * 512 + (row % 32) * 16 + (row % 128) / 32 * 4 + block % 4
//
// What no row fills is padding: it is read, so it must be finite. In a grouped product each group begins with a tile of
// its own. TensorRT-LLM's kernels for few rows take tiles of 8 rows by 4 blocks instead, 32 bytes, row after row.
//
// Tensor memory (tcgen05.mma kind::mxf4nvf4, .block16): scale j of a step for row m is byte j of the cell in column
// m / 32 and lane m % 32, and the same in the three other quarters of the lanes. So one tile above is what one
// tcgen05.cp.32x128b.warpx4 copies: 16 bytes to four columns of a lane, in all quarters.
//
// Fragments of mma.sync.m16n8k64 (kind::mxf4nvf4, .scale_vec::4X), with group = lane / 4 and thread = lane % 4; element
// i of A or B is the half byte i % 8, low first, of register i / 8:
//
//     A element 0..31   row group + 8 * (i / 8 % 2), k = 8 * thread + i % 8 + 32 * (i / 16)
//     B element 0..15   column group,                k = 8 * thread + i % 8 + 32 * (i / 8)
//     C, D element 0..3 row group + 8 * (i / 2),     column 2 * thread + i % 2
//
// A lane's scale words hold four bytes, byte j for k in 16 j .. 16 j + 15. Which lanes' words are read is said by
// selectors, the thread-ids: of A's, 0 or 1, threads 2 id (row group) and 2 id + 1 (row group + 8); of B's, 0 to 3,
// thread id (column group). The byte-ids are 0: all four bytes are used.
//
// Sources: PTX ISA 9.7.14.5.14 (fragments, selectors), 9.7.16.10.7 (tensor memory), 9.7.16.9.2 (cp), 9.7.16.4
// (instruction descriptor); cuBLAS, "1D block scaling factors layout". Tested by tests/nvfp4/layout_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace assay::nvfp4 {

// Linear.

/// Half of a byte.
struct HalfByte {
  std::size_t byte = 0;
  unsigned shift = 0;  ///< 0 or 4.
  bool operator==(const HalfByte&) const = default;
};

/// The place of a code among the linear codes of a matrix whose rows have `k_size` elements.
constexpr HalfByte linear_code(std::size_t row, std::size_t k, std::size_t k_size) {
  return {row * (k_size / 2) + k / 2, k % 2 == 0 ? 0u : 4u};
}

/// Codes, one a byte, to two a byte: `packed` has half of their number.
constexpr void pack_codes(std::span<const std::uint8_t> codes, std::span<std::uint8_t> packed) {
  for (std::size_t i = 0; i < packed.size(); ++i)
    packed[i] = static_cast<std::uint8_t>((codes[2 * i] & 15) | codes[2 * i + 1] << 4);
}

/// The inverse.
constexpr void unpack_codes(std::span<const std::uint8_t> packed, std::span<std::uint8_t> codes) {
  for (std::size_t i = 0; i < packed.size(); ++i)
    codes[2 * i] = packed[i] & 15, codes[2 * i + 1] = static_cast<std::uint8_t>(packed[i] >> 4);
}

/// A scale's place in its matrix.
struct ScaleIndex {
  std::size_t row = 0, block = 0;
  bool operator==(const ScaleIndex&) const = default;
};

constexpr std::size_t linear_scale(ScaleIndex scale, std::size_t blocks) { return scale.row * blocks + scale.block; }

// Tiles.

/// One kind of tile: its rows, and the order of the scales in it.
struct TileShape {
  std::size_t rows = 0;    ///< Of a tile.
  std::size_t blocks = 4;  ///< Of a tile.
  std::size_t apart = 0;   ///< Rows whose words follow each other are that far apart in the matrix.

  constexpr std::size_t bytes() const { return rows * blocks; }
  constexpr std::size_t words_together() const { return rows / apart; }
};
/// 128 x 4.
inline constexpr TileShape kScaleTile{.rows = 128, .apart = 32};
/// 8 x 4.
inline constexpr TileShape kSmallScaleTile{.rows = 8, .apart = 8};

constexpr std::size_t tiles_along(std::size_t length, std::size_t tile) { return (length + tile - 1) / tile; }

/// Bytes of the tiled scales of a matrix, padding included; `blocks` are those of a row.
constexpr std::size_t tiled_size(std::size_t rows, std::size_t blocks, const TileShape& tile = kScaleTile) {
  return tiles_along(rows, tile.rows) * tiles_along(blocks, tile.blocks) * tile.bytes();
}

/// The offset of a scale in its tile.
constexpr std::size_t offset_in_tile(ScaleIndex scale, const TileShape& tile = kScaleTile) {
  const std::size_t row = scale.row % tile.rows;
  return (row % tile.apart * tile.words_together() + row / tile.apart) * tile.blocks + scale.block % tile.blocks;
}

/// The offset of a scale among the tiled scales of a matrix.
constexpr std::size_t tiled_scale(ScaleIndex scale, std::size_t blocks, const TileShape& tile = kScaleTile) {
  const std::size_t before = scale.row / tile.rows * tiles_along(blocks, tile.blocks) + scale.block / tile.blocks;
  return before * tile.bytes() + offset_in_tile(scale, tile);
}

/// The inverse. The index is past the matrix's rows or blocks where the offset is padding.
constexpr ScaleIndex scale_at(std::size_t offset, std::size_t blocks, const TileShape& tile = kScaleTile) {
  const std::size_t before = offset / tile.bytes(), word = offset % tile.bytes() / tile.blocks;
  const std::size_t along = tiles_along(blocks, tile.blocks);
  return {before / along * tile.rows + word % tile.words_together() * tile.apart + word / tile.words_together(),
          before % along * tile.blocks + offset % tile.blocks};
}

/// Fills `tiled`, of tiled_size() bytes, from linear scales [rows][blocks]; zeros in the padding.
constexpr void tile_scales(std::span<const std::uint8_t> linear, std::size_t blocks, std::span<std::uint8_t> tiled,
                           const TileShape& tile = kScaleTile) {
  for (std::uint8_t& byte : tiled) byte = 0;
  for (std::size_t i = 0; i < linear.size(); ++i)
    tiled[tiled_scale({i / blocks, i % blocks}, blocks, tile)] = linear[i];
}

/// The inverse: `linear` has the size of the matrix.
constexpr void untile_scales(std::span<const std::uint8_t> tiled, std::size_t blocks, std::span<std::uint8_t> linear,
                             const TileShape& tile = kScaleTile) {
  for (std::size_t i = 0; i < linear.size(); ++i)
    linear[i] = tiled[tiled_scale({i / blocks, i % blocks}, blocks, tile)];
}

/// Where the tiles of a group begin, if the groups before it have so many rows each; all groups: the size of the whole.
constexpr std::size_t group_offset(std::span<const std::size_t> rows_of_groups_before, std::size_t blocks,
                                   const TileShape& tile = kScaleTile) {
  std::size_t offset = 0;
  for (const std::size_t rows : rows_of_groups_before) offset += tiled_size(rows, blocks, tile);
  return offset;
}

// Tensor memory.

/// A byte of tensor memory; the column counts from the first one of the scales.
struct TensorMemoryByte {
  std::size_t lane = 0, column = 0, byte = 0;
  bool operator==(const TensorMemoryByte&) const = default;
};

inline constexpr std::size_t kTensorMemoryQuarters = 4;

/// Scale `step_scale` (0 to 3) of one step of K = 64 for a row of A or a column of B, in one quarter of the lanes.
constexpr TensorMemoryByte tensor_memory_scale(std::size_t row, std::size_t step_scale, std::size_t quarter) {
  return {.lane = 32 * quarter + row % 32, .column = row / 32, .byte = step_scale};
}

/// Columns of the scales of one step, for so many rows of A or columns of B: whole tiles.
constexpr std::size_t tensor_memory_columns(std::size_t rows) { return tiles_along(rows, kScaleTile.rows) * 4; }

/// Where tcgen05.cp.32x128b.warpx4 puts a byte of a tile of 512.
constexpr TensorMemoryByte copied_to(std::size_t offset, std::size_t quarter) {
  return {.lane = 32 * quarter + offset / 16, .column = offset % 16 / 4, .byte = offset % 4};
}

/// The instruction descriptor of tcgen05.mma kind::mxf4nvf4 with E2M1 operands, UE4M3 scales and K = 64, both scale ids
/// 0. M is 128, or 256 for a pair of CTAs; N a multiple of 8 or 16 up to 256.
struct Mxf4nvf4Instruction {
  std::uint32_t m = 128, n = 8;
  bool negate_a = false, negate_b = false;

  constexpr std::uint32_t descriptor() const {
    constexpr std::uint32_t kE2m1 = 1;
    return kE2m1 << 7 | kE2m1 << 10 | std::uint32_t{negate_a} << 13 | std::uint32_t{negate_b} << 14 | n / 8 << 17 |
           m / 16 << 24;
  }
};

// Fragments of mma.sync.m16n8k64.

inline constexpr std::size_t kMmaRows = 16, kMmaColumns = 8, kMmaDepth = 64, kLanes = 32;

/// An element of a fragment: lane, and number in the lane's registers.
struct Fragment {
  std::size_t lane = 0, element = 0;
  bool operator==(const Fragment&) const = default;

  /// Of 4-bit elements: the register that holds it, and the bit at which it begins.
  constexpr std::size_t code_register() const { return element / 8; }
  constexpr unsigned code_shift() const { return static_cast<unsigned>(element % 8 * 4); }
};

/// An element of A or B: `line` is A's row or B's column.
struct OperandIndex {
  std::size_t line = 0, k = 0;
  bool operator==(const OperandIndex&) const = default;
};

constexpr OperandIndex a_index(const Fragment& f) {
  return {f.lane / 4 + f.element / 8 % 2 * 8, f.lane % 4 * 8 + f.element % 8 + f.element / 16 * 32};
}
constexpr Fragment a_fragment(const OperandIndex& a) {
  return {a.line % 8 * 4 + a.k % 32 / 8, a.k % 8 + a.line / 8 * 8 + a.k / 32 * 16};
}

constexpr OperandIndex b_index(const Fragment& f) {
  return {f.lane / 4, f.lane % 4 * 8 + f.element % 8 + f.element / 8 * 32};
}
constexpr Fragment b_fragment(const OperandIndex& b) { return {b.line * 4 + b.k % 32 / 8, b.k % 8 + b.k / 32 * 8}; }

/// An element of C or D.
struct ResultIndex {
  std::size_t row = 0, column = 0;
  bool operator==(const ResultIndex&) const = default;
};

constexpr ResultIndex d_index(const Fragment& f) {
  return {f.lane / 4 + f.element / 2 * 8, f.lane % 4 * 2 + f.element % 2};
}
constexpr Fragment d_fragment(const ResultIndex& d) {
  return {d.row % 8 * 4 + d.column / 2, d.row / 8 * 2 + d.column % 2};
}

/// The row of A whose scales a lane's word holds under a thread-id of 0 or 1; nothing where the word is not read.
constexpr std::optional<std::size_t> scale_row_of_a(std::size_t lane, std::size_t thread_id) {
  if (lane % 4 / 2 != thread_id) return std::nullopt;
  return lane / 4 + lane % 2 * 8;
}
/// The lane whose word holds the scales of a row of A.
constexpr std::size_t scale_lane_of_a(std::size_t row, std::size_t thread_id) {
  return row % 8 * 4 + 2 * thread_id + row / 8;
}

/// The column of B whose scales a lane's word holds under a thread-id of 0 to 3; nothing where the word is not read.
constexpr std::optional<std::size_t> scale_column_of_b(std::size_t lane, std::size_t thread_id) {
  if (lane % 4 != thread_id) return std::nullopt;
  return lane / 4;
}
/// The lane whose word holds the scales of a column of B.
constexpr std::size_t scale_lane_of_b(std::size_t column, std::size_t thread_id) { return column * 4 + thread_id; }

/// Of the scales of a step, in the order of k, the word that mma.sync takes.
constexpr std::uint32_t scale_word(std::span<const std::uint8_t, 4> scales) {
  std::uint32_t word = 0;
  for (std::size_t j = 0; j < scales.size(); ++j) word |= std::uint32_t{scales[j]} << 8 * j;
  return word;
}

}  // namespace assay::nvfp4
