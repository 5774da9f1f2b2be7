#include "probes/cvt_fp4.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/nvfp4/formats.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::size_t kFloats = 8192;  // as many pairs: each float is in one low and in one high half
constexpr std::size_t kBytes = 2048;
constexpr std::uint8_t kNegativeZero = 8;

using Floats = std::vector<float>;
using Codes = std::vector<std::uint8_t>;

/// Which conversions a list is for.
enum class Form { plain, relu };

/// Whether the manual leaves one result only.
bool is_settled(Form form, float value) {
  return form == Form::plain || !(std::isnan(value) || nearest_e2m1(value) == kNegativeZero);
}

template <class T>
std::vector<T> shuffled(gate::ChallengeStream& stream, std::vector<T> values) {
  for (std::size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[stream.below(static_cast<std::uint32_t>(left))]);
  return values;
}

/// The values of the grid and the points half way between neighbours, each with the floats on either side.
Floats landmarks() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Floats found;
  const auto add = [&](float value) {
    for (const float near : {std::nextafter(value, -kInfinity), value, std::nextafter(value, kInfinity)})
      found.insert(found.end(), {near, -near});
  };
  for (std::uint8_t code = 0; code < 7; ++code) {
    const float low = nvfp4::e2m1_value(code), high = nvfp4::e2m1_value(static_cast<std::uint8_t>(code + 1));
    add(low), add((low + high) / 2);
  }
  add(6), add(7), add(8);
  return found;
}

/// Values at the ends of float32, and what is no number.
Floats extremes(gate::ChallengeStream& stream) {
  using Limits = std::numeric_limits<float>;
  Floats found;
  for (const float value : {0.0f, Limits::denorm_min(), Limits::min(), Limits::max(), Limits::infinity()})
    found.insert(found.end(), {value, -value});
  for (int i = 0; i < 16; ++i) {
    const std::uint32_t sign = stream.below(2) << 31;
    found.push_back(std::bit_cast<float>(sign | (1 + stream.below(0x7fffff))));                // subnormal
    found.push_back(std::bit_cast<float>(sign | 0x7f800000u | (1 + stream.below(0x7fffff))));  // NaN
  }
  for (const std::uint32_t nan : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu})
    found.push_back(std::bit_cast<float>(nan));
  return found;
}

/// Half of them with exponents at which E2M1 rounds, half with any, always finite.
float draw_float(gate::ChallengeStream& stream) {
  const std::uint32_t sign = stream.below(2) << 31, fraction = stream.below(1 << 23);
  const std::uint32_t exponent = stream.below(2) == 0 ? 124 + stream.below(6) : stream.below(255);
  return std::bit_cast<float>(sign | exponent << 23 | fraction);
}

Floats draw_floats(gate::ChallengeStream& stream, Form form) {
  Floats floats;
  const auto add = [&](float value) {
    if (is_settled(form, value)) floats.push_back(value);
  };
  for (const float value : landmarks()) add(value);
  for (const float value : extremes(stream)) add(value);
  while (floats.size() < kFloats) add(draw_float(stream));
  return floats;
}

/// Pairs in memory order: the low halves are one permutation of the floats, the high halves another.
Floats in_both_halves(gate::ChallengeStream& stream, const Floats& floats) {
  const Floats low = shuffled(stream, floats), high = shuffled(stream, floats);
  Floats pairs;
  for (std::size_t i = 0; i < floats.size(); ++i) pairs.insert(pairs.end(), {low[i], high[i]});
  return pairs;
}

/// Every byte as often as every other, without those that hold a negative zero if the form is .relu.
Codes draw_bytes(gate::ChallengeStream& stream, Form form) {
  Codes all, bytes;
  for (std::uint32_t byte = 0; byte < 256; ++byte)
    if (form == Form::plain || ((byte & 15) != kNegativeZero && byte >> 4 != kNegativeZero))
      all.push_back(static_cast<std::uint8_t>(byte));
  while (bytes.size() < kBytes) bytes.insert(bytes.end(), all.begin(), all.end());
  bytes.resize(kBytes);
  return shuffled(stream, std::move(bytes));
}

float after(Form form, float value) { return form == Form::relu && value < 0 ? 0 : value; }

Codes encoded(Form form, const Floats& pairs) {
  Codes bytes;
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    bytes.push_back(
        static_cast<std::uint8_t>(nearest_e2m1(after(form, pairs[i])) | nearest_e2m1(after(form, pairs[i + 1])) << 4));
  return bytes;
}

/// The bits of a float16 that is zero or normal, as all values of E2M1 are there.
std::uint16_t f16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  if (value == 0) return static_cast<std::uint16_t>(sign);
  return static_cast<std::uint16_t>(sign | ((bits >> 23 & 0xff) - 127 + 15) << 10 | (bits >> 13 & 0x3ff));
}

std::vector<std::uint16_t> decoded(Form form, const Codes& bytes) {
  std::vector<std::uint16_t> halves;
  for (const std::uint8_t byte : bytes)
    for (const int shift : {0, 4})
      halves.push_back(f16_bits(after(form, nvfp4::e2m1_value(static_cast<std::uint8_t>(byte >> shift)))));
  return halves;
}

gate::Case encode_case(std::string name, const Floats& plain, const Floats& relu) {
  return {.name = std::move(name),
          .entry = "f32_to_e2m1",
          .launch = {.grid = {kFloats / kThreads}, .block = {kThreads}},
          .arguments = {gate::Input{"x", gate::bytes_of(plain)}, gate::Input{"x relu", gate::bytes_of(relu)},
                        gate::Output{"codes", gate::bytes_of(encoded(Form::plain, plain)), {}},
                        gate::Output{"codes relu", gate::bytes_of(encoded(Form::relu, relu)), {}}},
          .hidden = {}};
}

gate::Case decode_case(const Codes& plain, const Codes& relu) {
  return {.name = "every byte to float16",
          .entry = "e2m1_to_f16",
          .launch = {.grid = {kBytes / kThreads}, .block = {kThreads}},
          .arguments = {gate::Input{"codes", gate::bytes_of(plain)}, gate::Input{"codes relu", gate::bytes_of(relu)},
                        gate::Output{"values", gate::bytes_of(decoded(Form::plain, plain)), {}},
                        gate::Output{"values relu", gate::bytes_of(decoded(Form::relu, relu)), {}}},
          .hidden = {}};
}

/// One float that is a number has its sign flipped, so that one bit of one byte moves.
Floats with_one_sign_flipped(gate::ChallengeStream& stream, Floats floats) {
  std::size_t at = stream.below(static_cast<std::uint32_t>(floats.size()));
  while (std::isnan(floats[at])) at = (at + 1) % floats.size();
  floats[at] = -floats[at];
  return floats;
}

}  // namespace

std::uint8_t nearest_e2m1(float value) {
  constexpr std::uint8_t kLargest = 7, kSign = 8;
  if (std::isnan(value)) return kLargest;
  // Beyond the largest all that counts is that it is the nearest.
  const double magnitude = std::min<double>(std::fabs(value), 8);
  const auto distance = [&](std::uint8_t code) { return std::fabs(magnitude - nvfp4::e2m1_value(code)); };
  std::uint8_t nearest = 0;
  for (std::uint8_t code = 1; code <= kLargest; ++code)
    if (distance(code) < distance(nearest) || (distance(code) == distance(nearest) && code % 2 == 0)) nearest = code;
  return static_cast<std::uint8_t>(nearest | (std::signbit(value) ? kSign : 0));
}

gate::Probe make_cvt_fp4(const gate::Seed& seed) {
  gate::ChallengeStream stream(seed, "inputs");
  const Floats plain = in_both_halves(stream, draw_floats(stream, Form::plain));
  const Floats relu = in_both_halves(stream, draw_floats(stream, Form::relu));
  const Codes bytes = draw_bytes(stream, Form::plain), bytes_relu = draw_bytes(stream, Form::relu);
  const gate::Source source{.stem = "cvt_fp4", .text = ptx_text("cvt_fp4"), .floor = {8, 6}};
  return {.source = source,
          .witness_text = std::string(source.text),
          .cases = {encode_case("float32 to codes", plain, relu), decode_case(bytes, bytes_relu)},
          .negative = encode_case("float32 to codes, one sign flipped", with_one_sign_flipped(stream, plain), relu),
          .mnemonics = {"F2FP.SATFINITE.E2M1.F32", "F2FP.SATFINITE.RELU.E2M1.F32", "F2FP.F16.E2M1.UNPACK",
                        "F2FP.RELU.F16.E2M1.UNPACK"}};
}

}  // namespace assay::probes
