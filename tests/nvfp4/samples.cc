#include "tests/nvfp4/samples.h"

#include <bit>
#include <cmath>

#include "kernels/nvfp4/block.h"

namespace assay::nvfp4 {
namespace {

using Weights = std::vector<float>;

float to_bf16(double value) { return bf16_value(bf16_nearest(static_cast<float>(value))); }

/// A value of either sign whose magnitude is 2^low .. 2^high.
template <class Random>
float spread(Random& random, int low, int high) {
  std::uniform_real_distribution<double> exponent(low, high);
  return to_bf16((random() % 2 == 0 ? 1 : -1) * std::exp2(exponent(random)));
}

Weights laplace(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::exponential_distribution<double> size;
  Weights weights;
  for (std::size_t i = 0; i < count; ++i) weights.push_back(to_bf16((random() % 2 == 0 ? 0.02 : -0.02) * size(random)));
  return weights;
}

Weights student(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::student_t_distribution<double> draw(5);
  Weights weights;
  for (std::size_t i = 0; i < count; ++i) weights.push_back(to_bf16(draw(random)));
  return weights;
}

/// Block b of the first half has its largest value at 6 steps of scale 1, and holds the midpoints of E2M1, their
/// neighbours, and zeros: all are met exactly with s2 = 1 and the scales that the amax gives.
Weights ties_of_e2m1() {
  constexpr float kMidpoints[] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5};
  Weights weights(kBlock, 0.0f);
  weights[0] = kLargestE2m1 * kLargestE4m3;  // s2 = 1
  for (const float scale : {1.0f, 0x1p-6f, 448.0f, 0x1p-9f, 24.0f})
    for (const float sign : {1.0f, -1.0f})
      for (const float off : {0.0f, 0x1p-7f, -0x1p-8f}) {
        for (const float midpoint : kMidpoints) weights.push_back(to_bf16(sign * scale * midpoint * (1 + off)));
        for (const float value : {6.0f, -0.0f, 0x1p-12f, -0x1p-12f, 0.5f, 3.0f, 1.0f, -1.5f, 0.0f})
          weights.push_back(to_bf16(value * scale));
      }
  return weights;
}

/// Each block's largest value lies at a midpoint of two scales, or beside it.
Weights ties_of_e4m3() {
  Weights weights(kBlock, 0.0f);
  weights[0] = kLargestE2m1 * kLargestE4m3;
  for (std::uint8_t code = 0; code < 0x7e; ++code) {
    const float low = e4m3_value(code), high = e4m3_value(static_cast<std::uint8_t>(code + 1));
    for (const float off : {0.0f, 0x1p-8f, -0x1p-8f}) {
      const float largest = kLargestE2m1 * (low + high) / 2 * (1 + off);  // not all are bf16 values
      for (std::size_t i = 0; i < kBlock; ++i)
        weights.push_back(to_bf16(largest * (i == 5 ? 1 : static_cast<float>(i) / 17 - 0.4f)));
    }
  }
  return weights;
}

Weights one_outlier() {
  Weights weights = gaussian(21, 1024);
  weights[555] = 30000;
  return weights;
}

Weights zero_blocks() {
  Weights weights = gaussian(22, 1024);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (i / kBlock % 3 == 0) weights[i] = i % 2 == 0 ? 0.0f : -0.0f;
  return weights;
}

Weights underflowing_scales() {
  std::mt19937 random(23);
  Weights weights;
  for (int block = 0; block < 128; ++block)
    for (std::size_t i = 0; i < kBlock; ++i) weights.push_back(std::ldexp(spread(random, -2, 1), -block / 4));
  for (float& weight : weights) weight = to_bf16(weight);
  return weights;
}

/// All bf16 exponents in one tensor, the largest finite value among them.
Weights extremes() {
  std::mt19937 random(24);
  Weights weights;
  for (int block = 0; block < 250; ++block)
    for (std::size_t i = 0; i < kBlock; ++i) weights.push_back(spread(random, -133 + block, -126 + block));
  weights.push_back(bf16_value(0x7f7f));
  weights.push_back(bf16_value(0xff7f));
  weights.push_back(bf16_value(0x0001));
  weights.push_back(bf16_value(0x8001));
  weights.resize(weights.size() + kBlock - weights.size() % kBlock, 0.0f);
  return weights;
}

Weights tiny() {
  std::mt19937 random(25);
  Weights weights;
  for (int i = 0; i < 512; ++i) weights.push_back(spread(random, -133, -110));
  return weights;
}

Weights any_bits(std::uint32_t seed, std::uint32_t low, std::uint32_t high) {
  std::mt19937 random(seed);
  Weights weights;
  for (int i = 0; i < 64 * 16; ++i) {
    const auto magnitude = std::bit_cast<float>(static_cast<std::uint32_t>(low + random() % (high - low + 1)));
    weights.push_back(random() % 2 == 0 ? magnitude : -magnitude);
  }
  return weights;
}

}  // namespace

Weights gaussian(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::normal_distribution<double> draw;
  Weights weights;
  weights.reserve(count);
  for (std::size_t i = 0; i < count; ++i) weights.push_back(to_bf16(draw(random)));
  return weights;
}

std::vector<Sample> bf16_samples() {
  std::vector<Sample> samples = {{"Gaussian", gaussian(1, 1 << 16)},
                                 {"Student", student(2, 1 << 14)},
                                 {"Laplace", laplace(3, 1 << 14)},
                                 {"zeros", Weights(64, 0.0f)},
                                 {"negative zeros", Weights(64, -0.0f)},
                                 {"zero blocks", zero_blocks()},
                                 {"one outlier", one_outlier()},
                                 {"underflowing scales", underflowing_scales()},
                                 {"extremes", extremes()},
                                 {"tiny", tiny()},
                                 {"ties of E2M1", ties_of_e2m1()},
                                 {"ties of E4M3", ties_of_e4m3()}};
  for (const std::size_t count : {16u, 48u, 80u}) samples.push_back({"few", gaussian(9, count)});
  return samples;
}

std::vector<Sample> f32_samples() {
  std::vector<Sample> samples;
  for (std::uint32_t seed = 0; seed < 24; ++seed)
    samples.push_back({"exponents of " + std::to_string(seed * 10),
                       any_bits(seed, (seed * 10) << 23, ((seed * 10 + 4 + seed % 3 * 4) << 23) - 1)});
  samples.push_back({"all exponents", any_bits(99, 0, 0x7effffff)});
  return samples;
}

}  // namespace assay::nvfp4
