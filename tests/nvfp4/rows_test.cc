#include "kernels/nvfp4/rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/nvfp4/samples.h"

namespace assay::nvfp4 {
namespace {

using Weights = std::vector<float>;
using Bytes = std::vector<std::uint8_t>;

constexpr Method kMethods[] = {Method::rtn, Method::four_over_six, Method::sweep};
constexpr TensorScale kKinds[] = {TensorScale::amax, TensorScale::pow2};

std::vector<Sample> all_samples() {
  std::vector<Sample> samples = bf16_samples();
  for (Sample& sample : f32_samples()) samples.push_back(std::move(sample));
  return samples;
}

struct Packed {
  Bytes codes, scales;
  bool operator==(const Packed&) const = default;
};

Packed block_by_block(const Weights& weights, float s2, Method method) {
  Packed packed;
  for (std::size_t at = 0; at < weights.size(); at += kBlock) {
    const Block block = quantize_block(std::span<const float, kBlock>(&weights[at], kBlock), s2, method);
    packed.scales.push_back(block.scale);
    packed.codes.insert(packed.codes.end(), block.codes.begin(), block.codes.end());
  }
  return packed;
}

/// Where two first differ, for the message.
std::size_t first_difference(const Bytes& a, const Bytes& b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
}

TEST(RowsTest, EveryInstructionSetGivesTheBytesOfOneBlockAfterAnother) {
  for (const Sample& sample : all_samples())
    for (const Method method : kMethods)
      for (const TensorScale kind : kKinds) {
        const float s2 = tensor_scale(largest_magnitude_of(sample.weights).value(), method, kind);
        const Packed expected = block_by_block(sample.weights, s2, method);
        for (const Vectors vectors : vectors_here()) {
          Packed got{Bytes(expected.codes.size(), 0xaa), Bytes(expected.scales.size(), 0xaa)};
          quantize_rows(sample.weights, s2, method, got.codes, got.scales, vectors);
          ASSERT_EQ(got, expected) << sample.name << ", method " << static_cast<int>(method) << ", vectors "
                                   << static_cast<int>(vectors) << ", scale "
                                   << first_difference(got.scales, expected.scales) << ", byte "
                                   << first_difference(got.codes, expected.codes);
        }
      }
}

/// FNV-1a.
std::uint64_t with_bytes(std::uint64_t hash, const Bytes& bytes) {
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

TEST(RowsTest, EveryMachineGivesTheseBytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const Sample& sample : f32_samples())
    for (const Method method : kMethods)
      for (const TensorScale kind : kKinds) {
        const float s2 = tensor_scale(largest_magnitude_of(sample.weights).value(), method, kind);
        Packed packed{Bytes(sample.weights.size() / 2), Bytes(sample.weights.size() / kBlock)};
        quantize_rows(sample.weights, s2, method, packed.codes, packed.scales);
        hash = with_bytes(with_bytes(hash, packed.codes), packed.scales);
      }
  // A new value here is a change of the format that is written: artifacts made before and after it differ.
  EXPECT_EQ(hash, 0x3a3351ba4c729e74u);
}

TEST(RowsTest, TheWidestIsTaken) {
  const Weights weights = gaussian(41, 256);
  Packed chosen{Bytes(128), Bytes(16)};
  quantize_rows(weights, 0x1p-8f, Method::sweep, chosen.codes, chosen.scales);
  EXPECT_EQ(chosen, block_by_block(weights, 0x1p-8f, Method::sweep));
  EXPECT_EQ(vectors_here().front(), Vectors::plain);
}

TEST(RowsTest, NothingIsWrittenBehindTheBlocks) {
  const Weights weights = gaussian(42, 48);
  Bytes codes(24 + 64, 0xaa), scales(3 + 64, 0xaa);
  for (const Vectors vectors : vectors_here())
    quantize_rows(weights, 1, Method::sweep, std::span(codes).first(24), std::span(scales).first(3), vectors);
  EXPECT_EQ(Bytes(codes.begin() + 24, codes.end()), Bytes(64, 0xaa));
  EXPECT_EQ(Bytes(scales.begin() + 3, scales.end()), Bytes(64, 0xaa));
}

TEST(RowsTest, DequantizingIsThatOfBlocks) {
  std::mt19937 random(43);
  Bytes codes(8 * 256), scales(256);
  for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random());
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<std::uint8_t>(i % 127);
  Weights values(codes.size() * 2);
  for (const float s2 : {1.0f, 0x1.23456ap-9f, 0x1p-126f}) {
    dequantize_rows(codes, scales, s2, values);
    for (std::size_t block = 0; block < scales.size(); ++block) {
      Block one{.scale = scales[block], .codes = {}};
      std::copy_n(codes.begin() + static_cast<std::ptrdiff_t>(8 * block), 8, one.codes.begin());
      std::array<float, kBlock> expected{};
      dequantize_block(one, s2, expected);
      for (std::size_t i = 0; i < kBlock; ++i)
        ASSERT_EQ(std::bit_cast<std::uint32_t>(values[block * kBlock + i]), std::bit_cast<std::uint32_t>(expected[i]));
    }
  }
}

TEST(RowsTest, ConversionsAreThoseOfOneValue) {
  std::vector<std::uint16_t> all(0x10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  Weights bf16(all.size()), f16(all.size());
  bf16_to_float(all, bf16);
  f16_to_float(all, f16);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(bf16[i]), std::bit_cast<std::uint32_t>(bf16_value(all[i])));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(f16[i]), std::bit_cast<std::uint32_t>(f16_value(all[i])));
  }
  Weights floats;
  for (std::uint32_t bits = 0; bits < 0xffff0000; bits += 0x7ffd) floats.push_back(std::bit_cast<float>(bits));
  std::vector<std::uint16_t> rounded(floats.size());
  float_to_bf16(floats, rounded);
  for (std::size_t i = 0; i < floats.size(); ++i) ASSERT_EQ(rounded[i], bf16_nearest(floats[i]));
}

TEST(RowsTest, TheLargestMagnitudeAndWhatIsNotFinite) {
  Weights weights = gaussian(44, 4096);
  weights[1000] = -77;
  EXPECT_EQ(largest_magnitude_of(weights), 77);
  EXPECT_FALSE(first_not_finite(weights));
  EXPECT_EQ(largest_magnitude_of({}), 0);
  EXPECT_EQ(largest_magnitude_of(Weights(3, -0.0f)), 0);
  weights[5] = std::numeric_limits<float>::max();
  EXPECT_EQ(largest_magnitude_of(weights), std::numeric_limits<float>::max());
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {kInfinity, -kInfinity, kNan, -kNan, std::bit_cast<float>(0xff800001u)})
    for (const std::size_t at : {std::size_t{0}, std::size_t{17}, std::size_t{4095}}) {
      Weights damaged = weights;
      damaged[at] = bad;
      EXPECT_FALSE(largest_magnitude_of(damaged)) << bad << " at " << at;
      damaged.back() = kNan;
      EXPECT_EQ(first_not_finite(damaged), at);
    }
}

TEST(RowsTest, NoiseIsSummedInDouble) {
  Weights weights = gaussian(45, 1 << 12), values = weights;
  EXPECT_EQ(noise_of(weights, values).noise, 0);
  EXPECT_EQ(sqnr_db(noise_of(weights, values)), std::numeric_limits<double>::infinity());
  EXPECT_EQ(sqnr_db({}), 0);
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    values[i] += i % 3 == 0 ? 0.125f : 0x1p-20f;
    const double off = static_cast<double>(values[i]) - weights[i];
    signal += static_cast<double>(weights[i]) * weights[i], noise += off * off;
  }
  const Noise sums = noise_of(weights, values);
  EXPECT_NEAR(sums.signal, signal, signal * 1e-12);
  EXPECT_NEAR(sums.noise, noise, noise * 1e-12);
  EXPECT_DOUBLE_EQ(sqnr_db({100, 1}), 20);
  // Squares of large and of tiny weights are no float32.
  EXPECT_GT(noise_of(Weights(16, 0x1p100f), Weights(16, 0.0f)).noise, 0x1p203);
  EXPECT_GT(noise_of(Weights(16, 0x1p-100f), Weights(16, 0.0f)).signal, 0);
}

}  // namespace
}  // namespace assay::nvfp4
