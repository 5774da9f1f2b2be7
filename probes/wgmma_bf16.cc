#include "probes/wgmma_bf16.h"

#include <bit>
#include <cmath>

#include "probes/swizzle.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;
using gate::ChallengeStream;

constexpr std::uint32_t kThreads = 128;  // one warpgroup
constexpr std::size_t kStepK = 16;
constexpr std::uint16_t kSign = 0x8000;

using Matrix = std::vector<std::uint16_t>;  // row-major bfloat16, kWgmmaRows rows

/// Everything that one launch depends on.
struct Product {
  std::string name;
  Swizzle swizzle = Swizzle::none;
  bool exact = true;
  Matrix a, b;
};

std::size_t columns(const Matrix& matrix) { return matrix.size() / kWgmmaRows; }

double value(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t bf16(float exact) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(exact) >> 16); }

std::uint16_t draw_integer(ChallengeStream& stream) {
  const std::uint16_t sign = stream.below(2) == 0 ? 0 : kSign;
  return sign | bf16(static_cast<float>(stream.between(1, 255)));
}

std::uint16_t draw_wide(ChallengeStream& stream) {
  const std::uint32_t sign = stream.below(2), exponent = 127 - 8 + stream.below(17), fraction = stream.below(128);
  return static_cast<std::uint16_t>(sign << 15 | exponent << 7 | fraction);
}

Matrix draw_matrix(ChallengeStream& stream, std::size_t k, bool exact) {
  Matrix matrix(kWgmmaRows * k);
  for (std::uint16_t& element : matrix) element = exact ? draw_integer(stream) : draw_wide(stream);
  return matrix;
}

Product draw(ChallengeStream& stream, std::string name, Swizzle swizzle, std::size_t k, bool exact = true) {
  return {std::move(name), swizzle, exact, draw_matrix(stream, k, exact), draw_matrix(stream, k, exact)};
}

/// The sum over k of term(a[row][k] * b[column][k]); double holds it without rounding.
double dot(const Product& product, std::size_t row, std::size_t column, double (*term)(double)) {
  const std::size_t k = columns(product.a);
  double sum = 0;
  for (std::size_t i = 0; i < k; ++i) sum += term(value(product.a[row * k + i]) * value(product.b[column * k + i]));
  return sum;
}

std::vector<float> for_each_element(const Product& product, double scale, double (*term)(double)) {
  std::vector<float> d;
  for (std::size_t row = 0; row < kWgmmaRows; ++row)
    for (std::size_t column = 0; column < kWgmmaRows; ++column)
      d.push_back(static_cast<float>(scale * dot(product, row, column, term)));
  return d;
}

std::vector<float> multiply(const Product& product) {
  return for_each_element(product, 1, [](double p) { return p; });
}

std::vector<float> error_bound(const Product& product) {
  const std::size_t steps = columns(product.a) / kStepK;
  return for_each_element(product, static_cast<double>(steps) * 0x1p-18, [](double p) { return std::fabs(p); });
}

/// How far the start address moves per step, in units of 16 bytes: within a swizzled line, or to the next K column of
/// 16-byte units or of lines. K is chosen so that all steps of a case are equal.
std::uint32_t advance(Swizzle swizzle) {
  const bool within_line = swizzle_span(swizzle) > 2 * kStepK;
  return within_line ? 2 : 2 * static_cast<std::uint32_t>(kWgmmaRows);
}

gate::Case make_case(const Product& product) {
  const auto scalar = [](std::string name, auto bits) { return gate::Scalar{std::move(name), gate::bytes_of(bits)}; };
  const auto bytes = static_cast<std::uint32_t>(2 * product.a.size());
  const auto steps = static_cast<std::uint32_t>(columns(product.a) / kStepK);
  return {.name = product.name,
          .entry = "multiply",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Input{"a", gate::bytes_of(wgmma_image(product.a, product.swizzle))},
                        gate::Input{"b", gate::bytes_of(wgmma_image(product.b, product.swizzle))},
                        gate::Output{"d", gate::bytes_of(multiply(product)),
                                     product.exact ? std::vector<float>{} : error_bound(product)},
                        scalar("descriptor", wgmma_descriptor(product.swizzle)), scalar("bytes", bytes),
                        scalar("steps", steps), scalar("advance", advance(product.swizzle))},
          .hidden = {}};
}

}  // namespace

// Lines of 16, 32, 64 or 128 bytes along K, row after row; the next line's worth of K follows behind all rows.
std::vector<std::uint16_t> wgmma_image(std::span<const std::uint16_t> matrix, Swizzle swizzle) {
  const std::size_t k = matrix.size() / kWgmmaRows, line = swizzle_span(swizzle) / 2;
  std::vector<std::uint16_t> image(matrix.size());
  for (std::size_t row = 0; row < kWgmmaRows; ++row)
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t linear = (i / line * kWgmmaRows + row) * line + i % line;
      image[swizzled(swizzle, static_cast<std::uint32_t>(2 * linear)) / 2] = matrix[row * k + i];
    }
  return image;
}

// Bits 29:16 leading offset (K neighbour of a 16-byte unit; without meaning where swizzled), 45:32 stride offset (the
// next eight rows), both in units of 16 bytes; 63:62 swizzle: 0 none, 1 128 B, 2 64 B, 3 32 B.
std::uint64_t wgmma_descriptor(Swizzle swizzle) {
  const std::uint64_t mode = swizzle == Swizzle::none ? 0 : 4 - static_cast<std::uint64_t>(swizzle);
  const std::uint64_t leading = swizzle == Swizzle::none ? kWgmmaRows : 1;
  const std::uint64_t stride = 8 * swizzle_span(swizzle) / 16;
  return mode << 62 | stride << 32 | leading << 16;
}

gate::Probe make_wgmma_bf16(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "wgmma_bf16", .text = ptx_text("wgmma_bf16"), .floor = {8, 0}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"HGMMA.64x64x16.F32.BF16"};
  const std::vector<Product> products = {
      draw(stream, "128 B swizzle, K 64", Swizzle::b128, 64), draw(stream, "64 B swizzle, K 32", Swizzle::b64, 32),
      draw(stream, "32 B swizzle, K 64", Swizzle::b32, 64), draw(stream, "no swizzle, K 64", Swizzle::none, 64),
      draw(stream, "128 B swizzle, K 64, wide", Swizzle::b128, 64, false)};
  for (const Product& product : products) probe.cases.push_back(make_case(product));
  Product flipped = products.front();
  flipped.a[stream.below(static_cast<std::uint32_t>(flipped.a.size()))] ^= kSign;
  flipped.name += ", one sign flipped";
  probe.negative = make_case(flipped);
  return probe;
}

}  // namespace assay::probes
