// Codes and block scales to BF16 weights without the tensor scale, for the peer that multiplies BF16. A code times a
// scale has six significant bits at most, so that nothing is rounded. One thread a byte of codes.

__device__ float e2m1(unsigned code) {
  const unsigned exponent = code >> 1 & 3, fraction = code & 1;
  const float magnitude = exponent == 0 ? 0.5f * fraction : 0.25f * (1u << exponent) * (2 + fraction);
  return (code & 8) != 0 ? -magnitude : magnitude;
}

__device__ float e4m3(unsigned code) {
  const int exponent = code >> 3 & 15, fraction = code & 7;
  return exponent == 0 ? ldexpf(1.0f * fraction, -9) : ldexpf(8.0f + fraction, exponent - 10);
}

__device__ unsigned bf16_exactly(float value) { return __float_as_uint(value) >> 16; }

extern "C" __global__ void assay_expand(const unsigned char* codes, const unsigned char* scales, unsigned* weights,
                                        unsigned long long bytes) {
  const unsigned long long byte = 1ull * blockIdx.x * blockDim.x + threadIdx.x;
  if (byte >= bytes) return;
  const float scale = e4m3(scales[byte / 8]);
  const unsigned low = bf16_exactly(e2m1(codes[byte] & 15) * scale),
                 high = bf16_exactly(e2m1(codes[byte] >> 4) * scale);
  weights[byte] = high << 16 | low;
}
