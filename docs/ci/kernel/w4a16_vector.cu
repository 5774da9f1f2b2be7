// y = s2 * W x for a few tokens, W in NVFP4 as an artifact stores it: the worked example of docs/ci/kernel/README.md.
// Plain rather than fast. One warp an output; a lane takes every 32nd block of 16 codes, and the lanes add up at the
// end.

__device__ float e2m1(unsigned code) {
  const unsigned exponent = code >> 1 & 3, fraction = code & 1;
  const float magnitude = exponent == 0 ? 0.5f * fraction : 0.25f * (1u << exponent) * (2 + fraction);
  return (code & 8) != 0 ? -magnitude : magnitude;
}

__device__ float e4m3(unsigned code) {
  const int exponent = code >> 3 & 15, fraction = code & 7;
  return exponent == 0 ? ldexpf(1.0f * fraction, -9) : ldexpf(8.0f + fraction, exponent - 10);
}

__device__ float bf16(unsigned short code) { return __uint_as_float(static_cast<unsigned>(code) << 16); }

__device__ unsigned short nearest_bf16(float value) {
  unsigned short code;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(code) : "f"(value));
  return code;
}

/// One block of codes times its activations.
__device__ float block_sum(unsigned long long codes, float scale, const unsigned short* x) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 16; ++i) sum += e2m1(codes >> 4 * i & 15) * bf16(x[i]);
  return scale * sum;
}

__device__ float add_lanes(float value) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffff, value, distance);
  return value;
}

extern "C" __global__ void w4a16_vector(const unsigned long long* codes, const unsigned char* scales,
                                        const unsigned short* x, unsigned short* y, float s2, int m, int n, int k) {
  const int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32, blocks = k / 16;
  if (row >= n) return;
  for (int token = 0; token < m; ++token) {
    float sum = 0;
    for (int block = lane; block < blocks; block += 32) {
      const long long at = 1ll * row * blocks + block;
      sum += block_sum(codes[at], e4m3(scales[at]), x + 1ll * token * k + 16 * block);
    }
    sum = add_lanes(sum);
    if (lane == 0) y[1ll * token * n + row] = nearest_bf16(s2 * sum);
  }
}
