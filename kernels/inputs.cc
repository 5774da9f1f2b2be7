#include "kernels/inputs.h"

#include <algorithm>
#include <bit>
#include <string>

#include "kernels/fast_stream.h"
#include "kernels/nvfp4/block.h"
#include "kernels/nvfp4/formats.h"
#include "kernels/nvfp4/rows.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

constexpr std::int64_t kBlock = nvfp4::kBlock;
constexpr std::uint8_t kOne = 0x38, kTwo = 0x40;                   // E4M3
constexpr std::array<std::uint8_t, 3> kEnds = {0x00, 0x01, 0x7e};  // zero, least, largest

/// Streams of one attempt: every array has its own.
class Streams {
 public:
  Streams(Operation operation, const Problem& problem, Range range, const gate::Seed& seed)
      : seed_(seed), label_("kernel/" + name_of(operation, problem) + (range == Range::wide ? "/wide/" : "/exact/")) {}
  FastStream of(std::string_view array) const { return {seed_, label_ + std::string(array)}; }

 private:
  const gate::Seed& seed_;
  std::string label_;
};

std::vector<std::uint8_t> codes(std::int64_t rows, std::int64_t k, FastStream stream) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * k / 2));
  stream.fill(bytes);
  return bytes;
}

std::vector<std::uint8_t> wide_scales(std::int64_t rows, std::int64_t k, FastStream stream) {
  std::vector<std::uint8_t> scales(static_cast<std::size_t>(rows * k / kBlock));
  for (std::uint8_t& scale : scales) scale = static_cast<std::uint8_t>(stream.below(0x7f));
  const auto count = static_cast<std::uint32_t>(scales.size());
  if (count < kEnds.size()) return scales;
  // In three places that are not the same: a third of the matrix each.
  const std::uint32_t third = count / 3;
  for (std::uint32_t i = 0; i < 3; ++i) scales[i * third + stream.below(third)] = kEnds[i];
  return scales;
}

std::vector<std::uint8_t> exact_scales(std::int64_t rows, std::int64_t k, FastStream stream) {
  std::vector<std::uint8_t> scales(static_cast<std::size_t>(rows * k / kBlock));
  for (std::uint8_t& scale : scales) scale = (stream.next() >> 63) != 0 ? kOne : kTwo;
  return scales;
}

/// In units of 2^-15: the sum of four uniform 16-bit numbers, less its mean.
std::int32_t near_gaussian(std::uint64_t word) {
  std::int32_t sum = -131070;
  for (int i = 0; i < 4; ++i) sum += static_cast<std::int32_t>(word >> (16 * i) & 0xffff);
  return sum;
}

std::vector<std::uint16_t> exact_x(std::int64_t count, Activation type, FastStream stream) {
  std::array<std::uint16_t, 5> bits{};
  for (int i = 0; i < 5; ++i) bits[static_cast<std::size_t>(i)] = nearest(type, i - 2);
  std::vector<std::uint16_t> x(static_cast<std::size_t>(count));
  for (std::uint16_t& one : x) one = bits[stream.below(5)];
  return x;
}

std::vector<float> bias(std::int64_t count, Range range, FastStream stream) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values)
    value = range == Range::exact ? static_cast<float>(static_cast<int>(stream.below(17)) - 8)
                                  : static_cast<float>(near_gaussian(stream.next())) * 0x1p-13f;
  return values;
}

/// 1 + a fraction, times the power of two that keeps sums of K products near 5.
float tensor_scale(std::int64_t k, FastStream& stream) {
  const auto half = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(k))) / 2;
  const auto fraction = static_cast<float>(stream.next() >> 41) * 0x1p-23f;
  return (1 + fraction) * 0x1p-6f / static_cast<float>(1 << half);
}

Inputs of_weights(const Problem& problem, Range range, const Streams& streams) {
  const std::int64_t rows = weight_rows(problem);
  Inputs inputs;
  inputs.codes = codes(rows, problem.k, streams.of("codes"));
  inputs.scales = range == Range::wide ? wide_scales(rows, problem.k, streams.of("scales"))
                                       : exact_scales(rows, problem.k, streams.of("scales"));
  return inputs;
}

Inputs of_product(const Problem& problem, Range range, const Streams& streams) {
  Inputs inputs = of_weights(problem, range, streams);
  const std::int64_t count = problem.m * problem.k;
  inputs.x = range == Range::wide ? wide_activations(count, problem.activation, streams.of("x"))
                                  : exact_x(count, problem.activation, streams.of("x"));
  if (problem.bias) inputs.bias = bias(problem.n, range, streams.of("bias"));
  FastStream stream = streams.of("tensor scale");
  for (float& scale : inputs.tensor_scale) scale = range == Range::wide ? tensor_scale(problem.k, stream) : 0.5f;
  return inputs;
}

/// Blocks of very different magnitudes, and one of zeros.
Inputs of_activations(const Problem& problem, const Streams& streams) {
  Inputs inputs;
  inputs.x = wide_activations(problem.m * problem.k, Activation::bf16, streams.of("x"));
  FastStream powers = streams.of("powers");
  const auto zeros = powers.below(static_cast<std::uint32_t>(inputs.x.size() / kBlock));
  float amax = 0;
  for (std::size_t i = 0; i < inputs.x.size(); i += kBlock) {
    const float power = 0x1p-12f * static_cast<float>(1u << powers.below(24));
    for (std::size_t j = i; j < i + kBlock; ++j) {
      const float value = i / kBlock == zeros && inputs.x.size() > kBlock ? 0 : nvfp4::bf16_value(inputs.x[j]) * power;
      inputs.x[j] = nvfp4::bf16_nearest(value);
      amax = std::max(amax, value < 0 ? -value : value);
    }
  }
  inputs.tensor_scale[0] = nvfp4::tensor_scale(amax, nvfp4::Method::rtn, nvfp4::TensorScale::amax);
  return inputs;
}

}  // namespace

float value_of(Activation type, std::uint16_t bits) {
  return type == Activation::bf16 ? nvfp4::bf16_value(bits) : nvfp4::f16_value(bits);
}

std::vector<std::uint16_t> wide_activations(std::int64_t count, Activation type, FastStream stream) {
  std::vector<std::uint16_t> x(static_cast<std::size_t>(count));
  for (std::uint16_t& one : x) {
    const float value = static_cast<float>(near_gaussian(stream.next())) * 0x1p-15f;
    one = type == Activation::bf16 ? nvfp4::bf16_nearest(value) : nvfp4::f16_nearest(value);
  }
  return x;
}

std::uint16_t nearest(Activation type, double value) {
  const auto rounded = static_cast<float>(value);
  return type == Activation::bf16 ? nvfp4::bf16_nearest(rounded) : nvfp4::f16_nearest(rounded);
}

Inputs make_inputs(Operation operation, const Problem& problem, Range range, const gate::Seed& seed) {
  const Streams streams(operation, problem, range, seed);
  switch (operation) {
    case Operation::prepare_weights:
      return of_weights(problem, range, streams);
    case Operation::quantize_activations:
      return of_activations(problem, streams);
    case Operation::w4a16_product:
      break;
  }
  return of_product(problem, range, streams);
}

}  // namespace assay::kernels
