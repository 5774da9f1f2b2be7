// The kernel of tcgen05.ld done again on the CPU, from the bytes of a case's inputs: tensor memory as [128][512] words,
// the registers of 128 threads, and copies by the descriptor's own bits, byte by byte.
//
// It goes the other way round than the probe's oracle: for each cell of an instruction's block it asks which thread and
// register hold it. Each fault is one that the answers must show.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "harness/gate/probe.h"
#include "tests/probes/probe_parts.h"

namespace assay::probes::tcgen05_ld_model {

enum class Fault {
  none,
  load_keeps_registers,  ///< A load does nothing, or an echo answers.
  load_clears_the_rest,  ///< Registers behind those that are named are lost.
  load_one_column_off,
  load_ignores_count,         ///< Only .x1 is loaded.
  store_is_dropped,           ///< The first words stay.
  overwrite_is_dropped,       ///< What is written later does not arrive.
  store_reaches_next_column,  ///< One column too many is written.
  column_bit_5_lost,          ///< Columns 32 apart are the same; then 64, 128, 256.
  column_bit_6_lost,
  column_bit_7_lost,
  column_bit_8_lost,
  lane_half_ignored,          ///< Lane 16 of a quarter is taken for lane 0.
  quarters_swapped,           ///< Loads of warp w reach the lanes of warp w ^ 1.
  rows_swapped_16x64b,        ///< Odd threads and odd pairs of threads exchanged.
  registers_swapped_16x128b,  ///< Lanes + 8 in the upper half of the registers.
  pairs_swapped_16x256b,      ///< Lanes + 8 before columns + 1.
  copy_is_dropped,
  copy_reaches_one_quarter,  ///< warpx4 ignored.
  leading_and_stride_swapped,
  leading_ignored,
  start_ignored,
  rows_dense,      ///< Rows 32 bytes apart, as if there were no core matrices.
  words_reversed,  ///< The four words of a unit.
};

inline constexpr Fault kFirstFault = Fault::load_keeps_registers, kLastFault = Fault::words_reversed;

enum class Kind { load, store, copy };

/// What the kernel's branch table says of a form, and the block of cells that it moves.
struct Form {
  Kind kind;
  std::uint32_t shape_bits, lanes, columns;  // bits a lane of .x1; lanes and columns of the whole instruction
};

inline Form form_of(std::uint32_t number) {
  static const std::vector<Form> forms = [] {
    std::vector<Form> all;
    const auto add = [&all](Kind kind, std::uint32_t bits, std::uint32_t count) {
      all.push_back({kind, bits, bits == 32 ? 32u : 16u, bits / 32 * count});
    };
    for (const std::uint32_t bits : {32u, 64u, 128u, 256u}) {
      const std::uint32_t registers = bits == 32 ? 1 : bits / 64;
      for (std::uint32_t count = 1; count * registers <= 32; count *= 2) add(Kind::load, bits, count);
    }
    for (const auto& [bits, few, many] :
         {std::array{32u, 1u, 32u}, std::array{64u, 2u, 32u}, std::array{128u, 1u, 16u}, std::array{256u, 1u, 8u}}) {
      add(Kind::store, bits, few);
      add(Kind::store, bits, many);
    }
    all.push_back({Kind::copy, 128, 32, 4});
    all.push_back({Kind::copy, 128, 128, 4});
    all.push_back({Kind::copy, 256, 128, 8});
    return all;
  }();
  return forms.at(number);
}

struct Place {
  std::uint32_t thread, index;
};

/// Which thread of the warp holds a cell of the block in which of its registers.
inline Place holder(const Form& form, std::uint32_t lane, std::uint32_t column, Fault fault) {
  const std::uint32_t low = lane % 8, high = lane / 8;
  switch (form.shape_bits) {
    case 32:
      return {lane, column};
    case 64:
      if (fault == Fault::rows_swapped_16x64b) return {low * 4 + high * 2 + column % 2, column / 2};
      return {low * 4 + column % 2 * 2 + high, column / 2};
    case 128:
      if (fault == Fault::registers_swapped_16x128b)
        return {low * 4 + column % 4, high * (form.columns / 4) + column / 4};
      return {low * 4 + column % 4, column / 4 * 2 + high};
    default:
      if (fault == Fault::pairs_swapped_16x256b)
        return {low * 4 + column % 8 / 2, column / 8 * 4 + column % 2 * 2 + high};
      return {low * 4 + column % 8 / 2, column / 8 * 4 + high * 2 + column % 2};
  }
}

/// The fields of a shared-memory descriptor; throws where a fixed field is not as it must be.
struct Descriptor {
  std::uint64_t start, leading, stride;

  explicit Descriptor(std::uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4), stride((bits >> 32 & 0x3fff) << 4) {
    if ((bits >> 46 & 7) != 1) throw std::invalid_argument("descriptor bits 48:46 are not 0b001");
    if (bits >> 49 != 0) throw std::invalid_argument("descriptor has a base offset, a mode or a swizzle");
    if ((bits & 0xc000c000) != 0) throw std::invalid_argument("descriptor bits 15:14 or 31:30 are not 0");
  }
};

class Machine {
 public:
  Machine(const gate::Case& launch_case, Fault fault)
      : fault_(fault),
        data_(words_of(part<gate::Input>(launch_case, "data").bytes)),
        image_(part<gate::Input>(launch_case, "image").bytes),
        memory_(128 * 512 * 4) {}

  void step(std::span<const std::uint32_t> words) {
    const Form form = form_of(words[0] & 0xff);
    const std::uint32_t slot = words[0] >> 8, lane = words[1] >> 16, column = words[1] & 0xffff;
    if (column + form.columns > 512) throw std::out_of_range("columns");
    registers_.assign(data_.begin() + slot * 4096, data_.begin() + (slot + 1) * 4096);
    if (form.kind == Kind::copy) return copy(form, Descriptor(std::uint64_t{words[3]} << 32 | words[2]), column);
    if (lane + form.lanes > 32) throw std::out_of_range("lanes of another warp");
    if (form.kind == Kind::store) return store(form, lane, column);
    load(form, lane, column);
    if (words[2] != out_.size() / 4096 || words[3] != 0) throw std::out_of_range("slot of a load");
    out_.insert(out_.end(), registers_.begin(), registers_.end());
  }

  const std::vector<std::uint32_t>& out() const { return out_; }

 private:
  std::byte* cell(std::uint32_t lane, std::uint32_t column) {
    if (fault_ == Fault::column_bit_5_lost) column &= ~32u;
    if (fault_ == Fault::column_bit_6_lost) column &= ~64u;
    if (fault_ == Fault::column_bit_7_lost) column &= ~128u;
    if (fault_ == Fault::column_bit_8_lost) column &= ~256u;
    return &memory_.at((lane * 512 + column % 512) * 4);
  }

  /// visit(register word, lane, column) over the blocks of all four warps.
  template <class Visit>
  void for_each_cell(const Form& form, std::uint32_t lane, std::uint32_t column, Visit visit) {
    if (fault_ == Fault::lane_half_ignored) lane = 0;
    for (std::uint32_t warp = 0; warp < 4; ++warp)
      for (std::uint32_t l = 0; l < form.lanes; ++l)
        for (std::uint32_t c = 0; c < form.columns; ++c) {
          const Place place = holder(form, l, c, fault_);
          visit(registers_.at((warp * 32 + place.thread) * 32 + place.index), warp * 32 + lane + l, column + c);
        }
  }

  void store(const Form& form, std::uint32_t lane, std::uint32_t column) {
    ++stores_;
    if (fault_ == Fault::store_is_dropped || (fault_ == Fault::overwrite_is_dropped && stores_ > 2)) return;
    for_each_cell(form, lane, column, [&](std::uint32_t word, std::uint32_t l, std::uint32_t c) {
      std::memcpy(cell(l, c), &word, sizeof word);
      if (fault_ == Fault::store_reaches_next_column && c + 1 == column + form.columns)
        std::memcpy(cell(l, c + 1), &word, sizeof word);
    });
  }

  void load(const Form& form, std::uint32_t lane, std::uint32_t column) {
    if (fault_ == Fault::load_keeps_registers) return;
    const std::uint32_t first = fault_ == Fault::load_ignores_count ? column + form.shape_bits / 32 : 512;
    std::vector<bool> named(registers_.size());
    for_each_cell(form, lane, column, [&](std::uint32_t& word, std::uint32_t l, std::uint32_t c) {
      if (c >= first) return;
      const std::uint32_t from = fault_ == Fault::quarters_swapped ? l ^ 32 : l;
      std::memcpy(&word, cell(from, fault_ == Fault::load_one_column_off ? c + 1 : c), sizeof word);
      named[static_cast<std::size_t>(&word - registers_.data())] = true;
    });
    for (std::size_t i = 0; i < named.size(); ++i)
      if (fault_ == Fault::load_clears_the_rest && !named[i]) registers_[i] = 0;
  }

  void copy(const Form& form, Descriptor from, std::uint32_t column) {
    if (fault_ == Fault::copy_is_dropped) return;
    if (fault_ == Fault::leading_and_stride_swapped) std::swap(from.leading, from.stride);
    if (fault_ == Fault::leading_ignored) from.leading = 128;
    if (fault_ == Fault::start_ignored) from.start = 0;
    const std::uint32_t copies = fault_ == Fault::copy_reaches_one_quarter ? 1 : 128 / form.lanes;
    for (std::uint32_t row = 0; row < form.lanes; ++row)
      for (std::uint32_t byte = 0; byte < form.shape_bits / 8; ++byte)
        for (std::uint32_t i = 0; i < copies; ++i)
          cell(row + i * form.lanes, column + byte / 4)[byte % 4] = image_.at(source(from, row, byte) % image_.size());
  }

  /// Units of 16 bytes lie in matrices of 8 rows; `stride` leads to the next 8 rows, `leading` to the next 16 bytes.
  std::uint64_t source(const Descriptor& from, std::uint32_t row, std::uint32_t byte) const {
    const std::uint32_t in = fault_ == Fault::words_reversed ? byte ^ 12 : byte;
    if (fault_ == Fault::rows_dense) return from.start + row * 32 + byte;
    return from.start + (row >> 3) * from.stride + (byte >> 4) * from.leading + (row & 7) * 16 + (in & 15);
  }

  Fault fault_;
  std::vector<std::uint32_t> data_;
  std::vector<std::byte> image_, memory_;
  std::vector<std::uint32_t> registers_, out_;
  int stores_ = 0;
};

/// The bytes of `out`.
inline std::vector<std::byte> run(const gate::Case& launch_case, Fault fault) {
  const auto script = words_of(part<gate::Input>(launch_case, "script").bytes);
  Machine machine(launch_case, fault);
  for (std::size_t step = 0; step < scalar_of(launch_case, "steps"); ++step)
    machine.step(std::span(script).subspan(4 * step, 4));
  return gate::bytes_of(machine.out());
}

}  // namespace assay::probes::tcgen05_ld_model
