#include "kernels/bench/inputs.h"

#include <cmath>
#include <cstring>
#include <random>
#include <span>

#include "kernels/nvfp4/formats.h"

namespace assay::kernels::bench {
namespace {

constexpr std::uint8_t kLeastScale = 0x18, kScales = 0x48;  // 2^-4 .. 15 * 2^1
/// Beside these, outputs stay within FP16 at every K that is timed.
constexpr std::array<float, 2> kTensorScales{0x1.19999ap-12f, 0x1.4ccccdp-12f};

std::vector<std::byte> random_bytes(std::size_t count, std::mt19937_64& engine) {
  std::vector<std::byte> bytes((count + 7) / 8 * 8);
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const std::uint64_t word = engine();
    std::memcpy(bytes.data() + at, &word, 8);
  }
  bytes.resize(count);
  return bytes;
}

std::vector<std::byte> draw_scales(std::size_t count, std::mt19937_64& engine) {
  std::vector<std::byte> scales = random_bytes(count, engine);
  for (std::byte& scale : scales)
    scale = static_cast<std::byte>(kLeastScale + std::to_integer<unsigned>(scale) * kScales / 256);
  return scales;
}

std::vector<std::byte> draw_bias(std::size_t count, std::mt19937_64& engine) {
  std::normal_distribution<float> normal;
  std::vector<std::byte> bias(4 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = normal(engine);
    std::memcpy(bias.data() + 4 * i, &value, 4);
  }
  return bias;
}

/// As many Gaussian values as a 16-bit number can choose from: drawing each of a hundred million takes too long.
std::vector<std::uint16_t> gaussian_table(Activation activation) {
  std::mt19937_64 engine(16);
  std::normal_distribution<float> normal;
  std::vector<std::uint16_t> table(1u << 16);
  for (std::uint16_t& code : table)
    code = activation == Activation::bf16 ? nvfp4::bf16_nearest(normal(engine)) : nvfp4::f16_nearest(normal(engine));
  return table;
}

std::uint16_t half_at(std::span<const std::byte> array, std::int64_t at) {
  std::uint16_t code = 0;
  std::memcpy(&code, array.data() + 2 * at, 2);
  return code;
}

std::uint8_t byte_at(std::span<const std::byte> array, std::int64_t at) {
  return std::to_integer<std::uint8_t>(array[static_cast<std::size_t>(at)]);
}

double activation_at(const Inputs& inputs, const Problem& problem, std::int64_t at) {
  const std::uint16_t code = half_at(inputs.x, at);
  return problem.activation == Activation::bf16 ? nvfp4::bf16_value(code) : nvfp4::f16_value(code);
}

Expected product(const Inputs& inputs, const Problem& problem, std::int64_t token, std::int64_t row, double factor) {
  Expected sum;
  for (std::int64_t k = 0; k < problem.k; ++k) {
    const std::int64_t element = row * problem.k + k;
    const double code = nvfp4::e2m1_value(static_cast<std::uint8_t>(byte_at(inputs.codes, element / 2) >> 4 * (k % 2)));
    const double scale = nvfp4::e4m3_value(byte_at(inputs.scales, element / 16));
    const double term = activation_at(inputs, problem, token * problem.k + k) * (code * scale);
    sum.value += term;
    sum.slack += std::abs(term);
  }
  return {.value = sum.value * factor, .slack = sum.slack * std::abs(factor)};
}

Expected gated(const Expected& gate, const Expected& up) {
  const double silu = gate.value / (1 + std::exp(-gate.value));
  return {.value = silu * up.value, .slack = 1.1 * std::abs(up.value) * gate.slack + std::abs(silu) * up.slack};
}

}  // namespace

std::int64_t stored_rows(const Problem& problem) { return problem.gated ? 2 * problem.n : problem.n; }

Inputs draw_inputs(const Problem& problem) {
  std::mt19937_64 engine(4);
  const auto elements = static_cast<std::size_t>(stored_rows(problem) * problem.k);
  Inputs inputs{.codes = random_bytes(elements / 2, engine),
                .scales = draw_scales(elements / 16, engine),
                .x = draw_activations(problem),
                .bias = {},
                .tensor_scales = kTensorScales};
  if (problem.bias) inputs.bias = draw_bias(static_cast<std::size_t>(problem.n), engine);
  return inputs;
}

std::vector<std::byte> draw_activations(const Problem& problem) {
  const std::vector<std::uint16_t> table = gaussian_table(problem.activation);
  std::mt19937_64 engine(8);
  std::vector<std::byte> x = random_bytes(static_cast<std::size_t>(2 * problem.m * problem.k), engine);
  for (std::size_t at = 0; at < x.size(); at += 2) {
    std::uint16_t choice = 0;
    std::memcpy(&choice, x.data() + at, 2);
    std::memcpy(x.data() + at, &table[choice], 2);
  }
  return x;
}

Expected expected_output(const Inputs& inputs, const Problem& problem, std::int64_t token, std::int64_t output) {
  Expected sum = product(inputs, problem, token, output, inputs.tensor_scales[0]);
  if (problem.gated) sum = gated(sum, product(inputs, problem, token, output + problem.n, inputs.tensor_scales[1]));
  if (!problem.bias) return sum;
  float bias = 0;
  std::memcpy(&bias, inputs.bias.data() + 4 * output, 4);
  return {.value = sum.value + bias, .slack = sum.slack + std::abs(bias)};
}

}  // namespace assay::kernels::bench
