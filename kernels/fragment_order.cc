#include "kernels/fragment_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernels/nvfp4/block.h"

namespace assay::kernels {
namespace {

using Index = std::int64_t;

constexpr Index kBlock = nvfp4::kBlock, kBlockBytes = kBlock / 2, kBlocks = kStepColumns / kBlock;

/// Where the bits of element 2 i stand in a word, the sign first; those of element 2 i + 1 are 16 above.
constexpr int kBits[4][4] = {{15, 8, 7, 6}, {12, 5, 4, 3}, {9, 2, 1, 0}, {14, 13, 11, 10}};

constexpr std::uint32_t placed(std::size_t i, std::uint32_t code) {
  std::uint32_t bits = 0;
  for (std::uint32_t b = 0; b < 4; ++b) bits |= (code >> (3 - b) & 1) << kBits[i][b];
  return bits;
}

constexpr std::uint32_t taken(std::size_t i, std::uint32_t half) {
  std::uint32_t code = 0;
  for (std::uint32_t b = 0; b < 4; ++b) code |= (half >> kBits[i][b] & 1) << (3 - b);
  return code;
}

/// What a byte of two codes is in a word as elements 2 i and 2 i + 1.
constexpr auto kPlaces = [] {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::uint32_t pair = 0; pair < 256; ++pair)
      places[i][pair] = placed(i, pair & 15) | placed(i, pair >> 4) << 16;
  return places;
}();

constexpr std::uint8_t normalised(std::uint8_t e4m3) {
  const unsigned exponent = e4m3 >> 3 & 15, fraction = e4m3 & 7;
  if (exponent != 0) return static_cast<std::uint8_t>((exponent - 7 + 10) << 3 | fraction);
  if (fraction == 0) return kStoredOne;
  const unsigned first = static_cast<unsigned>(std::bit_width(fraction)) - 1;  // A subnormal is fraction * 2^-9.
  return static_cast<std::uint8_t>((first + 1) << 3 | (fraction << (3 - first) & 7));
}

constexpr auto kStored = [] {
  std::array<std::uint8_t, 256> stored{};
  for (unsigned scale = 0; scale < 256; ++scale) stored[scale] = normalised(static_cast<std::uint8_t>(scale));
  return stored;
}();

/// The scale that is stored as this byte.
std::uint8_t canonical_scale(std::uint8_t stored) {
  const int exponent = (stored >> 3) - 3, significand = 8 | (stored & 7);
  return static_cast<std::uint8_t>(exponent > 0 ? exponent << 3 | (stored & 7) : significand >> (1 - exponent));
}

/// The blocks of one row within a step; those that the matrix has not are zeros.
struct RowStep {
  std::array<std::uint8_t, kBlocks * kBlockBytes> codes{};
  std::array<std::uint8_t, kBlocks> scales{};
};

class Writer {
 public:
  Writer(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales, const FragmentOrder& order)
      : codes_(codes), scales_(scales), order_(order) {}

  void unit(Index tile, Index step, std::uint8_t* out) const {
    for (Index g = 0; g < 8; ++g) {
      const RowStep upper = row_step(order_.row(tile, g), step), lower = row_step(order_.row(tile, g + 8), step);
      for (Index t = 0; t < 4; ++t) lane(upper, lower, t, out + 16 * (4 * g + t));
      for (Index j = 0; j < kBlocks; ++j) {
        out[kUnitScales + 16 * g + j] = kStored[upper.scales[static_cast<std::size_t>(j)]];
        out[kUnitScales + 16 * g + 8 + j] = kStored[lower.scales[static_cast<std::size_t>(j)]];
      }
    }
  }

 private:
  RowStep row_step(Index row, Index step) const {
    RowStep blocks;
    const Index first = step * kBlocks, of_row = order_.k / kBlock;
    const auto count = static_cast<std::size_t>(row < 0 ? 0 : std::min(kBlocks, of_row - first));
    const auto at = static_cast<std::size_t>(row * of_row + first);
    if (count == 0) return blocks;
    std::memcpy(blocks.codes.data(), &codes_[at * kBlockBytes], count * kBlockBytes);
    std::memcpy(blocks.scales.data(), &scales_[at], count);
    for (std::size_t j = 0; j < count; ++j)
      if ((blocks.scales[j] & 0x7f) == 0) std::memset(&blocks.codes[j * kBlockBytes], 0, kBlockBytes);
    return blocks;
  }

  /// The eight words of one lane.
  static void lane(const RowStep& upper, const RowStep& lower, Index t, std::uint8_t* out) {
    for (Index j = 0; j < kBlocks; ++j) {
      const std::uint8_t *a = upper.codes.data() + j * kBlockBytes + t, *b = lower.codes.data() + j * kBlockBytes + t;
      const std::uint32_t word = kPlaces[0][a[0]] | kPlaces[1][b[0]] | kPlaces[2][a[4]] | kPlaces[3][b[4]];
      std::memcpy(out + j / 4 * 512 + j % 4 * 4, &word, sizeof word);
    }
  }

  std::span<const std::uint8_t> codes_, scales_;
  FragmentOrder order_;
};

/// Two codes of a word, as a canonical byte.
std::uint8_t pair_of(std::uint32_t word, std::size_t i) {
  return static_cast<std::uint8_t>(taken(i, word & 0xffff) | taken(i, word >> 16) << 4);
}

/// One block of one row of a unit into its canonical place: elements of row g are i = 0 and 2, of row g + 8 i = 1
/// and 3.
void read_block(const std::uint8_t* unit, Index in_tile, Index j, std::uint8_t* codes, std::uint8_t* scale) {
  const Index g = in_tile % 8;
  const std::size_t lower = in_tile < 8 ? 0 : 1;
  for (Index t = 0; t < 4; ++t) {
    std::uint32_t word = 0;
    std::memcpy(&word, unit + j / 4 * 512 + 16 * (4 * g + t) + j % 4 * 4, sizeof word);
    codes[t] = pair_of(word, lower);
    codes[t + 4] = pair_of(word, lower + 2);
  }
  *scale = canonical_scale(unit[kUnitScales + 16 * g + in_tile / 8 * 8 + j]);
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "words of a unit are written as they lie in memory");

std::uint8_t stored_scale(std::uint8_t e4m3) { return kStored[e4m3]; }

std::vector<std::uint8_t> fragment_order(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> scales,
                                         std::int64_t rows, std::int64_t k, bool gated) {
  const FragmentOrder order{.rows = rows, .k = k, .gated = gated};
  const Writer writer(codes, scales, order);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(order.bytes()));
  for (Index tile = 0; tile < order.row_tiles(); ++tile)
    for (Index step = 0; step < order.steps(); ++step) writer.unit(tile, step, bytes.data() + order.unit(tile, step));
  return bytes;
}

Canonical canonical_order(std::span<const std::uint8_t> bytes, const FragmentOrder& order) {
  const Index blocks = order.k / kBlock;
  Canonical canonical{.codes = std::vector<std::uint8_t>(static_cast<std::size_t>(order.rows * order.k / 2)),
                      .scales = std::vector<std::uint8_t>(static_cast<std::size_t>(order.rows * blocks))};
  for (Index tile = 0; tile < order.row_tiles(); ++tile)
    for (Index in_tile = 0; in_tile < kTileRows; ++in_tile) {
      const Index row = order.row(tile, in_tile);
      for (Index block = 0; row >= 0 && block < blocks; ++block)
        read_block(bytes.data() + order.unit(tile, block / kBlocks), in_tile, block % kBlocks,
                   canonical.codes.data() + (row * blocks + block) * kBlockBytes,
                   canonical.scales.data() + row * blocks + block);
    }
  return canonical;
}

}  // namespace assay::kernels
