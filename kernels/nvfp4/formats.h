// Number formats of matrix operands, decoded and encoded exactly, at compile time where wanted.
//
// bf16: sign, 8 exponent bits, 7 fraction bits; the upper half of a float32.
// e4m3 (OCP 8-bit Floating Point Specification, revision 1.0): sign, 4 exponent bits with bias 7, 3 fraction bits; no
// infinity, NaN only where all seven lower bits are set; least subnormal 2^-9, least normal 2^-6, largest 448.
// ue4m3: e4m3 without sign, the block scale of NVFP4: codes 0x00 to 0x7e, read with e4m3_value.
// e2m1 (OCP Microscaling Formats Specification 1.0): sign, 2 exponent bits with bias 1, 1 fraction bit; no infinity, no
// NaN; 0, 0.5, 1, 1.5, 2, 3, 4, 6.
// ue8m0 (the same): 2^(code - 127); 0xff is NaN; no zero, no sign.
// Tested by tests/probes/formats_test.cc.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <optional>

namespace assay::nvfp4 {

constexpr float bf16_value(std::uint16_t code) { return std::bit_cast<float>(std::uint32_t{code} << 16); }

/// The code of a value that bf16 represents; nothing if rounding would be needed.
constexpr std::optional<std::uint16_t> bf16_code(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0xffff) != 0) return std::nullopt;
  return static_cast<std::uint16_t>(bits >> 16);
}

constexpr float e4m3_value(std::uint8_t code) {
  const std::uint32_t sign = code >> 7, exponent = (code >> 3) & 15, fraction = code & 7;
  if (exponent == 15 && fraction == 7) return std::numeric_limits<float>::quiet_NaN();
  const float magnitude = exponent == 0 ? static_cast<float>(fraction) * 0x1p-9f
                                        : std::bit_cast<float>(((exponent + 127 - 7) << 23) | (fraction << 20));
  return sign != 0 ? -magnitude : magnitude;
}

/// The code of a value that e4m3 represents, with the sign of zero; nothing if rounding would be needed, or for NaN.
constexpr std::optional<std::uint8_t> e4m3_code(float value) {
  const bool negative = std::bit_cast<std::uint32_t>(value) >> 31 != 0;
  for (std::uint8_t code = 0; code < 0x7f; ++code)
    if (e4m3_value(code) == (negative ? -value : value)) return static_cast<std::uint8_t>(code | (negative ? 0x80 : 0));
  return std::nullopt;
}

/// The value of the low four bits.
constexpr float e2m1_value(std::uint8_t code) {
  constexpr float kMagnitudes[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  const float magnitude = kMagnitudes[code & 7];
  return (code & 8) != 0 ? -magnitude : magnitude;
}

/// The code, in the low four bits, of a value that e2m1 represents, with the sign of zero; nothing if rounding would be
/// needed, or for NaN.
constexpr std::optional<std::uint8_t> e2m1_code(float value) {
  const bool negative = std::bit_cast<std::uint32_t>(value) >> 31 != 0;
  for (std::uint8_t code = 0; code < 8; ++code)
    if (e2m1_value(code) == (negative ? -value : value)) return static_cast<std::uint8_t>(code | (negative ? 8 : 0));
  return std::nullopt;
}

/// 2^(code - 127); the least, 2^-127, is a subnormal float32.
constexpr float ue8m0_value(std::uint8_t code) {
  if (code == 0xff) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(code == 0 ? 0x00400000u : std::uint32_t{code} << 23);
}

}  // namespace assay::nvfp4
