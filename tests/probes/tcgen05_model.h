// A model of tcgen05 on the CPU: shared memory, tensor memory and the instructions that the probes use, written from
// the manual's formulas and independent of the probes' own layout code.
//
// It decodes the descriptors that a case passes and computes every address from their fields; a descriptor that is not
// what the manual allows, or a step outside what was allocated, is Undefined, never guessed. A Fault is one thing that
// a device, or a kernel, could do wrong: the models of the gates run with each, and the comparison must refuse the
// outcome. The arithmetic is one reading among those that the manual leaves open: each step's sum without rounding,
// then toward zero to float32.
//
// Sources: PTX ISA 9.7.16.2.3 (shapes of ld, st), .3 and .4 (descriptors), .9.2 (cp), .10.5 (layouts), .10.7 (scales).
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace assay::probes::tcgen05 {

enum class Fault {
  none,
  // What a device or a kernel could do wrong with any kind.
  accumulator_not_read,     // enable-input-d taken as false
  accumulator_always_read,  // enable-input-d taken as true
  last_step_missing,
  step_not_advanced,  // each step reads the first one's operands
  leading_and_stride_swapped,
  swizzle_ignored,
  swizzle_off_by_a_bit,
  neighbouring_rows_swapped,
  sign_of_b_ignored,
  column_of_d_off_by_one,
  quarters_of_lanes_swapped,  // in what is given back
  registers_reversed,         // of each load
  window_shifted,             // each load one column late
  // kind::f16
  halves_of_word_swapped,  // of A; of both operands it would change nothing
  significand_cut,         // to eight bits, as bfloat16 has
  // CTA pairs
  odd_cta_idle,  // its operands are taken from the even CTA
  halves_of_b_exchanged,
  halves_of_d_exchanged,
  layouts_a_and_b_exchanged,
  // kind::mxf4nvf4
  nibbles_swapped,
  scale_bytes_reversed,
  scale_of_first_block_for_all,
  scale_exponent_ignored,
  scale_significand_ignored,
  subnormal_scales_flushed,
  scales_as_ue8m0,
  scale_rows_off_by_32,
  second_tile_of_b_missing,
  scales_of_first_step_for_all,
  scales_exchanged,       // A's for B and the reverse
  one_quarter_of_scales,  // the copy reaches only lanes 0..31
};

/// The manual does not say what would happen, or says that it must not be.
struct Undefined : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& rule) {
  if (!holds) throw Undefined(rule);
}

constexpr std::uint32_t kLanes = 128, kColumns = 512, kWarp = 32;

/// The shared memory of a CTA; address 0 is its first byte.
struct SharedMemory {
  std::vector<std::byte> bytes;

  std::byte at(std::uint32_t address) const {
    require(address < bytes.size(), "read outside shared memory");
    return bytes[address];
  }
};

/// Address = lane << 16 | column. Cells that nobody wrote are NaN.
class TensorMemory {
 public:
  void allocate(std::uint32_t columns) {
    require(std::has_single_bit(columns) && columns >= 32 && columns <= kColumns, "columns to allocate");
    columns_ = columns;
    cells_.assign(std::size_t{kLanes} * columns, 0x7fc00000u);
  }
  std::uint32_t columns() const { return columns_; }
  std::uint32_t& cell(std::uint32_t lane, std::uint32_t column) {
    require(lane < kLanes && column < columns_, "outside the allocated columns");
    return cells_[std::size_t{lane} * columns_ + column];
  }

 private:
  std::uint32_t columns_ = 0;
  std::vector<std::uint32_t> cells_;
};

struct Cta {
  SharedMemory shared;
  TensorMemory memory;
};

/// tcgen05.ld/st .32x32b: register `index` of a lane of a warp. The address names the warp's own quarter.
inline std::uint32_t& register_cell(TensorMemory& memory, std::uint32_t address, std::uint32_t warp, std::uint32_t lane,
                                    std::uint32_t index) {
  require(address >> 16 == kWarp * warp, "a warp reaches only its own quarter of the lanes");
  return memory.cell((address >> 16) + lane, (address & 0xffff) + index);
}

/// A kernel's last loop: 128 threads give back all columns, sixteen registers a load.
inline std::vector<std::uint32_t> given_back(TensorMemory& memory, Fault fault) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t thread = 0; thread < kLanes; ++thread)
    for (std::uint32_t at = 0; at < memory.columns(); at += 16)
      for (std::uint32_t index = 0; index < 16; ++index) {
        std::uint32_t warp = thread / kWarp, from = at, which = index;
        if (fault == Fault::quarters_of_lanes_swapped) warp ^= 1;
        if (fault == Fault::registers_reversed) which = 15 - index;
        if (fault == Fault::window_shifted) from = (at + 1) % (memory.columns() - 15);
        out.push_back(register_cell(memory, kWarp * warp << 16 | from, warp, thread % kWarp, which));
      }
  return out;
}

/// A kernel's first loop over tensor memory, the inverse.
inline void fill(TensorMemory& memory, std::span<const std::uint32_t> words) {
  for (std::uint32_t thread = 0; thread < kLanes; ++thread)
    for (std::uint32_t column = 0; column < memory.columns(); ++column)
      register_cell(memory, kWarp * (thread / kWarp) << 16 | column, thread / kWarp, thread % kWarp, 0) =
          words[std::size_t{thread} * memory.columns() + column];
}

/// A kernel's copy of an image to shared memory: 128 threads, 16 bytes each, round after round.
inline void place(SharedMemory& shared, std::uint32_t at, std::span<const std::byte> image, std::uint32_t bytes) {
  for (std::uint32_t thread = 0; thread < kLanes; ++thread)
    for (std::uint32_t from = 16 * thread; from < bytes; from += 16 * kLanes)
      std::memcpy(shared.bytes.data() + at + from, image.subspan(from, 16).data(), 16);
}

struct SharedDescriptor {
  std::uint32_t start, leading, stride, line;
};

inline SharedDescriptor decode_shared(std::uint64_t bits) {
  const auto offset = [&](int low) { return static_cast<std::uint32_t>(bits >> low & 0x3fff) * 16; };
  require((bits >> 46 & 7) == 1, "bits 48:46 are 0b001");
  require((bits >> 49 & 7) == 0, "base offset without need");
  require((bits >> 52 & 1) == 0, "absolute leading dimension");
  require((bits >> 53 & 0xff) == 0, "bits 60:53 are 0");
  require((bits >> 14 & 3) == 0 && (bits >> 30 & 3) == 0, "reserved bits are 0");
  std::uint32_t line = 0;
  switch (bits >> 61) {
    case 0:
      line = 16;
      break;
    case 2:
      line = 128;
      break;
    case 4:
      line = 64;
      break;
    case 6:
      line = 32;
      break;
    default:
      throw Undefined("swizzle mode");
  }
  return {offset(0), offset(16), offset(32), line};
}

/// Byte `k` along K of a row of a K-major operand.
inline std::uint32_t operand_address(SharedDescriptor d, std::uint32_t row, std::uint32_t k, Fault fault) {
  if (fault == Fault::leading_and_stride_swapped) std::swap(d.leading, d.stride);
  if (fault == Fault::neighbouring_rows_swapped) row ^= 1;
  if (d.line == 16) return d.start + row / 8 * d.stride + k / 16 * d.leading + row % 8 * 16 + k % 16;
  const std::uint32_t address = d.start + row / 8 * d.stride + row % 8 * d.line + k;
  if (fault == Fault::swizzle_ignored) return address;
  const std::uint32_t from = fault == Fault::swizzle_off_by_a_bit ? 8 : 7;
  return address ^ (address >> from & (d.line / 16 - 1)) << 4;
}

/// The 32 bytes along K that one instruction takes of each row; the CTAs of a pair hold half the rows each.
inline std::vector<std::uint8_t> fetch(std::span<const Cta> group, std::uint64_t descriptor, std::uint32_t rows,
                                       Fault fault) {
  const SharedDescriptor decoded = decode_shared(descriptor);
  const auto ctas = static_cast<std::uint32_t>(group.size());
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t row = 0; row < rows; ++row)
    for (std::uint32_t k = 0; k < 32; ++k) {
      const std::uint32_t cta = fault == Fault::odd_cta_idle ? 0 : row / (rows / ctas);
      const std::uint32_t address = operand_address(decoded, row % (rows / ctas), k, fault);
      bytes.push_back(static_cast<std::uint8_t>(group[cta].shared.at(address)));
    }
  return bytes;
}

struct Instruction {
  std::uint32_t m, n;
  bool negate_a, negate_b;
};

inline Instruction decode_shape(std::uint32_t bits, std::size_t ctas) {
  const Instruction decoded{.m = (bits >> 24 & 31) * 16,
                            .n = (bits >> 17 & 63) * 8,
                            .negate_a = (bits >> 13 & 1) != 0,
                            .negate_b = (bits >> 14 & 1) != 0};
  require(decoded.m == 128 || (ctas == 2 && decoded.m == 256), "M");
  require(decoded.n >= 8 * ctas && decoded.n <= 256 && decoded.n % (8 * ctas) == 0, "N");
  require((bits & 7) == 0, "dense");
  require((bits >> 3 & 1) == 0 && (bits >> 6 & 1) == 0, "reserved bits are 0");
  require((bits >> 15 & 3) == 0, "K-major");
  return decoded;
}

/// A multiplicand as numbers, rows x k.
struct Numbers {
  std::uint32_t rows = 0, k = 0;
  std::vector<double> values;
};

inline float toward_zero(double value) {
  const auto nearest = static_cast<float>(value);
  return std::fabs(static_cast<double>(nearest)) > std::fabs(value) ? std::nextafterf(nearest, 0.0f) : nearest;
}

struct Cell {
  std::uint32_t cta, lane, column;
};

/// Layout D (one CTA), A (a pair, M = 256) or B (a pair, M = 128).
inline Cell accumulator_cell(std::uint32_t ctas, std::uint32_t m, std::uint32_t n, std::uint32_t row,
                             std::uint32_t column, Fault fault) {
  if (fault == Fault::halves_of_d_exchanged) row = (row + m / 2) % m;
  const bool split = (ctas == 2 && m == 128) != (fault == Fault::layouts_a_and_b_exchanged);
  if (ctas == 1) return {0, row, column};
  if (split) return {row / (m / 2), row % 64 + 64 * (column / (n / 2)), column % (n / 2)};
  return {row / (m / 2), row % (m / 2), column};
}

/// D = A B^T, or D + A B^T, one step; dot(row, column) is an element of the product.
template <class Dot>
void accumulate(std::span<Cta> group, std::uint32_t address, const Instruction& shape, bool enable_input_d, Fault fault,
                Dot dot) {
  require(address >> 16 == 0, "D begins in lane 0");
  if (fault == Fault::accumulator_not_read) enable_input_d = false;
  if (fault == Fault::accumulator_always_read) enable_input_d = true;
  for (std::uint32_t row = 0; row < shape.m; ++row)
    for (std::uint32_t column = 0; column < shape.n; ++column) {
      const Cell at = accumulator_cell(static_cast<std::uint32_t>(group.size()), shape.m, shape.n, row, column, fault);
      const std::uint32_t off = fault == Fault::column_of_d_off_by_one ? 1 : 0;
      std::uint32_t& cell = group[at.cta].memory.cell(at.lane, (address & 0xffff) + at.column + off);
      const double sum = (enable_input_d ? std::bit_cast<float>(cell) : 0.0) + dot(row, column);
      cell = std::bit_cast<std::uint32_t>(toward_zero(sum));
    }
}

inline double dot_product(const Numbers& a, std::uint32_t row, const Numbers& b, std::uint32_t b_row) {
  double sum = 0;
  for (std::uint32_t k = 0; k < a.k; ++k)
    sum += a.values[std::size_t{row} * a.k + k] * b.values[std::size_t{b_row} * b.k + k];
  return sum;
}

inline double half_value(std::uint32_t code) {
  const std::uint32_t exponent = code >> 10 & 31, fraction = code & 1023;
  require(exponent != 31, "an infinity or NaN");
  const double magnitude = exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * std::exp2(exponent - 25.0);
  return code >> 15 != 0 ? -magnitude : magnitude;
}

inline double bfloat_value(std::uint32_t code) { return std::bit_cast<float>(code << 16); }

/// Two bytes an element, the first the low one.
inline Numbers halves(const std::vector<std::uint8_t>& bytes, bool bfloat, bool negate, Fault fault) {
  Numbers numbers{static_cast<std::uint32_t>(bytes.size() / 32), 16, {}};
  for (std::size_t i = 0; i < bytes.size() / 2; ++i) {
    const std::size_t at = fault == Fault::halves_of_word_swapped ? i ^ 1 : i;
    std::uint32_t code = bytes[2 * at] | std::uint32_t{bytes[2 * at + 1]} << 8;
    if (fault == Fault::significand_cut) code &= ~7u;
    const double value = bfloat ? bfloat_value(code) : half_value(code);
    numbers.values.push_back(negate ? -value : value);
  }
  return numbers;
}

inline Numbers magnitudes(Numbers numbers) {
  for (double& value : numbers.values) value = std::fabs(value);
  return numbers;
}

/// tcgen05.mma kind::f16 by one CTA or by a pair.
inline void mma_f16(std::span<Cta> group, std::uint32_t address, std::uint64_t descriptor_a, std::uint64_t descriptor_b,
                    std::uint32_t instruction, bool enable_input_d, Fault fault) {
  const Instruction shape = decode_shape(instruction, group.size());
  const std::uint32_t type_a = instruction >> 7 & 7, type_b = instruction >> 10 & 7;
  require((instruction >> 4 & 3) == 1, "D is float32");
  require(type_a < 2 && type_b < 2, "types of A and B");
  require((instruction >> 23 & 1) == 0 && instruction >> 29 == 0, "reserved bits are 0");
  const Numbers a = halves(fetch(group, descriptor_a, shape.m, fault), type_a == 1, shape.negate_a, fault);
  const Fault of_b = fault == Fault::halves_of_word_swapped ? Fault::none : fault;
  const Numbers b = halves(fetch(group, descriptor_b, shape.n, fault), type_b == 1, shape.negate_b, of_b);
  const Numbers b_read = fault == Fault::sign_of_b_ignored ? magnitudes(b) : b;
  const std::uint32_t turn = fault == Fault::halves_of_b_exchanged ? shape.n / 2 : 0;
  accumulate(group, address, shape, enable_input_d, fault, [&](std::uint32_t row, std::uint32_t column) {
    return dot_product(a, row, b_read, (column + turn) % shape.n);
  });
}

/// tcgen05.cp.cta_group::1.32x128b.warpx4: 32 rows of 16 bytes to four columns, in all quarters of the lanes.
inline void copy_tile(Cta& cta, std::uint32_t address, std::uint64_t descriptor, Fault fault) {
  const SharedDescriptor source = decode_shared(descriptor);
  require(source.line == 16, "this model copies from unswizzled tiles only");
  require(address >> 16 == 0, "a copy begins in lane 0");
  for (std::uint32_t quarter = 0; quarter < (fault == Fault::one_quarter_of_scales ? 1 : 4); ++quarter)
    for (std::uint32_t row = 0; row < kWarp; ++row)
      for (std::uint32_t byte = 0; byte < 16; ++byte) {
        const auto value =
            static_cast<std::uint32_t>(cta.shared.at(source.start + row / 8 * source.stride + row % 8 * 16 + byte));
        std::uint32_t& cell = cta.memory.cell(kWarp * quarter + row, address + byte / 4);
        cell = (cell & ~(0xffu << 8 * (byte % 4))) | value << 8 * (byte % 4);
      }
}

/// Two codes a byte, the one of even k low.
inline Numbers nibbles(const std::vector<std::uint8_t>& bytes, bool negate, Fault fault) {
  constexpr double kMagnitudes[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  Numbers numbers{static_cast<std::uint32_t>(bytes.size() / 32), 64, {}};
  for (std::size_t i = 0; i < 2 * bytes.size(); ++i) {
    const std::size_t at = fault == Fault::nibbles_swapped ? i ^ 1 : i;
    const unsigned code = bytes[at / 2] >> 4 * (at % 2) & 15u;
    const bool negative = (code >> 3 != 0) != negate;
    numbers.values.push_back(negative ? -kMagnitudes[code & 7] : kMagnitudes[code & 7]);
  }
  return numbers;
}

inline double scale_value(std::uint32_t code, bool ue8m0, Fault fault) {
  if (ue8m0 || fault == Fault::scales_as_ue8m0) return std::exp2(static_cast<double>(code) - 127);
  const std::uint32_t exponent = code >> 3 & 15, fraction = code & 7;
  require((code & 0x7f) != 0x7f, "a NaN scale");
  if (exponent == 0) return fault == Fault::subnormal_scales_flushed ? 0 : fraction * 0x1p-9;
  if (fault == Fault::scale_exponent_ignored) return (8 + fraction) / 8.0;
  if (fault == Fault::scale_significand_ignored) return std::exp2(exponent - 7.0);
  return (8 + fraction) * std::exp2(exponent - 10.0);
}

/// Numbers times the scales that lie at an address, read from one quarter of the lanes.
inline Numbers scaled(Numbers numbers, Cta& cta, std::uint32_t address, std::uint32_t quarter, bool ue8m0,
                      Fault fault) {
  require(address >> 16 == 0, "scales begin in lane 0, and their id is 0");
  for (std::uint32_t row = 0; row < numbers.rows; ++row) {
    std::uint32_t column = row / kWarp;
    if (fault == Fault::scale_rows_off_by_32) column ^= 1;
    if (fault == Fault::second_tile_of_b_missing) column %= 4;
    const std::uint32_t word = cta.memory.cell(row % kWarp + kWarp * quarter, address + column);
    for (std::uint32_t k = 0; k < 64; ++k) {
      std::uint32_t byte = k / 16;
      if (fault == Fault::scale_bytes_reversed) byte = 3 - byte;
      if (fault == Fault::scale_of_first_block_for_all) byte = 0;
      numbers.values[std::size_t{row} * 64 + k] *= scale_value(word >> 8 * byte & 255, ue8m0, fault);
    }
  }
  return numbers;
}

/// tcgen05.mma kind::mxf4nvf4.block_scale.block16 by one CTA. Row m of D takes the copies of the scales in its own
/// quarter of the lanes.
inline void mma_mxf4nvf4(Cta& cta, std::uint32_t address, std::uint64_t descriptor_a, std::uint64_t descriptor_b,
                         std::uint32_t instruction, std::uint32_t scale_a, std::uint32_t scale_b, bool enable_input_d,
                         Fault fault) {
  const std::span<Cta> group(&cta, 1);
  const Instruction shape = decode_shape(instruction, 1);
  require((instruction >> 4 & 3) == 0 && (instruction >> 29 & 3) == 0, "with block16 the scales' ids are 0");
  require((instruction >> 7 & 7) == 1 && (instruction >> 10 & 3) == 1, "A and B are E2M1");
  require((instruction >> 12 & 1) == 0, "reserved bits are 0");
  require(instruction >> 31 == 0, "K is 64");
  const bool ue8m0 = (instruction >> 23 & 1) != 0;
  if (fault == Fault::scales_exchanged) std::swap(scale_a, scale_b);
  const Fault of_b = fault == Fault::nibbles_swapped ? Fault::none : fault;
  const Numbers a_codes = nibbles(fetch(group, descriptor_a, shape.m, fault), shape.negate_a, fault);
  Numbers b_codes = nibbles(fetch(group, descriptor_b, shape.n, fault), shape.negate_b, of_b);
  if (fault == Fault::sign_of_b_ignored) b_codes = magnitudes(b_codes);
  std::array<Numbers, 4> a, b;
  for (std::uint32_t quarter = 0; quarter < 4; ++quarter) {
    a[quarter] = scaled(a_codes, cta, scale_a, quarter, ue8m0, fault);
    b[quarter] = scaled(b_codes, cta, scale_b, quarter, ue8m0, fault);
  }
  accumulate(group, address, shape, enable_input_d, fault, [&](std::uint32_t row, std::uint32_t column) {
    return dot_product(a[row / kWarp], row, b[row / kWarp], column);
  });
}

}  // namespace assay::probes::tcgen05
