// The order in which the W4A16 kernels read weights: one tensor-core fragment a lane, codes and scales together.
//
// The canonical layout of an artifact has rows of packed nibbles and, apart, rows of block scales. A warp of
// mma.sync.m16n8k16 (and of wgmma.m64nNk16, whose A is four such fragments) wants of 16 rows and 16 columns eight
// elements a lane. So the matrix is cut into units of 16 rows by 64 columns, 576 bytes each, which a lane reads with
// one load of 16 bytes and one of 8:
//
//     unit (row tile r, step s) at ((r * steps) + s) * 576        steps = ceil(K / 64), row tiles = 2 ceil(rows / 32)
//     bytes   0..511   lane L at 16 L: words j = 0..3, each the codes of k = 64 s + 16 j .. + 15
//     bytes 512..575   group g = L / 4 at 512 + 8 g: scales of row g for j = 0..3, then those of row g + 8
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
// or column fills holds zero codes and scales of 1.0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay::kernels {

/// Bytes of a unit: 16 rows by 64 columns, codes and scales.
inline constexpr std::size_t kUnitBytes = 576;

/// Canonical codes [rows][k / 2] and scales [rows][k / 16] in fragment order. Of a gated pair `rows` counts both
/// matrices, the gate's first; k is a multiple of 16.
std::vector<std::uint8_t> fragment_order(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales,
                                         std::int64_t rows, std::int64_t k, bool gated);

}  // namespace assay::kernels
