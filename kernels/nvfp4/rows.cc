#include "kernels/nvfp4/rows.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace assay::nvfp4 {
namespace {

// A block is one vector of sixteen floats: the vector extension of g++ and clang, which becomes one, two or four
// registers of the machine. The bodies are inlined into the functions with a target below, so that each is compiled for
// every set of instructions; and how a vector would be passed to a function does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

using Lanes [[gnu::vector_size(kBlock * sizeof(float))]] = float;
using Bits [[gnu::vector_size(kBlock * sizeof(float))]] = std::int32_t;
using Bytes [[gnu::vector_size(kBlock)]] = std::uint8_t;
using Pairs [[gnu::vector_size(kBlock)]] = std::uint16_t;
using HalfBytes [[gnu::vector_size(kBlock / 2)]] = std::uint8_t;

[[gnu::always_inline]] inline Lanes load(const float* x) {
  Lanes lanes;
  std::memcpy(&lanes, x, sizeof lanes);
  return lanes;
}

/// Lane 0 is the tree of block.h: i with i + 8, i + 4, i + 2, i + 1.
[[gnu::always_inline]] inline float tree_sum(const Lanes& terms) {
  Lanes v = terms;
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return v[0] + v[1];
}

[[gnu::always_inline]] inline Lanes magnitudes(const Lanes& x) {
  return std::bit_cast<Lanes>(std::bit_cast<Bits>(x) & 0x7fffffff);
}

/// Magnitudes order as their bits do.
[[gnu::always_inline]] inline float largest_of(const Lanes& a) {
  Bits v = std::bit_cast<Bits>(a),
       w = __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v = v > w ? v : w;
  w = __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v = v > w ? v : w;
  w = __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  v = v > w ? v : w;
  return std::bit_cast<float>(std::max(v[0], v[1]));
}

/// squared_error() of the block with this step, without its codes: the nearest E2M1 as a value. In each of its three
/// ranges E2M1 has one spacing, and adding 1.5 * 2^23 spacings rounds to it, ties to even.
[[gnu::always_inline]] inline float error_with(const Lanes& a, float step, float per_unit) {
  const Lanes quotient = a / step;
  const Lanes six = Lanes{} + kLargestE2m1, half = Lanes{} + 0.5f, one = Lanes{} + 1.0f, two = Lanes{} + 2.0f;
  const Lanes y = quotient < six ? quotient : six;
  const Lanes spacing = y < two ? half : y < two + two ? one : two;
  const Lanes shift = spacing * 12582912.0f;
  const Lanes nearest = (y + shift) - shift;
  const Lanes off = (nearest * step - a) * per_unit;
  return tree_sum(off * off);
}

[[gnu::always_inline]] inline std::uint8_t best_scale(const Lanes& a, float s2, Method method) {
  const float per_unit = 1 / s2;
  return choose_scale(
      largest_of(a), s2, method, [&](std::uint8_t scale) __attribute__((always_inline)) {
        return error_with(a, e4m3_value(scale) * s2, per_unit);
      });
}

[[gnu::always_inline]] inline void write_codes(const float* x, float step, std::uint8_t* codes) {
  const Lanes quotient = load(x) / step, y = magnitudes(quotient);
  // A comparison that holds is -1 in its lane.
  const Bits code = -((y > 0.25f) + (y >= 0.75f) + (y > 1.25f) + (y >= 1.75f) + (y > 2.5f) + (y >= 3.5f) + (y > 5.0f)) |
                    ((quotient < 0.0f) & 8);
  static_assert(std::endian::native == std::endian::little);
  // Two codes in two bytes become two codes in one.
  const auto apart = std::bit_cast<Pairs>(__builtin_convertvector(code, Bytes));
  const auto packed = __builtin_convertvector((apart | apart >> 4) & 0xff, HalfBytes);
  std::memcpy(codes, &packed, sizeof packed);
}

[[gnu::always_inline]] inline void quantize_body(const float* x, std::size_t blocks, float s2, Method method,
                                                 std::uint8_t* codes, std::uint8_t* scales) {
  for (std::size_t block = 0; block < blocks; ++block, x += kBlock, codes += kBlock / 2) {
    const Lanes a = magnitudes(load(x));
    scales[block] = best_scale(a, s2, method);
    write_codes(x, e4m3_value(scales[block]) * s2, codes);
  }
}

using Quantize = void (*)(const float*, std::size_t, float, Method, std::uint8_t*, std::uint8_t*);

void quantize_plain(const float* x, std::size_t blocks, float s2, Method method, std::uint8_t* codes,
                    std::uint8_t* scales) {
  quantize_body(x, blocks, s2, method, codes, scales);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void quantize_avx2(const float* x, std::size_t blocks, float s2, Method method,
                                           std::uint8_t* codes, std::uint8_t* scales) {
  quantize_body(x, blocks, s2, method, codes, scales);
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void quantize_avx512(const float* x, std::size_t blocks, float s2,
                                                                           Method method, std::uint8_t* codes,
                                                                           std::uint8_t* scales) {
  quantize_body(x, blocks, s2, method, codes, scales);
}

Quantize compiled_for(Vectors vectors) {
  if (vectors == Vectors::avx512) return quantize_avx512;
  return vectors == Vectors::avx2 ? quantize_avx2 : quantize_plain;
}
#else
Quantize compiled_for(Vectors) { return quantize_plain; }
#endif

std::uint32_t magnitude_bits(float value) { return std::bit_cast<std::uint32_t>(value) & 0x7fffffff; }

constexpr std::uint32_t kInfinity = 0x7f800000;

}  // namespace

std::vector<Vectors> vectors_here() {
  std::vector<Vectors> here = {Vectors::plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) here.push_back(Vectors::avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    here.push_back(Vectors::avx512);
#endif
  return here;
}

void quantize_rows(std::span<const float> weights, float s2, Method method, std::span<std::uint8_t> codes,
                   std::span<std::uint8_t> scales) {
  static const Vectors widest = vectors_here().back();
  quantize_rows(weights, s2, method, codes, scales, widest);
}

void quantize_rows(std::span<const float> weights, float s2, Method method, std::span<std::uint8_t> codes,
                   std::span<std::uint8_t> scales, Vectors vectors) {
  compiled_for(vectors)(weights.data(), weights.size() / kBlock, s2, method, codes.data(), scales.data());
}

void dequantize_rows(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales, float s2,
                     std::span<float> weights) {
  constexpr std::array<float, 16> kValues = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
  for (std::size_t block = 0; block < scales.size(); ++block) {
    const float step = e4m3_value(scales[block]) * s2;
    const std::uint8_t* packed = codes.data() + block * (kBlock / 2);
    float* out = weights.data() + block * kBlock;
    for (std::size_t i = 0; i < kBlock / 2; ++i) {
      out[2 * i] = kValues[packed[i] & 15] * step;
      out[2 * i + 1] = kValues[packed[i] >> 4] * step;
    }
  }
}

void bf16_to_float(std::span<const std::uint16_t> from, std::span<float> to) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = bf16_value(from[i]);
}

void f16_to_float(std::span<const std::uint16_t> from, std::span<float> to) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = f16_value(from[i]);
}

void float_to_bf16(std::span<const float> from, std::span<std::uint16_t> to) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = bf16_nearest(from[i]);
}

std::optional<float> largest_magnitude_of(std::span<const float> weights) {
  std::uint32_t largest = 0;
  for (const float weight : weights) largest = std::max(largest, magnitude_bits(weight));
  if (largest >= kInfinity) return std::nullopt;
  return std::bit_cast<float>(largest);
}

std::optional<std::size_t> first_not_finite(std::span<const float> weights) {
  const auto found =
      std::find_if(weights.begin(), weights.end(), [](float weight) { return magnitude_bits(weight) >= kInfinity; });
  if (found == weights.end()) return std::nullopt;
  return static_cast<std::size_t>(found - weights.begin());
}

Noise noise_of(std::span<const float> weights, std::span<const float> dequantized) {
  Noise sum;
  for (std::size_t at = 0; at < weights.size(); at += kBlock) {
    std::array<double, kBlock> signal, noise;
    for (std::size_t i = 0; i < kBlock; ++i) {
      const double weight = weights[at + i], off = static_cast<double>(dequantized[at + i]) - weight;
      signal[i] = weight * weight, noise[i] = off * off;
    }
    for (std::size_t half = kBlock / 2; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i) signal[i] += signal[i + half], noise[i] += noise[i + half];
    sum += {signal[0], noise[0]};
  }
  return sum;
}

double sqnr_db(const Noise& sums) {
  if (sums.signal == 0) return 0;
  if (sums.noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(sums.signal / sums.noise);
}

}  // namespace assay::nvfp4
