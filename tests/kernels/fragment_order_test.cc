#include "kernels/fragment_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <random>

#include "kernels/nvfp4/formats.h"
#include "kernels/nvfp4/layout.h"

namespace assay::kernels {
namespace {

using nvfp4::bf16_value;
using nvfp4::e2m1_value;
using nvfp4::e4m3_value;
using nvfp4::f16_value;

/// Random codes; scales of every value, zero too.
Canonical random_matrix(std::int64_t rows, std::int64_t k, bool with_zero_scales = true) {
  std::mt19937 random(static_cast<unsigned>(rows * 31 + k));
  Canonical matrix{.codes = std::vector<std::uint8_t>(static_cast<std::size_t>(rows * k / 2)),
                   .scales = std::vector<std::uint8_t>(static_cast<std::size_t>(rows * k / 16))};
  for (auto& pair : matrix.codes) pair = static_cast<std::uint8_t>(random());
  for (auto& scale : matrix.scales)
    scale = static_cast<std::uint8_t>(with_zero_scales ? random() % 127 : random() % 126 + 1);
  return matrix;
}

std::vector<std::uint8_t> ordered(const Canonical& matrix, const FragmentOrder& order) {
  return fragment_order(matrix.codes, matrix.scales, order.rows, order.k, order.gated);
}

std::uint8_t code_at(const Canonical& matrix, const FragmentOrder& order, std::int64_t row, std::int64_t k) {
  const auto place =
      nvfp4::linear_code(static_cast<std::size_t>(row), static_cast<std::size_t>(k), static_cast<std::size_t>(order.k));
  return matrix.codes[place.byte] >> place.shift & 15;
}

std::uint8_t scale_at(const Canonical& matrix, const FragmentOrder& order, std::int64_t row, std::int64_t k) {
  return matrix.scales[static_cast<std::size_t>(row * (order.k / 16) + k / 16)];
}

// The place of one element, straight from the table in the header: the fragment of nvfp4/layout.h's neighbour m16n8k16.

struct Place {
  std::int64_t word;  ///< Offset in its unit.
  std::array<int, 4> bits;
};

/// Of row `in_tile` (0 to 15) and column `k` (0 to 127) of a unit.
Place place_of(std::int64_t in_tile, std::int64_t k) {
  constexpr std::array<std::array<int, 4>, 4> kBits = {{{15, 8, 7, 6}, {12, 5, 4, 3}, {9, 2, 1, 0}, {14, 13, 11, 10}}};
  const std::int64_t j = k / 16, in_block = k % 16, lane = in_tile % 8 * 4 + in_block % 8 / 2;
  Place place{.word = j / 4 * 512 + 16 * lane + j % 4 * 4,
              .bits = kBits[static_cast<std::size_t>(in_block / 8 * 2 + in_tile / 8)]};
  for (int& bit : place.bits) bit += in_block % 2 == 1 ? 16 : 0;
  return place;
}

std::uint8_t code_in(std::span<const std::uint8_t> unit, const Place& place) {
  std::uint8_t code = 0;
  for (const int bit : place.bits)
    code = static_cast<std::uint8_t>(code << 1 | (unit[static_cast<std::size_t>(place.word + bit / 8)] >> bit % 8 & 1));
  return code;
}

std::uint8_t scale_in(std::span<const std::uint8_t> unit, std::int64_t in_tile, std::int64_t k) {
  return unit[static_cast<std::size_t>(1024 + in_tile % 8 * 16 + in_tile / 8 * 8 + k / 16)];
}

TEST(FragmentOrderTest, TheBitsOfAUnitAreAllTakenOnce) {
  std::vector<int> taken(1024 * 8);
  for (std::int64_t row = 0; row < 16; ++row)
    for (std::int64_t k = 0; k < 128; ++k) {
      const Place place = place_of(row, k);
      for (const int bit : place.bits) ++taken[static_cast<std::size_t>(place.word * 8 + bit)];
    }
  EXPECT_EQ(std::ranges::count(taken, 1), 1024 * 8);
}

/// Holds every unit against the table, padding included.
void expect_in_place(const FragmentOrder& order) {
  const Canonical matrix = random_matrix(order.rows, order.k);
  const auto bytes = ordered(matrix, order);
  ASSERT_EQ(bytes.size(), fragment_order_bytes(order.rows, order.k));
  std::size_t wrong = 0;
  for (std::int64_t tile = 0; tile < order.row_tiles(); ++tile)
    for (std::int64_t step = 0; step < order.steps(); ++step) {
      const auto at = static_cast<std::size_t>((tile / 2 * order.steps() + step) * 2304 + tile % 2 * 1152);
      const auto unit = std::span(bytes).subspan(at, 1152);
      for (std::int64_t in_tile = 0; in_tile < 16; ++in_tile)
        for (std::int64_t in_step = 0; in_step < 128; ++in_step) {
          const std::int64_t row = order.row(tile, in_tile), k = step * 128 + in_step;
          const bool filled = row >= 0 && k < order.k;
          const std::uint8_t scale = filled ? scale_at(matrix, order, row, k) : std::uint8_t{0};
          const std::uint8_t code = scale == 0 ? std::uint8_t{0} : code_at(matrix, order, row, k);
          wrong += code_in(unit, place_of(in_tile, in_step)) != code;
          wrong += scale_in(unit, in_tile, in_step) != stored_scale(scale);
        }
    }
  EXPECT_EQ(wrong, 0u) << order.rows << " x " << order.k << (order.gated ? " gated" : "");
}

TEST(FragmentOrderTest, EveryElementStandsWhereTheTableSays) {
  for (const std::int64_t rows : {1, 16, 24, 32, 33, 80})
    for (const std::int64_t k : {16, 64, 128, 144, 272}) expect_in_place({.rows = rows, .k = k});
  for (const std::int64_t rows : {2, 16, 34, 48, 64, 112})
    for (const std::int64_t k : {16, 128, 208}) expect_in_place({.rows = rows, .k = k, .gated = true});
}

TEST(FragmentOrderTest, SizesCountWholePairsOfRowTilesAndWholeSteps) {
  EXPECT_EQ(fragment_order_bytes(1, 16), 2304u);
  EXPECT_EQ(fragment_order_bytes(32, 128), 2304u);
  EXPECT_EQ(fragment_order_bytes(33, 129), 4u * 2304);
  EXPECT_EQ(fragment_order_bytes(4096, 4096), 4096u * 4096 * 9 / 16);
}

TEST(FragmentOrderTest, AGatedPairAlternatesItsRowTiles) {
  const FragmentOrder order{.rows = 2 * 24, .k = 16, .gated = true};
  EXPECT_EQ(order.row_tiles(), 4);
  EXPECT_EQ(order.row(0, 3), 3);
  EXPECT_EQ(order.row(1, 3), 24 + 3);
  EXPECT_EQ(order.row(2, 3), 16 + 3);
  EXPECT_EQ(order.row(3, 3), 24 + 16 + 3);
  EXPECT_EQ(order.row(2, 8), -1);
  EXPECT_EQ(order.row(3, 8), -1);
}

TEST(FragmentOrderTest, AllOfTheUnitsOfOneElementIsPaddingOfOnes) {
  const std::uint8_t code[8] = {0x07}, scale[1] = {0x38};
  const auto bytes = fragment_order(code, scale, 1, 16, false);
  std::size_t ones = 0, set = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 1152 >= 1024)
      ones += bytes[i] == kStoredOne;
    else
      set += static_cast<std::size_t>(std::popcount(bytes[i]));
  }
  EXPECT_EQ(ones, 2u * 128);
  EXPECT_EQ(set, 3u);
}

TEST(FragmentOrderTest, TheInverseGivesTheMatrixBack) {
  for (const FragmentOrder& order : {FragmentOrder{.rows = 40, .k = 272}, FragmentOrder{.rows = 1, .k = 16},
                                     FragmentOrder{.rows = 2 * 40, .k = 208, .gated = true}}) {
    const Canonical matrix = random_matrix(order.rows, order.k, false);
    const Canonical back = canonical_order(ordered(matrix, order), order);
    EXPECT_EQ(back.codes, matrix.codes);
    EXPECT_EQ(back.scales, matrix.scales);
  }
}

TEST(FragmentOrderTest, ABlockOfScaleZeroComesBackAsZerosOfScaleOne) {
  Canonical matrix = random_matrix(16, 64, false);
  matrix.scales[5] = 0;
  const FragmentOrder order{.rows = 16, .k = 64};
  const Canonical back = canonical_order(ordered(matrix, order), order);
  std::fill_n(matrix.codes.begin() + 5 * 8, 8, std::uint8_t{0});
  matrix.scales[5] = 0x38;
  EXPECT_EQ(back.codes, matrix.codes);
  EXPECT_EQ(back.scales, matrix.scales);
}

float e5m3_value(std::uint8_t byte) { return std::ldexp(1 + static_cast<float>(byte & 7) / 8, (byte >> 3) - 10); }

TEST(FragmentOrderTest, AStoredScaleIsWorthTheCanonicalOne) {
  EXPECT_EQ(stored_scale(0x00), kStoredOne);
  EXPECT_EQ(stored_scale(0x38), kStoredOne);
  for (std::uint8_t scale = 1; scale < 0x7f; ++scale)
    EXPECT_EQ(e5m3_value(stored_scale(scale)), e4m3_value(scale)) << int{scale};
}

// What kernels compute from a word, step by step: a shift and an AND give the two codes of a register, an integer
// multiplication and addition the scale, and a 16-bit multiplication that must not round the product.

/// A product in a 16-bit format, if it holds it.
std::optional<float> bf16_product(float a, float b) {
  if (const auto code = nvfp4::bf16_code(a * b)) return bf16_value(*code);
  return std::nullopt;
}
std::optional<float> f16_product(float a, float b) {
  const float nearest = f16_value(nvfp4::f16_nearest(a * b));
  return nearest == a * b ? std::optional(nearest) : std::nullopt;
}

struct Registers {
  std::uint32_t pair[4];
};

Registers bf16_registers(std::uint32_t word) {
  constexpr std::uint32_t kMask = 0x81C081C0;
  return {{word & kMask, word << 3 & kMask, word << 6 & kMask,
           (word << 1 & 0x80008000) | (word >> 5 & 0x01000100) | (word >> 4 & 0x00C000C0)}};
}

Registers f16_registers(std::uint32_t word) {
  constexpr std::uint32_t kSign = 0x80008000, kRest = 0x0E000E00;
  return {{(word & kSign) | (word << 3 & kRest), (word << 3 & kSign) | (word << 6 & kRest),
           (word << 6 & kSign) | (word << 9 & kRest),
           (word << 1 & kSign) | (word >> 2 & 0x08000800) | (word >> 1 & 0x06000600)}};
}

std::uint16_t half_of(std::uint32_t pair, unsigned half) { return static_cast<std::uint16_t>(pair >> 16 * half); }

/// The word of a lane whose eight elements all are `code`, and the byte of its scale.
struct Stored {
  std::uint32_t word;
  std::uint8_t scale;
};
Stored stored(std::uint8_t code, std::uint8_t scale) {
  const std::vector<std::uint8_t> codes(16 * 8, static_cast<std::uint8_t>(code | code << 4)), scales(16, scale);
  const auto bytes = fragment_order(codes, scales, 16, 16, false);
  return {.word = static_cast<std::uint32_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | std::uint32_t{bytes[3]} << 24,
          .scale = bytes[1024]};
}

/// What a register's halves are worth, times a power of two, and that a product is the one wanted, bit for bit.
template <class Value, class Product>
void expect_products(const Registers& codes, std::uint32_t scale, float factor, float wanted, Value value,
                     Product product) {
  for (const std::uint32_t pair : codes.pair)
    for (const unsigned half : {0u, 1u}) {
      const auto exact = product(value(half_of(pair, half)), value(half_of(scale, half)));
      ASSERT_TRUE(exact) << wanted;
      ASSERT_EQ(*exact * factor, wanted);
    }
}

TEST(FragmentOrderTest, TheDecodingGivesCodeTimesScaleExactly) {
  for (std::uint8_t scale = 0; scale < 0x7f; ++scale)
    for (std::uint8_t code = 0; code < 16; ++code) {
      const Stored at = stored(code, scale);
      const float wanted = e2m1_value(code) * e4m3_value(scale);
      expect_products(bf16_registers(at.word), at.scale * 0x00100010u + 0x70007000u, 0x1p19f, wanted, bf16_value,
                      bf16_product);
      expect_products(f16_registers(at.word), at.scale * 0x00800080u + 0x30003000u, 0x1p7f, wanted, f16_value,
                      f16_product);
    }
}

}  // namespace
}  // namespace assay::kernels
