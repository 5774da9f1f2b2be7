// Number formats of matrix operands: decoded exactly, encoded exactly where a format has the value, or rounded to the
// nearest with ties to even; at compile time where wanted.
//
// Rounding saturates where the format has no infinity, as CUDA's conversions with satfinite do: E2M1 ends at 6, E4M3 at
// 448, and NaN becomes E2M1's largest (it has no NaN) and E4M3's NaN. The sign of zero is kept. Other libraries'
// casts to E4M3 turn what is above 464 into NaN: clamp before them.
//
// bf16: sign, 8 exponent bits, 7 fraction bits; the upper half of a float32.
// e4m3 (OCP 8-bit Floating Point Specification, revision 1.0): sign, 4 exponent bits with bias 7, 3 fraction bits; no
// infinity, NaN only where all seven lower bits are set; least subnormal 2^-9, least normal 2^-6, largest 448.
// ue4m3: e4m3 without sign, the block scale of NVFP4: codes 0x00 to 0x7e, read with e4m3_value.
// e2m1 (OCP Microscaling Formats Specification 1.0): sign, 2 exponent bits with bias 1, 1 fraction bit; no infinity, no
// NaN; 0, 0.5, 1, 1.5, 2, 3, 4, 6.
// ue8m0 (the same): 2^(code - 127); 0xff is NaN; no zero, no sign.
// Tested by tests/probes/formats_test.cc and tests/nvfp4/conversions_test.cc; all 2^32 floats by
// scripts/prove-conversions.
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

/// The nearest bf16, ties to even; NaN stays NaN with its sign.
constexpr std::uint16_t bf16_nearest(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// binary16 (IEEE 754): sign, 5 exponent bits with bias 15, 10 fraction bits.
constexpr float f16_value(std::uint16_t code) {
  const std::uint32_t sign = code >> 15, exponent = (code >> 10) & 31, fraction = code & 0x3ff;
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 127 - 15;
  const float magnitude =
      exponent == 0 ? static_cast<float>(fraction) * 0x1p-24f : std::bit_cast<float>((wide << 23) | (fraction << 13));
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | (sign << 31));
}

/// The nearest binary16, ties to even; infinity from 65520 on; NaN stays NaN with its sign.
constexpr std::uint16_t f16_nearest(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 31 << 15, magnitude = bits & 0x7fffffff;
  std::uint32_t code = 0;
  if (magnitude > 0x7f800000) {
    code = 0x7e00 | ((magnitude >> 13) & 0x3ff);
  } else if (magnitude >= std::bit_cast<std::uint32_t>(65520.0f)) {
    code = 0x7c00;
  } else if (magnitude < std::bit_cast<std::uint32_t>(0x1p-14f)) {
    // As for e4m3: the addition of 0.5 rounds to units of 2^-24.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    code = std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(0.5f);
  } else {
    code = ((magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13) - ((127 - 15) << 10);
  }
  return static_cast<std::uint16_t>(sign | code);
}

constexpr float e4m3_value(std::uint8_t code) {
  const std::uint32_t sign = code >> 7, exponent = (code >> 3) & 15, fraction = code & 7;
  if (exponent == 15 && fraction == 7) return std::numeric_limits<float>::quiet_NaN();
  const float magnitude = exponent == 0 ? static_cast<float>(fraction) * 0x1p-9f
                                        : std::bit_cast<float>(((exponent + 127 - 7) << 23) | (fraction << 20));
  return sign != 0 ? -magnitude : magnitude;
}

/// The nearest e4m3, ties to even; above 448, infinity included, the largest; NaN for NaN.
constexpr std::uint8_t e4m3_nearest(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 31 << 7, magnitude = bits & 0x7fffffff;
  constexpr std::uint32_t kInfinity = 0x7f800000, kLargest = std::bit_cast<std::uint32_t>(448.0f),
                          kLeastNormal = std::bit_cast<std::uint32_t>(0x1p-6f);
  if (magnitude > kInfinity) return static_cast<std::uint8_t>(sign | 0x7f);
  if (magnitude >= kLargest) return static_cast<std::uint8_t>(sign | 0x7e);
  std::uint32_t code = 0;
  if (magnitude < kLeastNormal) {
    // Adding 2^14 leaves the subnormal's fraction, in units of 2^-9, in the lowest bits of the sum, rounded by the
    // addition.
    const float sum = std::bit_cast<float>(magnitude) + 0x1p14f;
    code = std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(0x1p14f);
  } else {
    const std::uint32_t rounded = magnitude + 0x7ffff + ((magnitude >> 20) & 1);
    code = (rounded >> 20) - ((127 - 7) << 3);
  }
  return static_cast<std::uint8_t>(sign | code);
}

/// The code of a value that e4m3 represents, with the sign of zero; nothing if rounding would be needed, or for NaN.
constexpr std::optional<std::uint8_t> e4m3_code(float value) {
  const std::uint8_t code = e4m3_nearest(value);
  if (e4m3_value(code) == value) return code;
  return std::nullopt;
}

/// The value of the low four bits.
constexpr float e2m1_value(std::uint8_t code) {
  constexpr float kMagnitudes[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  const float magnitude = kMagnitudes[code & 7];
  return (code & 8) != 0 ? -magnitude : magnitude;
}

/// The nearest e2m1, ties to the even code, in the low four bits; above 6, infinity included, the largest; 7 for NaN of
/// either sign.
constexpr std::uint8_t e2m1_nearest(float value) {
  if (value != value) return 7;
  const bool negative = std::bit_cast<std::uint32_t>(value) >> 31 != 0;
  const float a = negative ? -value : value;
  // How many midpoints lie below; the even code takes those that are met.
  const int code = (a > 0.25f) + (a >= 0.75f) + (a > 1.25f) + (a >= 1.75f) + (a > 2.5f) + (a >= 3.5f) + (a > 5.0f);
  return static_cast<std::uint8_t>(code | (negative ? 8 : 0));
}

/// The code, in the low four bits, of a value that e2m1 represents, with the sign of zero; nothing if rounding would be
/// needed, or for NaN.
constexpr std::optional<std::uint8_t> e2m1_code(float value) {
  const std::uint8_t code = e2m1_nearest(value);
  if (e2m1_value(code) == value) return code;
  return std::nullopt;
}

/// 2^(code - 127); the least, 2^-127, is a subnormal float32.
constexpr float ue8m0_value(std::uint8_t code) {
  if (code == 0xff) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(code == 0 ? 0x00400000u : std::uint32_t{code} << 23);
}

}  // namespace assay::nvfp4
