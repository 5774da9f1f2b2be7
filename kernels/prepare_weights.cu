// NVFP4 weights to the order in which products read them, on the device, at the speed of memory.
//
// The layout is that of kernels/fragment_order.h. A warp makes units, 16 rows by 128 columns, one after the other, in
// registers alone. A quad of lanes g has rows g and g + 8; its lane t reads of both the blocks 2 t and 2 t + 1, so what
// it holds of a block is all of that block's word for each of the four lanes. It makes the four words at once, as
// vectors of bytes, one byte a lane; a transposition of 4 by 4 within the quad then brings each lane its own eight. So
// reads and writes are 16 bytes a lane, and rows are read in pieces of four units, 256 bytes.
//
// Sources: PTX ISA 9.7.14.5.8 (fragments of mma.m16n8k16). Tested by tests/kernels/prepare_weights_test.cc and, on a
// device, by every `assay run`.

namespace nvfp4 {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned;
using u64 = unsigned long long;

constexpr int kStepBlocks = 8;    // A step is 128 columns.
constexpr int kWarpSteps = 4;     // Of one row tile, read together.
constexpr int kUnitBytes = 1152;  // 1024 of codes, 128 of scales.
constexpr int kUnitScales = 1024;

/// Bits of `x` where the mask has ones, else of `y`.
__device__ __forceinline__ u32 select(u32 mask, u32 x, u32 y) { return (x & mask) | (y & ~mask); }

/// Bytes of a and b by number, four bits each; a number with bit 3 set gives the sign of its byte eight times.
template <u32 kBytes>
__device__ __forceinline__ u32 permute(u32 a, u32 b = 0) {
  u32 d;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "n"(kBytes));
  return d;
}

/// Two neighbouring blocks of a row: bytes 0..3 and 4..7 of their codes, and their scales in the low half.
struct Blocks {
  u32 first[2], second[2];
  u32 scales;
};

/// Blocks `at` and `at` + 1 of the matrix, the first `count` of them; zeros for the others. Paired: `at` and the blocks
/// of a row are even.
template <bool kPaired>
__device__ __forceinline__ Blocks load_blocks(const u8* codes, const u8* scales, u64 at, int count) {
  Blocks b = {};
  if constexpr (kPaired) {
    if (count <= 0) return b;
    const uint4 v = __ldcs(reinterpret_cast<const uint4*>(codes + at * 8));
    b = {{v.x, v.z}, {v.y, v.w}, __ldg(reinterpret_cast<const u16*>(scales + at))};
  } else {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      if (i >= count) continue;
      const uint2 v = __ldg(reinterpret_cast<const uint2*>(codes + (at + i) * 8));
      b.first[i] = v.x, b.second[i] = v.y;
      b.scales |= static_cast<u32>(__ldg(scales + at + i)) << (8 * i);
    }
  }
  return b;
}

/// Four E4M3 scales in E5M3; 1.0 for zeros.
__device__ __forceinline__ u32 stored_scales(u32 scales) {
  const u32 v = scales & 0x7F7F7F7Fu;
  // A normal scale has its exponent counted from another zero. The eight subnormal ones are bytes of a pair of words,
  // found by their fractions, four at once.
  const u32 normal = v + 0x18181818u;
  const u32 fraction = v & 0x07070707u, pairs = fraction | (fraction >> 4);
  u32 subnormal;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(subnormal) : "r"(0x14100850u), "r"(0x1E1C1A18u), "r"(permute<0x4420>(pairs)));
  const u32 has_exponent = (v & 0x78787878u) + 0x78787878u;
  return select(permute<0xBA98>(has_exponent), normal, subnormal);
}

/// Zeroes the codes of blocks whose scale is zero; `scales` are the upper row's two and the lower row's.
__device__ __forceinline__ void zero_blocks(Blocks& upper, Blocks& lower, u32 scales) {
  const u32 some = (scales & 0x7F7F7F7Fu) + 0x7F7F7F7Fu;
  const u32 keep[4] = {permute<0x8888>(some), permute<0x9999>(some), permute<0xAAAA>(some), permute<0xBBBB>(some)};
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    upper.first[i] &= keep[i], upper.second[i] &= keep[i];
    lower.first[i] &= keep[2 + i], lower.second[i] &= keep[2 + i];
  }
}

/// Four bytes of codes of one kind for each of the lanes of a quad, of which the low halves count: pairs 0 to 3 of a
/// word.
struct Pairs {
  u32 p0, p1, p2, p3;
};

/// Bits 7..0 of a half word, for four lanes.
__device__ __forceinline__ u32 low_bytes(const Pairs& v) {
  return select(0x07070707u, v.p2, select(0x38383838u, v.p1 << 3, v.p0 << 6));
}

/// Bits 15..8 of a half word, for four lanes.
__device__ __forceinline__ u32 high_bytes(const Pairs& v) {
  const u32 lowest = select(0x02020202u, v.p2 >> 2, v.p0 >> 2);
  const u32 middle = select(0x10101010u, v.p1 << 1, select(0x0C0C0C0Cu, v.p3 << 2, lowest));
  return select(0x80808080u, v.p0 << 4, select(0x60606060u, v.p3 << 3, middle));
}

/// The words of one block for the four lanes of a quad.
__device__ __forceinline__ void words_of_quad(const Pairs& even, u32 (&word)[4]) {
  const Pairs odd = {even.p0 >> 4, even.p1 >> 4, even.p2 >> 4, even.p3 >> 4};
  const u32 a = low_bytes(even), b = high_bytes(even), c = low_bytes(odd), d = high_bytes(odd);
  const u32 ab01 = permute<0x5140>(a, b), ab23 = permute<0x7362>(a, b);
  const u32 cd01 = permute<0x5140>(c, d), cd23 = permute<0x7362>(c, d);
  word[0] = permute<0x5410>(ab01, cd01), word[1] = permute<0x7632>(ab01, cd01);
  word[2] = permute<0x5410>(ab23, cd23), word[3] = permute<0x7632>(ab23, cd23);
}

/// Word i of lane t becomes word t of lane i, in each quad.
__device__ __forceinline__ void transpose_in_quad(u32 (&word)[4], int t) {
#pragma unroll
  for (int apart = 2; apart > 0; apart /= 2)
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      if (c & apart) continue;
      const bool upper = t & apart;
      const u32 got = __shfl_xor_sync(~0u, upper ? word[c] : word[c + apart], apart);
      if (upper)
        word[c] = got;
      else
        word[c + apart] = got;
    }
}

/// The 4 bytes at 4 t of the 16 that hold a quad's scales: row g's, then those of row g + 8. A lane has two of each.
__device__ __forceinline__ u32 scales_of_lane(u32 scales, int lane) {
  const int from = (lane & ~3) | (lane & 1) << 1;
  const u32 a = __shfl_sync(~0u, scales, from), b = __shfl_sync(~0u, scales, from + 1);
  return lane & 2 ? permute<0x7632>(a, b) : permute<0x5410>(a, b);
}

__device__ __forceinline__ void write_unit(u8* unit, Blocks upper, Blocks lower, int lane) {
  const u32 scales = upper.scales | lower.scales << 16;
  zero_blocks(upper, lower, scales);
  u32 even[4], odd[4];
  words_of_quad({upper.first[0], lower.first[0], upper.second[0], lower.second[0]}, even);
  words_of_quad({upper.first[1], lower.first[1], upper.second[1], lower.second[1]}, odd);
  transpose_in_quad(even, lane & 3);
  transpose_in_quad(odd, lane & 3);
  uint4* words = reinterpret_cast<uint4*>(unit) + lane;
  words[0] = make_uint4(even[0], odd[0], even[1], odd[1]);
  words[32] = make_uint4(even[2], odd[2], even[3], odd[3]);
  reinterpret_cast<u32*>(unit + kUnitScales)[lane] = scales_of_lane(stored_scales(scales), lane);
}

/// Eight warps a CTA: two row tiles that lie together by four times kWarpSteps steps. `rows` counts both matrices of a
/// gated pair. Arrays begin at multiples of 16.
template <bool kPaired>
__device__ __forceinline__ void prepare_weights(const u8* codes, const u8* scales, u8* weights, int rows, int k,
                                                bool gated) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, in_pair = warp % 2, pair = blockIdx.y;
  const int blocks = k / 16, steps = (blocks + kStepBlocks - 1) / kStepBlocks;
  const int first_step = (blockIdx.x * 4 + warp / 2) * kWarpSteps;
  if (first_step >= steps) return;

  const int of_matrix = gated ? rows / 2 : rows;
  const int row = (gated ? pair : 2 * pair + in_pair) * 16 + lane / 4, before = gated ? in_pair * of_matrix : 0;
  const int first = first_step * kStepBlocks + lane % 4 * 2;
  const u64 upper_at = static_cast<u64>(before + row) * blocks + first, lower_at = upper_at + 8ull * blocks;
  Blocks upper[kWarpSteps], lower[kWarpSteps];
#pragma unroll
  for (int i = 0; i < kWarpSteps; ++i) {
    const int left = blocks - first - i * kStepBlocks;
    upper[i] = load_blocks<kPaired>(codes, scales, upper_at + i * kStepBlocks, row < of_matrix ? left : 0);
    lower[i] = load_blocks<kPaired>(codes, scales, lower_at + i * kStepBlocks, row + 8 < of_matrix ? left : 0);
  }

  u8* unit = weights + (static_cast<u64>(pair) * steps + first_step) * (2 * kUnitBytes) + in_pair * kUnitBytes;
#pragma unroll
  for (int i = 0; i < kWarpSteps; ++i)
    if (first_step + i < steps) write_unit(unit + i * (2 * kUnitBytes), upper[i], lower[i], lane);
}

}  // namespace nvfp4
