#include "probes/control_mma_bf16.h"

#include "kernels/nvfp4/formats.h"
#include "probes/warp_mma.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr std::size_t kK = 32;

// All 8 significand bits are used: a product is below 2^16 units, 32 of them and C below 2^22, of 24 that FP32 keeps.
constexpr ExactRange kExact{.larger = 255, .smaller = 255, .c = 1 << 20, .low_unit = -10, .high_unit = 10};

// Any sign and fraction, exponents -10..10.
float draw(gate::ChallengeStream& stream) {
  const std::uint32_t sign = stream.below(2), exponent = 117 + stream.below(21), fraction = stream.below(128);
  return nvfp4::bf16_value(static_cast<std::uint16_t>(sign << 15 | exponent << 7 | fraction));
}

// FP32 has 23 fraction bits, and the units that are described keep more of each term.
constexpr WideRange kWide{.draw = draw, .c_low = -10, .c_high = 20, .least_normal = 0x1p-126, .fraction_bits = 23};

std::vector<std::byte> encode(const std::vector<float>& values) {
  std::vector<std::uint16_t> codes;
  for (const float value : values) codes.push_back(nvfp4::bf16_code(value).value());
  return gate::bytes_of(codes);
}

}  // namespace

gate::Probe make_control_mma_bf16(const gate::Seed& seed) {
  return make_warp_mma(seed, {.stem = "mma_bf16", .text = ptx_text("mma_bf16"), .floor = {7, 0}}, kK, kExact, kWide,
                       encode, {"HMMA"});
}

}  // namespace assay::probes
