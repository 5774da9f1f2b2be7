#include "tests/nvfp4/toolkit.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp4.h>
#include <cuda_fp8.h>

#include <array>
#include <bit>

#include "kernels/nvfp4/formats.h"

namespace assay::nvfp4 {
namespace {

std::uint32_t our_e2m1(float value) { return e2m1_nearest(value); }
std::uint32_t their_e2m1(float value) { return __nv_cvt_float_to_fp4(value, __NV_E2M1, cudaRoundNearest); }

std::uint32_t our_e4m3(float value) {
  const std::uint32_t code = e4m3_nearest(value);
  return (code & 0x7f) == 0x7f ? 0x7f : code;
}
std::uint32_t their_e4m3(float value) { return __nv_cvt_float_to_fp8(value, __NV_SATFINITE, __NV_E4M3); }

std::uint32_t one_nan(std::uint32_t code, std::uint32_t infinity) { return (code & 0x7fff) > infinity ? 0x7fff : code; }

std::uint32_t our_bf16(float value) { return one_nan(bf16_nearest(value), 0x7f80); }
std::uint32_t their_bf16(float value) { return __nv_bfloat16_raw(__float2bfloat16_rn(value)).x; }

std::uint32_t our_f16(float value) { return one_nan(f16_nearest(value), 0x7c00); }
std::uint32_t their_f16(float value) { return __half_raw(__float2half_rn(value)).x; }

template <auto ours, auto theirs>
constexpr ToolkitConversion conversion(std::string_view name) {
  return {.name = name, .ours = ours, .theirs = theirs, .first_difference = first_difference<ours, theirs>};
}

float value_of_half(__half_raw half) { return __half2float(__half(half)); }

template <auto decode>
float our_value(std::uint32_t code) {
  return decode(static_cast<std::uint8_t>(code));
}
template <auto decode>
float our_wide_value(std::uint32_t code) {
  return decode(static_cast<std::uint16_t>(code));
}
float their_e2m1_value(std::uint32_t code) {
  return value_of_half(__nv_cvt_fp4_to_halfraw(static_cast<__nv_fp4_storage_t>(code), __NV_E2M1));
}
float their_e4m3_value(std::uint32_t code) {
  return value_of_half(__nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(code), __NV_E4M3));
}
float their_bf16_value(std::uint32_t code) {
  __nv_bfloat16_raw raw;
  raw.x = static_cast<unsigned short>(code);
  return __bfloat162float(__nv_bfloat16(raw));
}
float their_f16_value(std::uint32_t code) {
  __half_raw raw;
  raw.x = static_cast<unsigned short>(code);
  return value_of_half(raw);
}

}  // namespace

std::span<const ToolkitConversion> toolkit_conversions() {
  static constexpr std::array kAll = {conversion<our_e2m1, their_e2m1>("E2M1"),
                                      conversion<our_e4m3, their_e4m3>("E4M3"),
                                      conversion<our_bf16, their_bf16>("BF16"), conversion<our_f16, their_f16>("FP16")};
  return kAll;
}

std::span<const ToolkitValue> toolkit_values() {
  static constexpr std::array<ToolkitValue, 4> kAll = {{{"E2M1", 16, our_value<e2m1_value>, their_e2m1_value},
                                                        {"E4M3", 256, our_value<e4m3_value>, their_e4m3_value},
                                                        {"BF16", 65536, our_wide_value<bf16_value>, their_bf16_value},
                                                        {"FP16", 65536, our_wide_value<f16_value>, their_f16_value}}};
  return kAll;
}

std::string_view why_no_toolkit() { return {}; }

}  // namespace assay::nvfp4
