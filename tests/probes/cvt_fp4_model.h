// The work of ptx/cvt_fp4.ptx done again on the CPU, thread by thread, from the manual's description of operands and
// halves, with faults to choose from. Rounding counts thresholds instead of comparing distances, and no code is shared
// with the probe, so that either can be wrong alone.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace assay::probes {

enum class CvtFault {
  none,
  halves_exchanged,          ///< Operand a goes into the low half.
  one_pair_early,            ///< Each thread converts its neighbour's pair.
  ties_away,                 ///< From zero.
  ties_to_zero,              ///< Towards zero.
  truncated,                 ///< Not rounded at all.
  by_float16,                ///< Rounded to float16 first, and twice therefore.
  subnormal_is_zero,         ///< 0.5, the format's only subnormal, is flushed to zero.
  nan_keeps_its_sign,        ///< A negative NaN becomes -6.
  nan_is_zero,               ///< NaN becomes zero.
  infinity_is_zero,          ///< Infinity becomes zero.
  not_saturated,             ///< Beyond the largest the code runs over.
  sign_of_zero_lost,         ///< -0 becomes 0.
  relu_ignored,              ///< .relu forms keep negative values.
  relu_is_absolute,          ///< .relu forms drop the sign.
  decoded_halves_exchanged,  ///< The low half goes into the high 16 bits.
  decoded_without_sign,      ///< -v comes back as v.
  decoded_as_normal,         ///< The subnormal 0.5 comes back as 0.75.
  decoded_bias_off,          ///< Exponents one too large.
};

class CvtModel {
 public:
  explicit CvtModel(CvtFault fault) : fault_(fault) {}

  std::vector<std::uint8_t> encode(const std::vector<float>& x, bool relu) const {
    std::vector<std::uint8_t> codes;
    const std::size_t pairs = x.size() / 2;
    for (std::size_t thread = 0; thread < pairs; ++thread) {
      const std::size_t pair = is(CvtFault::one_pair_early) ? (thread + pairs - 1) % pairs : thread;
      const unsigned b = code_of(x[2 * pair], relu), a = code_of(x[2 * pair + 1], relu);
      codes.push_back(static_cast<std::uint8_t>(is(CvtFault::halves_exchanged) ? b << 4 | a : a << 4 | b));
    }
    return codes;
  }

  std::vector<std::uint32_t> decode(const std::vector<std::uint8_t>& codes, bool relu) const {
    std::vector<std::uint32_t> words;
    for (const std::uint8_t byte : codes) {
      const std::uint32_t low = half_of(byte & 15u, relu), high = half_of(byte >> 4, relu);
      words.push_back(is(CvtFault::decoded_halves_exchanged) ? low << 16 | high : high << 16 | low);
    }
    return words;
  }

 private:
  bool is(CvtFault fault) const { return fault_ == fault; }

  unsigned magnitude_code(float a) const {
    if (is(CvtFault::by_float16) && a < 65504) a = rounded_to_float16(a);
    if (is(CvtFault::truncated))
      return (a >= 0.5f) + (a >= 1) + (a >= 1.5f) + (a >= 2) + (a >= 3) + (a >= 4) + unsigned{a >= 6};
    // How many of the seven half-way points lie below; a tie goes up where the code above is even.
    const auto above = [&](float half_way, bool even_above) {
      if (a != half_way) return a > half_way;
      if (is(CvtFault::ties_away)) return true;
      if (is(CvtFault::ties_to_zero)) return false;
      return even_above;
    };
    const unsigned code = unsigned{above(0.25f, false)} + above(0.75f, true) + above(1.25f, false) +
                          above(1.75f, true) + above(2.5f, false) + above(3.5f, true) + above(5, false);
    if (is(CvtFault::subnormal_is_zero) && code == 1) return 0;
    if (is(CvtFault::not_saturated) && a >= 7) return 0;
    return code;
  }

  unsigned code_of(float x, bool relu) const {
    const auto bits = std::bit_cast<std::uint32_t>(x), magnitude = bits & 0x7fffffffu, sign = bits >> 31;
    if (magnitude > 0x7f800000u) {
      if (is(CvtFault::nan_is_zero)) return 0;
      return is(CvtFault::nan_keeps_its_sign) ? 7 | sign << 3 : 7;
    }
    if (relu && sign != 0 && !is(CvtFault::relu_ignored) && !is(CvtFault::relu_is_absolute)) return 0;
    const bool unsigned_result =
        (relu && is(CvtFault::relu_is_absolute)) || (magnitude == 0 && is(CvtFault::sign_of_zero_lost));
    if (magnitude == 0x7f800000u && is(CvtFault::infinity_is_zero)) return unsigned_result ? 0 : sign << 3;
    return magnitude_code(std::bit_cast<float>(magnitude)) | (unsigned_result ? 0 : sign << 3);
  }

  /// To nearest, ties to even, by integer arithmetic on the bits; below float16's normal range on its fixed grid.
  static float rounded_to_float16(float a) {
    if (a < 0x1p-14f) return std::ldexp(std::nearbyint(std::ldexp(a, 24)), -24);
    const auto bits = std::bit_cast<std::uint32_t>(a);
    return std::bit_cast<float>((bits + 0xfffu + (bits >> 13 & 1)) & ~0x1fffu);
  }

  std::uint32_t half_of(unsigned code, bool relu) const {
    const std::uint32_t sign = code >> 3, exponent = code >> 1 & 3, fraction = code & 1;
    if (relu && sign != 0 && !is(CvtFault::relu_ignored) && !is(CvtFault::relu_is_absolute)) return 0;
    const bool without_sign = is(CvtFault::decoded_without_sign) || (relu && is(CvtFault::relu_is_absolute));
    const std::uint32_t sign_bit = without_sign ? 0 : sign << 15;
    const std::uint32_t bias = 15 - 1 + (is(CvtFault::decoded_bias_off) ? 1 : 0);
    if (exponent == 0 && fraction == 0) return sign_bit;
    if (exponent == 0 && !is(CvtFault::decoded_as_normal)) return sign_bit | bias << 10;
    return sign_bit | (exponent + bias) << 10 | fraction << 9;
  }

  CvtFault fault_;
};

}  // namespace assay::probes
