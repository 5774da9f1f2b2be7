// Whole tensors to NVFP4 and back: what block.h says of one block, for many at the speed of the machine.
//
// The bytes are those of block.h, whatever instructions a machine has: the same float32 operations in the same order,
// only several elements at once. On x86-64 the widest vectors that the processor has are chosen at run time.
// Tested by tests/nvfp4/rows_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/nvfp4/block.h"

namespace assay::nvfp4 {

/// Quantises whole blocks: `weights` is a multiple of 16 of finite values, `codes` half as many bytes, `scales` a
/// sixteenth.
void quantize_rows(std::span<const float> weights, float s2, Method, std::span<std::uint8_t> codes,
                   std::span<std::uint8_t> scales);

/// Sets of instructions that quantize_rows is compiled for.
enum class Vectors : std::uint8_t { plain, avx2, avx512 };
/// Those that this processor has, the widest last; quantize_rows takes that one.
std::vector<Vectors> vectors_here();
/// quantize_rows with instructions of one's choice, which must be here: for those who compare them.
void quantize_rows(std::span<const float> weights, float s2, Method, std::span<std::uint8_t> codes,
                   std::span<std::uint8_t> scales, Vectors);

/// The values of whole blocks; sizes as above.
void dequantize_rows(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales, float s2,
                     std::span<float> weights);

void bf16_to_float(std::span<const std::uint16_t> from, std::span<float> to);
void f16_to_float(std::span<const std::uint16_t> from, std::span<float> to);
/// The nearest bf16, ties to even.
void float_to_bf16(std::span<const float> from, std::span<std::uint16_t> to);

/// The largest magnitude; nothing if a value is NaN or infinite.
std::optional<float> largest_magnitude_of(std::span<const float> weights);
/// The index of the first NaN or infinity.
std::optional<std::size_t> first_not_finite(std::span<const float> weights);

/// Sums for a signal-to-quantisation-noise ratio, in float64.
struct Noise {
  double signal = 0;  ///< Of the squares of the weights.
  double noise = 0;   ///< Of the squared differences.

  Noise& operator+=(const Noise& other) {
    signal += other.signal, noise += other.noise;
    return *this;
  }
};
/// Of whole blocks, added block by block: the same on every machine.
Noise noise_of(std::span<const float> weights, std::span<const float> dequantized);

/// 10 log10(signal / noise); 0 where there is no signal, infinity where there is no noise.
double sqnr_db(const Noise&);

}  // namespace assay::nvfp4
