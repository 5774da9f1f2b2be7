// What a device text needs to be compiled for the host by a test: CUDA's spellings, and its arithmetic with a direction
// of rounding. Only for functions that stay within these; a text's inline PTX must not be reached.
#pragma once

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>

#define __device__
#define __forceinline__ inline

namespace assay::kernels::device_text {

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.

using std::max;

struct uint2 {
  unsigned x, y;
};
struct uint4 {
  unsigned x, y, z, w;
};
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
struct Index {
  unsigned x = 0, y = 0;
};
inline constexpr Index threadIdx, blockIdx;

template <class T>
T __ldg(const T* from) {
  return *from;
}
/// Of one lane, which is alone.
inline unsigned __shfl_xor_sync(unsigned, unsigned value, int) { return value; }

inline unsigned __byte_perm(unsigned a, unsigned b, unsigned bytes) {
  const std::uint64_t both = std::uint64_t{b} << 32 | a;
  unsigned chosen = 0;
  for (unsigned i = 0; i < 4; ++i) chosen |= static_cast<unsigned>(both >> 8 * (bytes >> 4 * i & 7) & 0xff) << 8 * i;
  return chosen;
}

inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }

/// The operands and the result are volatile, so that no compiler moves the operation out of the other direction.
template <class Operation>
float rounded(int direction, Operation operation, float a, float b, float c = 0) {
  std::fesetround(direction);
  const volatile float va = a, vb = b, vc = c;
  const volatile float result = operation(va, vb, vc);
  std::fesetround(FE_TONEAREST);
  return result;
}
inline float product(float a, float b, float) { return a * b; }
inline float sum(float a, float b, float) { return a + b; }
inline float quotient(float a, float b, float) { return a / b; }
inline float fused(float a, float b, float c) { return std::fma(a, b, c); }

inline float __fmul_rn(float a, float b) { return rounded(FE_TONEAREST, product, a, b); }
inline float __fmul_rd(float a, float b) { return rounded(FE_DOWNWARD, product, a, b); }
inline float __fmul_ru(float a, float b) { return rounded(FE_UPWARD, product, a, b); }
inline float __fadd_rn(float a, float b) { return rounded(FE_TONEAREST, sum, a, b); }
inline float __fdiv_rn(float a, float b) { return rounded(FE_TONEAREST, quotient, a, b); }
inline float __fmaf_rd(float a, float b, float c) { return rounded(FE_DOWNWARD, fused, a, b, c); }
inline float __fmaf_ru(float a, float b, float c) { return rounded(FE_UPWARD, fused, a, b, c); }

// NOLINTEND(bugprone-reserved-identifier)

}  // namespace assay::kernels::device_text
