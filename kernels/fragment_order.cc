#include "kernels/fragment_order.h"

#include <algorithm>
#include <array>
#include <bit>

namespace assay::kernels {
namespace {

using Index = std::int64_t;

constexpr Index kRows = 16, kColumns = 64, kWords = 4, kBlock = 16;
constexpr std::uint8_t kStoredOne = 10 << 3;

/// A scale in E5M3, normalised; that of one for zero.
std::uint8_t stored_scale(std::uint8_t scale) {
  const int exponent = scale >> 3 & 15, fraction = scale & 7;
  if (exponent != 0) return static_cast<std::uint8_t>((exponent - 7 + 10) << 3 | fraction);
  if (fraction == 0) return kStoredOne;
  const int first = std::bit_width(static_cast<unsigned>(fraction)) - 1;  // a subnormal is fraction * 2^-9
  return static_cast<std::uint8_t>((first - 9 + 10) << 3 | ((fraction << (3 - first)) & 7));
}

/// The four bits of element 2 i in the lower half of a word, by code; those of element 2 i + 1 are in the upper one.
std::uint32_t placed(std::uint32_t i, std::uint32_t code) {
  constexpr std::array<std::array<int, 4>, 4> kBits = {{{15, 8, 7, 6}, {12, 5, 4, 3}, {9, 2, 1, 0}, {14, 13, 11, 10}}};
  std::uint32_t bits = 0;
  for (std::uint32_t b = 0; b < 4; ++b) bits |= (code >> (3 - b) & 1) << kBits[i][b];
  return bits;
}

class Order {
 public:
  Order(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales, Index rows, Index k, bool gated)
      : codes_(codes), scales_(scales), matrices_(gated ? 2 : 1), rows_(rows / matrices_), k_(k) {
    for (std::uint32_t i = 0; i < 4; ++i)
      for (std::uint32_t code = 0; code < 16; ++code) places_[i][code] = placed(i, code);
  }

  std::vector<std::uint8_t> all() const {
    const Index steps = (k_ + kColumns - 1) / kColumns;
    const Index tiles = gated() ? 2 * ((rows_ + kRows - 1) / kRows) : 2 * ((rows_ + 2 * kRows - 1) / (2 * kRows));
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(tiles * steps) * kUnitBytes);
    for (Index tile = 0; tile < tiles; ++tile)
      for (Index step = 0; step < steps; ++step)
        unit(tile, step,
             std::span(bytes).subspan(static_cast<std::size_t>(tile * steps + step) * kUnitBytes, kUnitBytes));
    return bytes;
  }

 private:
  bool gated() const { return matrices_ == 2; }

  /// The row of the canonical arrays, or -1 where there is none.
  Index row_of(Index tile, Index in_tile) const {
    const Index row = (gated() ? tile / 2 : tile) * kRows + in_tile;
    if (row >= rows_) return -1;
    return gated() && tile % 2 == 1 ? rows_ + row : row;
  }

  std::uint8_t scale_at(Index row, Index block) const {
    if (row < 0 || block * kBlock >= k_) return 0;
    return scales_[static_cast<std::size_t>(row * (k_ / kBlock) + block)];
  }

  /// Zero where the scale is.
  std::uint32_t code_at(Index row, Index k) const {
    if (scale_at(row, k / kBlock) == 0) return 0;
    const std::uint8_t pair = codes_[static_cast<std::size_t>(row * (k_ / 2) + k / 2)];
    return k % 2 == 0 ? pair & 15 : pair >> 4;
  }

  void unit(Index tile, Index step, std::span<std::uint8_t> out) const {
    for (Index lane = 0; lane < 32; ++lane)
      for (Index j = 0; j < kWords; ++j) {
        const std::uint32_t word = codes_word(tile, kColumns * step + kBlock * j, lane);
        for (Index b = 0; b < 4; ++b)
          out[static_cast<std::size_t>(16 * lane + 4 * j + b)] = static_cast<std::uint8_t>(word >> (8 * b));
      }
    for (Index g = 0; g < 8; ++g)
      for (Index i = 0; i < 8; ++i)
        out[static_cast<std::size_t>(512 + 8 * g + i)] =
            stored_scale(scale_at(row_of(tile, g + i / 4 * 8), kWords * step + i % 4));
  }

  std::uint32_t codes_word(Index tile, Index first_k, Index lane) const {
    const Index upper = row_of(tile, lane / 4), lower = row_of(tile, lane / 4 + 8);
    std::uint32_t word = 0;
    for (std::uint32_t i = 0; i < 4; ++i) {
      const Index row = i % 2 == 0 ? upper : lower, k = first_k + lane % 4 * 2 + i / 2 * 8;
      word |= places_[i][code_at(row, k)] | places_[i][code_at(row, k + 1)] << 16;
    }
    return word;
  }

  std::span<const std::uint8_t> codes_, scales_;
  Index matrices_, rows_, k_;
  std::array<std::array<std::uint32_t, 16>, 4> places_{};
};

}  // namespace

std::vector<std::uint8_t> fragment_order(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales,
                                         std::int64_t rows, std::int64_t k, bool gated) {
  return Order(codes, scales, rows, k, gated).all();
}

}  // namespace assay::kernels
