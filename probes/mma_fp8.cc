#include "probes/mma_fp8.h"

#include "kernels/nvfp4/formats.h"
#include "probes/warp_mma.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr std::size_t kK = 64;

// Some FP8 units keep no more than 13 fraction bits of a sum, so 64 products of at most 45 units and C stay below 2^12.
// All four significand bits are used, by A and B in turn. Units from 2^-9, where 1..7 are all the subnormals, to 2^4,
// where 15 is 240.
constexpr ExactRange kExact{.larger = 15, .smaller = 3, .c = 900, .low_unit = -9, .high_unit = 4};

// Any code but NaN.
float draw(gate::ChallengeStream& stream) {
  const std::uint32_t sign = stream.below(2), magnitude = stream.below(0x7f);
  return nvfp4::e4m3_value(static_cast<std::uint8_t>(sign << 7 | magnitude));
}

constexpr WideRange kWide{.draw = draw, .c_low = -8, .c_high = 8, .least_normal = 0x1p-6, .fraction_bits = 13};

std::vector<std::byte> encode(const std::vector<float>& values) {
  std::vector<std::uint8_t> codes;
  for (const float value : values) codes.push_back(nvfp4::e4m3_code(value).value());
  return gate::bytes_of(codes);
}

}  // namespace

gate::Probe make_mma_fp8(const gate::Seed& seed) {
  return make_warp_mma(seed, {.stem = "mma_fp8", .text = ptx_text("mma_fp8"), .floor = {8, 4}}, kK, kExact, kWide,
                       encode, {"QMMA|HMMA"});
}

}  // namespace assay::probes
