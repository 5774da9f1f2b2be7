// Our conversions beside those that CUDA's headers have for the host (cuda_fp4.h, cuda_fp8.h, cuda_bf16.h,
// cuda_fp16.h): an implementation by the vendor, compiled here from the installed toolkit. What the headers make of NaN
// is one code per format; ours keep sign and payload where the format can, so every NaN is compared as one.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace assay::nvfp4 {

/// float32 to one format.
struct ToolkitConversion {
  std::string_view name;
  std::uint32_t (*ours)(float value) = nullptr;
  std::uint32_t (*theirs)(float value) = nullptr;
  /// The first float32 with bits of first .. last - 1 of which the two make different codes.
  std::optional<std::uint32_t> (*first_difference)(std::uint64_t first, std::uint64_t last) = nullptr;
};

/// What ToolkitConversion::first_difference holds.
template <auto ours, auto theirs>
std::optional<std::uint32_t> first_difference(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t bits = first; bits < last; ++bits) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (ours(value) != theirs(value)) return static_cast<std::uint32_t>(bits);
  }
  return std::nullopt;
}

/// One format to float32.
struct ToolkitValue {
  std::string_view name;
  std::uint32_t codes = 0;  ///< 0 .. codes - 1.
  float (*ours)(std::uint32_t code) = nullptr;
  float (*theirs)(std::uint32_t code) = nullptr;
};

/// E2M1, E4M3, BF16 and FP16; none where the headers were not found, and then why() says so.
std::span<const ToolkitConversion> toolkit_conversions();
std::span<const ToolkitValue> toolkit_values();
std::string_view why_no_toolkit();

}  // namespace assay::nvfp4
