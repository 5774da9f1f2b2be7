// How operands of tcgen05.mma lie in shared memory, and the descriptors that say so.
//
// Shared-memory descriptor (64 bits; an address or offset x is encoded as (x & 0x3ffff) >> 4):
//
//     13:0   start address            29:16  leading dimension byte offset    45:32  stride dimension byte offset
//     48:46  0b001                    51:49  base offset: 0                   52     leading dimension mode: 0
//     60:53  0                        63:61  swizzle: 0 none, 2 128 B, 4 64 B, 6 32 B
//
// A K-major operand is cut into lines of 16 (no swizzle), 32, 64 or 128 bytes along K. Eight rows of lines follow each
// other; the stride offset leads to the next eight rows. Without swizzle, an instruction's 32 bytes along K are two
// such columns of lines, and the leading offset leads from one to the next; with swizzle it has no meaning ("assumed to
// be 1"). The swizzle permutes 16-byte units by the address (swizzle.h), so an image has to start where the pattern
// does.
//
// Instruction descriptor (32 bits; what is not named is 0):
//
//     kind::f16        5:4 type of D: 1 float32; 9:7 and 12:10 types of A and B: 0 float16; 13, 14 negate A, B;
//                      15, 16 A, B not K-major; 22:17 N >> 3; 28:24 M >> 4
//     kind::mxf4nvf4   5:4 id of B's scales: 0; 9:7 and 11:10 types of A and B: 1 E2M1; 13, 14 negate A, B;
//                      22:17 N >> 3; 23 type of the scales: 0 UE4M3; 28:27 M >> 7; 30:29 id of A's scales: 0;
//                      31 K: 0 for 64
//
// Accumulator, one element a 32-bit cell: with cta_group::1 and M = 128, row m is lane m and column n column n (layout
// D). With cta_group::2 and M = 256 each CTA of the pair holds 128 rows so (layout A); with M = 128 each holds 64 rows,
// the first half of the columns in lanes 0..63, the second in lanes 64..127 (layout B).
//
// Scales of kind::mxf4nvf4 with .block16: of row m, scale j of a step is byte j of the cell in column m / 32 and lane
// m % 32, and the same in the three other quarters of the lanes. 128 rows are so four columns, and 512 bytes in shared
// memory: 32 rows of 16 bytes, of which row i holds the words of rows i, 32 + i, 64 + i and 96 + i (the 128x4 tile that
// cuBLASLt and CUTLASS use). tcgen05.cp.32x128b.warpx4 copies such a tile: row i of 16 bytes to four columns of lane i,
// in all quarters; its descriptor has no swizzle, and 128 bytes from eight rows to the next.
//
// Sources: PTX ISA 9.7.16.3 (strides), 9.7.16.4 (descriptors), 9.7.16.9.2 (cp), 9.7.16.10.5 and 9.7.16.10.7 (layouts,
// as figures). Tested by tests/probes/tcgen05_operands_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/cuda/launch.h"
#include "harness/gate/challenge_stream.h"

namespace assay::probes {

/// Bytes along K that one tcgen05.mma takes of a row, whatever the dense kind.
inline constexpr std::size_t kTcgen05StepBytes = 32;
inline constexpr std::size_t kTensorMemoryLanes = 128;

/// A row-major matrix of which a row is `bytes.size() / rows` bytes along K: its shared-memory image.
std::vector<std::byte> tcgen05_image(std::span<const std::byte> bytes, std::size_t rows, cuda::Swizzle);
/// The descriptor of such an image without the start address.
std::uint64_t tcgen05_descriptor(std::size_t rows, cuda::Swizzle);
/// How far the start address moves from one step along K to the next, in units of 16 bytes. It is the same for all
/// steps where a row is one line, or lines are no longer than a step.
std::uint32_t tcgen05_advance(std::size_t rows, cuda::Swizzle);

/// "unswizzled", "in 128 B swizzle": for the names of cases.
std::string layout_name(cuda::Swizzle);

std::uint32_t tcgen05_f16_instruction(std::size_t m, std::size_t n);
std::uint32_t tcgen05_mxf4nvf4_instruction(std::size_t m, std::size_t n);

/// An m x n accumulator in the tensor memory of one CTA (m 128) or of a pair of CTAs (m 128 or 256).
struct Accumulator {
  std::size_t ctas = 1, m = 0, n = 0;
  std::size_t columns = 0;  ///< Allocated in each CTA.
  std::size_t column = 0;   ///< The first one of D.
};

/// Valid values for all cells of the accumulator's CTAs: [cta][lane][column].
std::vector<float> draw_tensor_memory(gate::ChallengeStream&, const Accumulator&);
/// The same cells with a row-major m x n matrix in D's place.
std::vector<float> with_accumulator(std::vector<float> cells, const Accumulator&, const std::vector<float>& matrix);

inline constexpr std::size_t kScaleTileBytes = 512, kScaleTileRows = 128, kScaleTileColumns = 4;

/// Fills tiles with the scales of a row-major matrix, [rows][K / 16], in the order of tensor memory: step after step of
/// four scales, in each a tile for each 128 rows. What no row fills keeps the value that it has.
void place_scales(std::span<std::uint8_t> tiles, const std::vector<std::uint8_t>& scales, std::size_t rows);
/// The descriptor of a tile for tcgen05.cp without the start address.
std::uint64_t tcgen05_scale_tile_descriptor();
/// The cells of one CTA, each lane with `columns`, after tiles were copied to `column` and the following ones.
std::vector<float> with_scale_tiles(std::vector<float> cells, std::size_t columns, std::size_t column,
                                    std::span<const std::uint8_t> tiles);

}  // namespace assay::probes
