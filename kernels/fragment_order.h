// The order in which the W4A16 kernels read weights: one tensor-core fragment a lane, codes and scales together.
//
// The canonical layout of an artifact has rows of packed nibbles and, apart, rows of block scales. A warp of
// mma.sync.m16n8k16 (and of wgmma.m64nNk16, whose A is four such fragments) wants of 16 rows and 16 columns eight
// elements a lane. So the matrix is cut into units of 16 rows (a row tile) by 128 columns (a step), 1152 bytes each,
// which a lane reads with three loads of 16 bytes; the units of two neighbouring row tiles lie together:
//
//     unit (row tile r, step s) at (r / 2 * steps + s) * 2304 + r % 2 * 1152
//                                                     steps = ceil(K / 128), row tiles = 2 ceil(rows / 32)
//     bytes    0..1023   word j of lane L at j / 4 * 512 + 16 L + j % 4 * 4, j = 0..7: codes of k = 128 s + 16 j .. +
//     15 bytes 1024..1151   group g = L / 4 at 1024 + 16 g: scales of row g for j = 0..7, then those of row g + 8
//
// Elements of a word, with t = L % 4 (the A fragment of m16n8k16, PTX ISA 9.7.14.5.8):
//
//     0, 1: row g, k 2t, 2t+1    2, 3: row g + 8, same k    4, 5: row g, k 2t+8, 2t+9    6, 7: row g + 8, same k
//
// Element 2 i + h stands in half h of the word (h = 0: low) with its four bits (sign, e1, e0, m) at
//
//     i = 0: 15, 8, 7, 6    i = 1: 12, 5, 4, 3    i = 2: 9, 2, 1, 0    i = 3: 14, 13, 11, 10
//
// so that one AND after a shift gives the pair of register i as BF16 values times 2^-126, subnormals included.
//
// A scale is stored as E5M3, normalised: for a value 2^e (1 + m / 8) the byte ((e + 10) << 3) + m, e = -9..8. It holds
// every E4M3 scale, subnormal ones too. A block whose scale is zero has its codes zeroed and the byte of 1.0.
// Multiplied by 0x00100010 and added to 0x70007000 a byte gives a BF16 pair worth scale * 2^107; by 0x00800080 and to
// 0x30003000 an FP16 pair worth scale * 2^7. Every product of a code and a scale is exact in both types.
//
// A gated pair is stored with its row tiles alternating: tile 2 i is the gate's tile i, tile 2 i + 1 up's. What no row
// or column fills holds zero codes and scales of 1.0. Tested by tests/kernels/fragment_order_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::kernels {

inline constexpr std::int64_t kTileRows = 16, kStepColumns = 128;
/// Bytes of a unit, and where its scales begin.
inline constexpr std::int64_t kUnitBytes = 1152, kUnitScales = 1024;
/// 1.0 in E5M3.
inline constexpr std::uint8_t kStoredOne = 10 << 3;

/// What is stored, and where its units are.
struct FragmentOrder {
  std::int64_t rows = 0;  ///< Of a gated pair those of both matrices, an even number.
  std::int64_t k = 0;     ///< A multiple of 16.
  bool gated = false;

  constexpr std::int64_t row_tiles() const { return (rows + 2 * kTileRows - 1) / (2 * kTileRows) * 2; }
  constexpr std::int64_t steps() const { return (k + kStepColumns - 1) / kStepColumns; }
  constexpr std::int64_t bytes() const { return row_tiles() * steps() * kUnitBytes; }

  /// The offset of a unit.
  constexpr std::int64_t unit(std::int64_t row_tile, std::int64_t step) const {
    return ((row_tile / 2 * steps() + step) * 2 + row_tile % 2) * kUnitBytes;
  }

  /// The canonical row of row `in_tile` of a row tile; -1 where none fills it.
  constexpr std::int64_t row(std::int64_t row_tile, std::int64_t in_tile) const {
    const std::int64_t of_matrix = gated ? rows / 2 : rows;
    const std::int64_t row = (gated ? row_tile / 2 : row_tile) * kTileRows + in_tile;
    if (row >= of_matrix) return -1;
    return gated && row_tile % 2 == 1 ? of_matrix + row : row;
  }
};

constexpr std::size_t fragment_order_bytes(std::int64_t rows, std::int64_t k) {
  return static_cast<std::size_t>(FragmentOrder{.rows = rows, .k = k}.bytes());
}

/// A scale, 0x00 to 0x7e, in E5M3; of zero the byte of 1.0.
std::uint8_t stored_scale(std::uint8_t e4m3);

/// Canonical codes [rows][k / 2] and scales [rows][k / 16] in fragment order. Of a gated pair `rows` counts both
/// matrices, the gate's first; k is a multiple of 16.
std::vector<std::uint8_t> fragment_order(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales,
                                         std::int64_t rows, std::int64_t k, bool gated);

/// Codes and scales in the canonical layout.
struct Canonical {
  std::vector<std::uint8_t> codes, scales;
};

/// The inverse, except that a block whose scale was zero comes back with zero codes and a scale of 1.
Canonical canonical_order(std::span<const std::uint8_t> bytes, const FragmentOrder& order);

}  // namespace assay::kernels
