// Activations in BF16 to NVFP4, bit for bit as kernels/nvfp4/block.h's rtn, without a division an element.
//
// The reference divides each element by the step of its block in float32 and counts how many of seven midpoints the
// quotient passes. The rounded quotient passes a midpoint m just where x reaches a threshold, since rounding is
// monotone:
//
//     round(x / step) > m   where  x > m step + h step     round(x / step) >= m   where  x >= m step - h step
//
// with h half the distance of m to the next float32 on that side; the tie goes to m, whose last bit is even. h * step
// is exact, so one fma that rounds down (or up) gives a float32 that parts the floats as the real threshold does. x is
// BF16, so seven integers of 16 bits do, and two elements are compared by one subtraction. How many are passed, as
// three bits, are exclusive ors, because who passes one passes all before it. The sign has a threshold of its own:
// where the quotient vanishes, at 2^-150, the reference leaves it out.
//
// Steps below 2^-60 are multiplied by 2^64 for that, and the thresholds divided again in the same direction of
// rounding. The reference's promise holds: finite x; s2 from nvfp4::tensor_scale, hence from 2^-126 to the largest
// float / 2688.
//
// A lane has one block of four rows, 32 apart, as tiles of scales have them (kernels/nvfp4/layout.h): after a
// transposition within its quad each lane writes 4 bytes of a tile, and a warp 64 in a row of each of two tiles.
//
// Sources: IEEE 754-2019 4.3 (rounding), PTX ISA 9.7.3.6 (fma). Tested by tests/kernels/quantize_activations_test.cc
// and, on a device, by every `assay run`.

namespace nvfp4 {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned;
using u64 = unsigned long long;

/// Bits of `x` where the mask has ones, else of `y`.
__device__ __forceinline__ u32 select(u32 mask, u32 x, u32 y) { return (x & mask) | (y & ~mask); }

/// The larger of two pairs of finite BF16 values.
__device__ __forceinline__ u32 larger_pair(u32 a, u32 b) {
  u32 d;
  asm("max.bf16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
}

/// One block: elements 2 i and 2 i + 1 in the halves of word i.
struct Block {
  u32 pair[8];
};

__device__ __forceinline__ float largest_magnitude(const Block& x) {
  u32 largest = x.pair[0] & 0x7FFF7FFFu;
#pragma unroll
  for (int i = 1; i < 8; ++i) largest = larger_pair(largest, x.pair[i] & 0x7FFF7FFFu);
  return __uint_as_float(max(largest << 16, largest & 0xFFFF0000u));
}

// The formulas of block.h and formats.h, operation by operation.

/// For 2^-9 .. 448.
__device__ __forceinline__ u32 e4m3_nearest(float value) {
  const u32 bits = __float_as_uint(value);
  if (value < 0x1p-6f) return __float_as_uint(__fadd_rn(value, 0x1p14f)) - __float_as_uint(0x1p14f);
  return ((bits + 0x7FFFF + (bits >> 20 & 1)) >> 20) - ((127 - 7) << 3);
}

__device__ __forceinline__ float e4m3_value(u32 code) {
  const u32 exponent = code >> 3, fraction = code & 7;
  if (exponent == 0) return __fmul_rn(static_cast<float>(fraction), 0x1p-9f);
  return __uint_as_float((exponent + 127 - 7) << 23 | fraction << 20);
}

__device__ __forceinline__ u32 block_scale(float amax, float s2) {
  const float t = __fdiv_rn(amax, __fmul_rn(6.0f, s2));
  if (t == 0) return 0x38;
  return e4m3_nearest(fminf(fmaxf(t, 0x1p-9f), 448.0f));
}

// Thresholds.

/// The least BF16 that is larger than `t`, or at least `t`, in both halves; t is not negative.
__device__ __forceinline__ u32 least_above(float t) { return ((__float_as_uint(t) >> 16) + 1) * 0x00010001u; }
__device__ __forceinline__ u32 least_from(float t) { return ((__float_as_uint(t) + 0xFFFF) >> 16) * 0x00010001u; }

struct Thresholds {
  u32 sign;          ///< The least magnitude whose quotient is not zero.
  u32 magnitude[7];  ///< The least whose code is 1, 2, .. 7.
};

__device__ __forceinline__ Thresholds thresholds(float step) {
  const bool small = step < 0x1p-60f;
  const float down = small ? 0x1p-64f : 1.0f, s = small ? __fmul_rn(step, 0x1p64f) : step;
  const auto above = [=](float middle, float half) {
    return least_above(__fmul_rd(__fmaf_rd(middle, s, __fmul_rn(half, s)), down));
  };
  const auto from = [=](float middle, float half) {
    return least_from(__fmul_ru(__fmaf_ru(middle, s, -__fmul_rn(half, s)), down));
  };
  return {least_above(__fmul_rd(__fmul_rd(step, 0x1p-75f), 0x1p-75f)),
          {above(0.25f, 0x1p-26f), from(0.75f, 0x1p-25f), above(1.25f, 0x1p-24f), from(1.75f, 0x1p-24f),
           above(2.5f, 0x1p-23f), from(3.5f, 0x1p-23f), above(5.0f, 0x1p-22f)}};
}

/// The codes of two elements, in bits 15..12 and 31..28; other bits are of no use.
__device__ __forceinline__ u32 codes_of_pair(u32 x, const Thresholds& t) {
  // Bit 15 of a half is what the subtraction leaves of 2^15 + |x| - threshold: set where the threshold is reached.
  const u32 magnitude = x | 0x80008000u;
  u32 reached[7];
#pragma unroll
  for (int i = 0; i < 7; ++i) reached[i] = magnitude - t.magnitude[i];
  const u32 bit2 = reached[3], bit1 = reached[1] ^ reached[3] ^ reached[5];
  const u32 bit0 = reached[0] ^ reached[2] ^ reached[4] ^ reached[6] ^ bit1;
  const u32 sign = x & (magnitude - t.sign);
  return select(0x80008000u, sign, select(0x40004000u, bit2 >> 1, select(0x20002000u, bit1 >> 2, bit0 >> 3)));
}

/// Four bytes of codes.
__device__ __forceinline__ u32 packed_codes(const u32* pair, const Thresholds& t) {
  const u32 a = __byte_perm(codes_of_pair(pair[0], t), codes_of_pair(pair[1], t), 0x7351);
  const u32 b = __byte_perm(codes_of_pair(pair[2], t), codes_of_pair(pair[3], t), 0x7351);
  return select(0x0F0F0F0Fu, __byte_perm(a, b, 0x5410) >> 4, __byte_perm(a, b, 0x7632));
}

/// Byte i of lane q becomes byte q of lane i, in each quad.
__device__ __forceinline__ u32 transpose_bytes_in_quad(u32 v, int q) {
  const u32 over_two = __shfl_xor_sync(~0u, v, 2);
  v = q & 2 ? __byte_perm(over_two, v, 0x7632) : __byte_perm(v, over_two, 0x5410);
  const u32 over_one = __shfl_xor_sync(~0u, v, 1);
  return q & 1 ? __byte_perm(over_one, v, 0x7351) : __byte_perm(v, over_one, 0x6240);
}

/// 256 threads a CTA: 128 rows by 8 blocks, two tiles of scales. Arrays begin at multiples of 16; the tiles' padding is
/// written too.
__device__ __forceinline__ void quantize_activations(const u16* x, u8* packed, u8* packed_scales, float s2, int m,
                                                     int k) {
  const int blocks = k / 16, block = blockIdx.x * 8 + threadIdx.x % 8, in_tile = threadIdx.x / 8;
  const int first_row = blockIdx.y * 128 + in_tile, quad = threadIdx.x % 4;
  Block values[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int row = first_row + 32 * i;
    if (row >= m || block >= blocks) continue;
    const uint4* from = reinterpret_cast<const uint4*>(x + (static_cast<u64>(row) * blocks + block) * 16);
    const uint4 a = __ldg(from), b = __ldg(from + 1);
    values[i] = {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
  }

  u32 scales = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int row = first_row + 32 * i;
    if (row >= m || block >= blocks) continue;
    const u32 scale = block_scale(largest_magnitude(values[i]), s2);
    scales |= scale << (8 * i);
    const Thresholds t = thresholds(__fmul_rn(e4m3_value(scale), s2));
    uint2* to = reinterpret_cast<uint2*>(packed + (static_cast<u64>(row) * blocks + block) * 8);
    *to = make_uint2(packed_codes(values[i].pair, t), packed_codes(values[i].pair + 4, t));
  }

  scales = transpose_bytes_in_quad(scales, quad);
  const int tile = block / 4, tiles = (blocks + 3) / 4;
  if (tile < tiles)
    *reinterpret_cast<u32*>(packed_scales + (static_cast<u64>(blockIdx.y) * tiles + tile) * 512 + in_tile * 16 +
                            quad * 4) = scales;
}

}  // namespace nvfp4
