// The product in double precision, as plainly as it can be said: one thread an output, one term after the other.
//
// A code has two significant bits, a scale four, a BF16 activation eight and an FP16 one eleven, so every term is exact
// in double precision; the tensor scale multiplies the sum. Beside the value stands its slack: what an error of one
// part in the terms may move it by, the sum of the terms' magnitudes. kernels/bench/inputs.h says the same for the
// host, and tests/bench/inputs_test.cc holds the two formulas together.

__device__ double e2m1(unsigned code) {
  const unsigned exponent = code >> 1 & 3, fraction = code & 1;
  const double magnitude = exponent == 0 ? 0.5 * fraction : 0.25 * (1u << exponent) * (2 + fraction);
  return (code & 8) != 0 ? -magnitude : magnitude;
}

__device__ double e4m3(unsigned code) {
  const int exponent = code >> 3 & 15, fraction = code & 7;
  return exponent == 0 ? ldexp(1.0 * fraction, -9) : ldexp(8.0 + fraction, exponent - 10);
}

__device__ double activation(unsigned short code, int is_f16) {
  float value = __uint_as_float(static_cast<unsigned>(code) << 16);
  if (is_f16 != 0) asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(code));
  return value;
}

struct Sum {
  double value, slack;
};

/// One row of weights times one row of activations, without the tensor scale. A block is 16 codes in 8 bytes.
__device__ Sum product(const unsigned long long* codes, const unsigned char* scales, const unsigned short* x,
                       long long blocks, int is_f16) {
  Sum sum{0, 0};
  for (long long block = 0; block < blocks; ++block) {
    const unsigned long long word = codes[block];
    const double scale = e4m3(scales[block]);
    for (int i = 0; i < 16; ++i) {
      const double term = activation(x[16 * block + i], is_f16) * (e2m1(word >> 4 * i & 15) * scale);
      sum.value += term;
      sum.slack += fabs(term);
    }
  }
  return sum;
}

__device__ Sum scaled(Sum sum, double factor) { return Sum{sum.value * factor, sum.slack * fabs(factor)}; }

/// silu(gate) * up. The slope of silu is at most 1.1.
__device__ Sum gated(Sum gate, Sum up) {
  const double silu = gate.value / (1 + exp(-gate.value));
  return Sum{silu * up.value, 1.1 * fabs(up.value) * gate.slack + fabs(silu) * up.slack};
}

extern "C" __global__ void assay_reference(const unsigned char* codes, const unsigned char* scales,
                                           const unsigned short* x, const float* bias, double* values, double* slacks,
                                           long long m, long long n, long long k, double s2, double s2_up, int is_f16,
                                           int is_gated) {
  const long long output = 1ll * blockIdx.x * blockDim.x + threadIdx.x;
  if (output >= m * n) return;
  const long long token = output / n, row = output % n, blocks = k / 16;
  const unsigned long long* words = reinterpret_cast<const unsigned long long*>(codes);
  Sum sum = scaled(product(words + row * blocks, scales + row * blocks, x + token * k, blocks, is_f16), s2);
  if (is_gated != 0) {
    const long long up = row + n;
    sum = gated(sum, scaled(product(words + up * blocks, scales + up * blocks, x + token * k, blocks, is_f16), s2_up));
  }
  if (bias != nullptr) sum = Sum{sum.value + bias[row], sum.slack + fabs(1.0 * bias[row])};
  values[output] = sum.value;
  slacks[output] = sum.slack;
}
