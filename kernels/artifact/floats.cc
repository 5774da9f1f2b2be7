// Elements of a tensor as float32, each exactly: every format that is read here has fewer exponent and fraction bits.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "harness/base/json_events.h"
#include "kernels/artifact/safetensors.h"
#include "kernels/nvfp4/formats.h"

namespace assay::artifact {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian, and are read in place");

using ByteTable = std::array<float, 256>;
constexpr ByteTable table_of(float (*value)(std::uint8_t)) {
  ByteTable table{};
  for (std::size_t code = 0; code < table.size(); ++code) table[code] = value(static_cast<std::uint8_t>(code));
  return table;
}
constexpr ByteTable kE4m3 = table_of(nvfp4::e4m3_value);
/// e5m2 is the upper half of binary16.
constexpr ByteTable kE5m2 =
    table_of([](std::uint8_t code) { return nvfp4::f16_value(static_cast<std::uint16_t>(code << 8)); });
constexpr ByteTable kWhole = table_of([](std::uint8_t code) { return static_cast<float>(code); });

const ByteTable* byte_table(Dtype dtype) {
  if (dtype == Dtype::F8_E4M3) return &kE4m3;
  if (dtype == Dtype::F8_E5M2) return &kE5m2;
  if (dtype == Dtype::U8 || dtype == Dtype::BOOL) return &kWhole;
  return nullptr;
}

bool has_floats(Dtype dtype) {
  return dtype == Dtype::F32 || dtype == Dtype::F16 || dtype == Dtype::BF16 || byte_table(dtype) != nullptr;
}

std::uint16_t half_word(const std::byte* at) {
  std::uint16_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

void convert(Dtype dtype, std::span<const std::byte> bytes, std::span<float> out) {
  if (dtype == Dtype::F32) std::memcpy(out.data(), bytes.data(), bytes.size());
  if (dtype == Dtype::BF16)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = nvfp4::bf16_value(half_word(&bytes[2 * i]));
  if (dtype == Dtype::F16)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = nvfp4::f16_value(half_word(&bytes[2 * i]));
  if (const ByteTable* table = byte_table(dtype))
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (*table)[std::to_integer<std::size_t>(bytes[i])];
}

}  // namespace

Status SafetensorsFile::read_floats(const TensorInfo& tensor, std::uint64_t first, std::span<float> out) const {
  const auto refuse = [&](std::string_view rule) {
    return Error{fmt::format("{}: tensor {}: {}", path_, in_quotes(tensor.name), rule)};
  };
  if (!has_floats(tensor.dtype))
    return refuse(fmt::format("{} is not read as numbers; F32, F16, BF16, F8_E4M3, F8_E5M2, U8 and BOOL are",
                              to_string(tensor.dtype)));
  if (first > tensor.elements() || out.size() > tensor.elements() - first)
    return refuse(fmt::format("elements {} to {} of {} asked for", first, first + out.size(), tensor.elements()));
  const std::size_t width = bits_of(tensor.dtype) / 8;
  std::array<std::byte, 1u << 16> buffer;
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), buffer.size() / width);
    const std::span bytes = std::span(buffer).first(count * width);
    if (Status s = read(tensor, first * width, bytes); !s) return s;
    convert(tensor.dtype, bytes, out.first(count));
    out = out.subspan(count);
    first += count;
  }
  return ok();
}

}  // namespace assay::artifact
