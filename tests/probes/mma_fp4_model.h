// The work of ptx/mma_fp4.ptx done again on the CPU: each lane loads its registers as the text does, then a warp's
// registers are multiplied as the manual describes fragments and scale selectors, and each lane stores its part of D.
// Number formats are decoded here again, and nothing is shared with the probe, so that either can be wrong alone.
// Faults to choose from change one thing each.
//
// Sums are those of a unit that is described (docs/glossary.md has no word for it): with packed operands the products
// of 16 elements are summed exactly, scaled, and added to C with 35 fraction bits below the largest; with elements in
// bytes each product is added with 25. The sum is truncated to float32.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "tests/probes/probe_parts.h"

namespace assay::probes {

enum class MmaFp4Fault {
  none,
  nibbles_of_a_exchanged,     ///< Even k in the high half. (In both operands it would be the same product.)
  rows_of_a_exchanged,        ///< a1 has row group, a0 row group + 8.
  registers_of_a_transposed,  ///< a1 is taken for a2.
  registers_of_b_exchanged,   ///< b1 has the lower k.
  columns_of_d_exchanged,     ///< d0 has column 2 thread + 1.
  rows_of_d_exchanged,        ///< d2, d3 have row group.
  sign_ignored,               ///< Elements are their magnitudes.
  subnormal_element_is_zero,  ///< 0.5 counts as 0.
  container_not_shifted,      ///< E2M1 is read from bits 0 to 3 of its byte.
  scale_of_a_ignored,         ///< A's scales count as 1.
  scale_of_b_ignored,         ///< B's scales count as 1.
  scale_exponent_ignored,     ///< Scales count as their significand.
  scale_fraction_ignored,     ///< Scales count as their power of two.
  subnormal_scale_is_zero,    ///< Subnormal scales count as 0.
  scale_format_exchanged,     ///< UE4M3 is read as UE8M0, and the other way round.
  thread_id_a_ignored,        ///< The lanes of thread-id-a 0 always count.
  thread_id_b_ignored,        ///< The lane of thread-id-b 0 always counts.
  rows_of_scales_exchanged,   ///< The lanes of row group and row group + 8 are taken for each other.
  byte_ids_ignored,           ///< Byte-id 0 always counts.
  byte_ids_exchanged,         ///< A's byte-id is used for B, and B's for A.
  bytes_of_scales_reversed,   ///< The last byte scales the first block.
  one_scale_for_all,          ///< The first byte scales the whole step.
  c_ignored,                  ///< The first step adds to zero.
  stale_accumulator,          ///< Each step adds to C instead of to the sum so far.
  first_step_only,            ///< Later steps leave D as it is.
  scales_of_the_first_step,   ///< Later steps use the first step's scale words.
  rounded_to_float16,         ///< D has 10 fraction bits.
  last_fault = rounded_to_float16
};

class MmaFp4Model {
 public:
  explicit MmaFp4Model(MmaFp4Fault fault) : fault_(fault) {
    for (std::uint32_t code = 0; code < 16; ++code) e2m1_[code] = e2m1(code);
    for (std::uint32_t code = 0; code < 256; ++code) {
      e4m3_[code] = e4m3(code);
      ue4m3_[code] = ue4m3(code);
      ue8m0_[code] = ue8m0(code);
    }
  }

  /// D as the kernel of the case's entry would leave it.
  std::vector<float> run(const gate::Case& launch_case) const {
    const Memory memory = read(launch_case);
    std::vector<float> d(memory.c.size());
    for (std::uint32_t tile = 0; tile < launch_case.launch.grid.x; ++tile) run_warp(memory, tile, d);
    return d;
  }

 private:
  using F = MmaFp4Fault;
  enum class Kind { nvfp4, mxfp4, bytes };

  struct Memory {
    Kind kind = Kind::nvfp4;
    bool e4m3_a = false;
    std::uint32_t thread_ids = 0;  ///< Mask of the tile's number that names them.
    std::vector<std::uint8_t> a, b, scale_a, scale_b;
    std::vector<float> c;
  };

  struct Lane {
    std::array<std::uint32_t, 4> a{};
    std::array<std::uint32_t, 2> b{};
    std::uint32_t scales_a = 0, scales_b = 0;
    std::array<float, 4> d{}, c{};
  };
  using Warp = std::array<Lane, 32>;

  /// The four selectors of one instruction.
  struct Named {
    unsigned byte_a = 0, thread_a = 0, byte_b = 0, thread_b = 0;
  };

  bool is(F fault) const { return fault_ == fault; }

  static Memory read(const gate::Case& from) {
    const auto bytes = [&](std::string_view name) {
      return values_of<std::uint8_t>(part<gate::Input>(from, name).bytes);
    };
    Memory memory{.a = bytes("a"), .b = bytes("b"), .scale_a = bytes("scale a"), .scale_b = bytes("scale b")};
    memory.c = values_of<float>(part<gate::Input>(from, "c").bytes);
    if (from.entry == "mma_nvfp4") memory.thread_ids = scalar_of(from, "thread ids");
    if (from.entry == "mma_mxfp4") memory.kind = Kind::mxfp4;
    if (from.entry == "mma_mxf8f6f4") {
      memory.kind = Kind::bytes;
      memory.e4m3_a = scalar_of(from, "format a") == 0;
    }
    return memory;
  }

  static std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }

  static std::uint32_t reversed(std::uint32_t word) {
    return word << 24 | (word << 8 & 0xff0000u) | (word >> 8 & 0xff00u) | word >> 24;
  }

  // --- The text: which selectors each step has, and what the lanes load.

  static unsigned steps(Kind kind) { return kind == Kind::bytes ? 4 : 2; }

  static Named selectors(const Memory& m, std::uint32_t tile, unsigned step) {
    switch (m.kind) {
      case Kind::nvfp4:
        return {0, (tile & m.thread_ids) % 2, 0, (tile & m.thread_ids) / 2};
      case Kind::mxfp4:
        return {2 * step, (tile + step) % 2, 2 - 2 * step, 2 * (tile % 2) + step};
      case Kind::bytes:
        return {step, step % 2, 3 - step, step};
    }
    return {};
  }

  static void load(const Memory& m, std::uint32_t tile, unsigned step, const Named& named, Warp& warp) {
    const std::size_t line = m.kind == Kind::bytes ? 128 : 64;  // bytes of a row or column
    for (std::size_t lane = 0; lane < warp.size(); ++lane) {
      const std::size_t group = lane / 4, thread = lane % 4, at = 32 * step + 4 * thread;
      const std::size_t row = (tile * 16 + group) * line + at, column = (tile * 8 + group) * line + at;
      Lane& to = warp[lane];
      to.a = {word(m.a, row), word(m.a, row + 8 * line), word(m.a, row + 16), word(m.a, row + 8 * line + 16)};
      to.b = {word(m.b, column), word(m.b, column + 16)};
      const std::size_t scale_row = tile * 16 + ((group + thread % 2 * 8) ^ (thread / 2 ^ named.thread_a));
      const std::size_t scale_column = tile * 8 + (group ^ thread ^ named.thread_b);
      if (m.kind == Kind::nvfp4) {
        to.scales_a = word(m.scale_a, scale_row * 8 + 4 * step);
        to.scales_b = word(m.scale_b, scale_column * 8 + 4 * step);
      } else {
        to.scales_a = word(m.scale_a, scale_row * 4);
        const std::uint32_t scales = word(m.scale_b, scale_column * 4);
        to.scales_b = m.kind == Kind::mxfp4 ? scales << 16 | scales >> 16 : reversed(scales);
      }
    }
  }

  void run_warp(const Memory& m, std::uint32_t tile, std::vector<float>& d) const {
    Warp warp;
    const auto place = [&](std::size_t lane, std::size_t i) {
      return (tile * 16 + lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2;
    };
    for (std::size_t lane = 0; lane < warp.size(); ++lane)
      for (std::size_t i = 0; i < 4; ++i)
        warp[lane].d[i] = warp[lane].c[i] = is(F::c_ignored) ? 0 : m.c[place(lane, i)];
    Warp first;
    for (unsigned step = 0; step < steps(m.kind); ++step) {
      const Named named = selectors(m, tile, step);
      load(m, tile, step, named, warp);
      if (step == 0) first = warp;
      if (is(F::first_step_only) && step > 0) break;
      for (std::size_t lane = 0; lane < warp.size(); ++lane) {
        if (is(F::stale_accumulator)) warp[lane].d = warp[lane].c;
        if (is(F::scales_of_the_first_step)) {
          warp[lane].scales_a = first[lane].scales_a;
          warp[lane].scales_b = first[lane].scales_b;
        }
      }
      multiply(m, named, warp);
    }
    for (std::size_t lane = 0; lane < warp.size(); ++lane)
      for (std::size_t i = 0; i < 4; ++i) {
        std::size_t from = i;
        if (is(F::columns_of_d_exchanged)) from ^= 1;
        if (is(F::rows_of_d_exchanged)) from ^= 2;
        d[place(lane, i)] = warp[lane].d[from];
      }
  }

  // --- The instruction: fragments and selectors of the manual.

  double element(const Memory& m, std::uint32_t reg, std::size_t slot, bool of_a) const {
    if (m.kind != Kind::bytes) {
      if (of_a && is(F::nibbles_of_a_exchanged)) slot ^= 1;
      return e2m1_[reg >> 4 * slot & 15u];
    }
    const std::uint32_t byte = reg >> 8 * slot & 255u;
    if (of_a && m.e4m3_a) return e4m3_[byte];
    return e2m1_[is(F::container_not_shifted) ? byte & 15u : byte >> 2 & 15u];
  }

  /// Element k of row `row` of A: in register a[row / 8 + 2 * (upper half of k)].
  double a_at(const Memory& m, const Warp& warp, std::size_t row, std::size_t k, std::size_t k_step) const {
    const std::size_t in_register = k_step / 8, half = k / (k_step / 2), within = k % (k_step / 2);
    const std::size_t lane = row % 8 * 4 + within / in_register;
    std::size_t reg = row / 8 + 2 * half;
    if (is(F::rows_of_a_exchanged)) reg ^= 1;
    if (is(F::registers_of_a_transposed)) reg = reg % 2 * 2 + reg / 2;
    return element(m, warp[lane].a[reg], within % in_register, true);
  }

  double b_at(const Memory& m, const Warp& warp, std::size_t column, std::size_t k, std::size_t k_step) const {
    const std::size_t in_register = k_step / 8, half = k / (k_step / 2), within = k % (k_step / 2);
    const std::size_t lane = column * 4 + within / in_register;
    return element(m, warp[lane].b[is(F::registers_of_b_exchanged) ? 1 - half : half], within % in_register, false);
  }

  /// Which byte of the named word scales block `block` of the step.
  unsigned byte_of(const Memory& m, unsigned byte_id, std::size_t block) const {
    const unsigned blocks = m.kind == Kind::nvfp4 ? 4 : m.kind == Kind::mxfp4 ? 2 : 1;
    auto within = static_cast<unsigned>(block);
    if (is(F::bytes_of_scales_reversed)) within = blocks - 1 - within;
    if (is(F::one_scale_for_all)) within = 0;
    return (is(F::byte_ids_ignored) ? 0 : byte_id) + within;
  }

  double scale_a(const Memory& m, const Warp& warp, const Named& named, std::size_t row, std::size_t block) const {
    if (is(F::scale_of_a_ignored)) return 1;
    const std::size_t thread = is(F::thread_id_a_ignored) ? 0 : 2 * named.thread_a;
    const std::size_t upper = is(F::rows_of_scales_exchanged) ? 1 - row / 8 : row / 8;
    const unsigned byte = byte_of(m, is(F::byte_ids_exchanged) ? named.byte_b : named.byte_a, block);
    return scales(m)[warp[row % 8 * 4 + thread + upper].scales_a >> 8 * byte & 255u];
  }

  double scale_b(const Memory& m, const Warp& warp, const Named& named, std::size_t column, std::size_t block) const {
    if (is(F::scale_of_b_ignored)) return 1;
    const std::size_t thread = is(F::thread_id_b_ignored) ? 0 : named.thread_b;
    const unsigned byte = byte_of(m, is(F::byte_ids_exchanged) ? named.byte_a : named.byte_b, block);
    return scales(m)[warp[column * 4 + thread].scales_b >> 8 * byte & 255u];
  }

  void multiply(const Memory& m, const Named& named, Warp& warp) const {
    const std::size_t k_step = m.kind == Kind::bytes ? 32 : 64;
    const std::size_t block = m.kind == Kind::nvfp4 ? 16 : 32;
    const std::size_t summed = m.kind == Kind::bytes ? 1 : 16;  // products that are summed exactly
    Warp result = warp;
    for (std::size_t lane = 0; lane < warp.size(); ++lane)
      for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
        std::vector<double> terms = {warp[lane].d[i]};
        for (std::size_t k = 0; k < k_step; k += summed) {
          double sum = 0;
          for (std::size_t j = k; j < k + summed; ++j)
            sum += a_at(m, warp, row, j, k_step) * b_at(m, warp, column, j, k_step);
          terms.push_back(sum * scale_a(m, warp, named, row, k / block) * scale_b(m, warp, named, column, k / block));
        }
        result[lane].d[i] = truncated_sum(terms, m.kind == Kind::bytes ? 25 : 35);
      }
    warp = result;
  }

  float truncated_sum(const std::vector<double>& terms, int bits) const {
    double largest = 0, sum = 0;
    for (const double term : terms) largest = std::max(largest, std::fabs(term));
    if (largest == 0) return 0;
    const double grid = std::ldexp(1.0, std::ilogb(largest) - bits);
    for (const double term : terms) sum += std::trunc(term / grid) * grid;
    if (sum == 0) return 0;
    const double kept = std::ldexp(1.0, std::ilogb(sum) - (is(F::rounded_to_float16) ? 10 : 23));
    return static_cast<float>(std::trunc(sum / kept) * kept);
  }

  // --- Number formats: (1 + fraction) 2^(exponent - bias), without the 1 where the exponent field is 0.

  static double minifloat(std::uint32_t exponent, std::uint32_t fraction, int fraction_bits, int bias) {
    const double significand = std::ldexp(fraction, -fraction_bits) + (exponent == 0 ? 0 : 1);
    return std::ldexp(significand, static_cast<int>(std::max(exponent, 1u)) - bias);
  }

  double signed_value(bool negative, double magnitude) const {
    return negative && !is(F::sign_ignored) ? -magnitude : magnitude;
  }

  double e2m1(std::uint32_t code) const {
    if (is(F::subnormal_element_is_zero) && (code & 7u) == 1) return 0;
    return signed_value(code >> 3 != 0, minifloat(code >> 1 & 3u, code & 1u, 1, 1));
  }

  double e4m3(std::uint32_t code) const {
    return signed_value(code >> 7 != 0, minifloat(code >> 3 & 15u, code & 7u, 3, 7));
  }

  double ue8m0(std::uint32_t byte) const {
    return is(F::scale_exponent_ignored) ? 1 : std::ldexp(1.0, static_cast<int>(byte) - 127);
  }

  double ue4m3(std::uint32_t byte) const {
    const std::uint32_t exponent = byte >> 3 & 15u, fraction = byte & 7u;
    if (is(F::subnormal_scale_is_zero) && exponent == 0) return 0;
    if (is(F::scale_exponent_ignored)) return minifloat(7, fraction, 3, 7);
    return minifloat(exponent, is(F::scale_fraction_ignored) ? 0 : fraction, 3, 7);
  }

  const std::array<double, 256>& scales(const Memory& m) const {
    return (m.kind == Kind::nvfp4) != is(F::scale_format_exchanged) ? ue4m3_ : ue8m0_;
  }

  MmaFp4Fault fault_;
  std::array<double, 16> e2m1_{};
  std::array<double, 256> e4m3_{}, ue4m3_{}, ue8m0_{};
};

}  // namespace assay::probes
