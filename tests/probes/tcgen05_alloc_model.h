// The kernel of tcgen05.alloc done again on the CPU: an allocator, one warp that takes and gives, and 128 threads that
// look, from the bytes of a case's inputs. It shares no code with the probe. Two right allocators show that the answers
// do not depend on which columns are handed out; each fault is one that the answers must show.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tests/probes/probe_parts.h"

namespace assay::probes::tcgen05_alloc_model {

enum class Fault {
  none,
  none_from_the_top,      ///< No fault either: the highest columns are handed out first.
  address_not_written,    ///< The destination word keeps what it held.
  address_in_next_slot,   ///< The word beside it is written.
  lane_not_zero,          ///< The address names lane 32.
  always_column_zero,     ///< Pieces overlap.
  half_is_taken,          ///< A later piece may start in the second half of an earlier one.
  one_column_late,        ///< The address is that of the second column, so the last piece ends behind the last column.
  nothing_is_given_back,  ///< A later allocation waits for ever, and nothing more comes out.
  one_warp_does_not_look,
};

inline constexpr std::array kFaults = {Fault::address_not_written,   Fault::address_in_next_slot,
                                       Fault::lane_not_zero,         Fault::always_column_zero,
                                       Fault::half_is_taken,         Fault::one_column_late,
                                       Fault::nothing_is_given_back, Fault::one_warp_does_not_look};

inline constexpr std::uint32_t kAllColumns = 512;

class Allocator {
 public:
  explicit Allocator(Fault fault) : fault_(fault) {}

  /// The first column, or nothing while there is no room.
  std::optional<std::uint32_t> allocate(std::uint32_t columns) {
    if (fault_ == Fault::always_column_zero) return 0;
    const std::uint32_t taken = fault_ == Fault::half_is_taken ? columns / 2 : columns;
    for (std::uint32_t i = 0; i < kAllColumns / columns; ++i) {
      const bool from_top = fault_ == Fault::none_from_the_top;
      const std::uint32_t start = from_top ? kAllColumns - (i + 1) * columns : i * columns;
      if (!is_free(start, taken)) continue;
      set(start, taken, true);
      return fault_ == Fault::one_column_late ? start + 1 : start;
    }
    return std::nullopt;
  }

  void deallocate(std::uint32_t start, std::uint32_t columns) {
    if (fault_ == Fault::nothing_is_given_back) return;
    set(fault_ == Fault::one_column_late ? start - 1 : start, columns, false);
  }

 private:
  bool is_free(std::uint32_t start, std::uint32_t columns) const {
    for (std::uint32_t i = 0; i < columns; ++i)
      if (taken_[start + i]) return false;
    return true;
  }
  void set(std::uint32_t start, std::uint32_t columns, bool value) {
    for (std::uint32_t i = 0; i < columns && start + i < kAllColumns; ++i) taken_[start + i] = value;
  }

  Fault fault_;
  std::bitset<kAllColumns> taken_;
};

/// One CTA; `plan`, `mix` and `out` are its own.
class Cta {
 public:
  Cta(Fault fault, std::uint32_t poison) : fault_(fault), poison_(poison), allocator_(fault) { address_.fill(poison); }

  /// False if an allocation waits for ever.
  bool round(std::span<const std::uint32_t> plan, std::span<const std::uint32_t> mix, std::span<std::uint32_t> out) {
    for (std::uint32_t slot = 0; slot < 4; ++slot)
      if (plan[slot] != 0 && !allocate(slot, plan[slot])) return false;
    look(plan.subspan(4, 4), mix, out);
    for (std::uint32_t slot = 0; slot < 4; ++slot)
      if (plan[8 + slot] != 0) allocator_.deallocate(address_[slot] & 0xffff, plan[8 + slot]);
    return true;
  }

 private:
  bool allocate(std::uint32_t slot, std::uint32_t columns) {
    address_[slot] = poison_;
    const auto start = allocator_.allocate(columns);
    if (!start) return false;
    const std::uint32_t lane = fault_ == Fault::lane_not_zero ? 32u << 16 : 0;
    const std::uint32_t to = fault_ == Fault::address_in_next_slot ? (slot + 1) % 4 : slot;
    if (fault_ != Fault::address_not_written) address_[to] = lane | *start;
    return true;
  }

  void look(std::span<const std::uint32_t> held, std::span<const std::uint32_t> mix, std::span<std::uint32_t> out) {
    std::uint32_t once = 0, often = 0;
    for (std::uint32_t thread = 0; thread < 128; ++thread) {
      if (fault_ == Fault::one_warp_does_not_look && thread / 32 == 2) continue;
      for (std::uint32_t column = thread; column < kAllColumns; column += 128) {
        const std::uint32_t pieces = pieces_over(column, held);
        once += pieces == 1;
        often += pieces > 1;
      }
    }
    for (std::uint32_t warp = 0; warp < 4; ++warp) out[warp] = mix[warp] ^ (held[warp] == 0 ? 0 : address_[warp] >> 16);
    out[4] = mix[4] ^ once;
    out[5] = mix[5] ^ often;
  }

  std::uint32_t pieces_over(std::uint32_t column, std::span<const std::uint32_t> held) const {
    std::uint32_t pieces = 0;
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
      const std::uint32_t start = address_[slot] & 0xffff;
      pieces += column >= start && column < start + held[slot];
    }
    return pieces;
  }

  Fault fault_;
  std::uint32_t poison_;
  Allocator allocator_;
  std::array<std::uint32_t, 4> address_{};
};

/// The bytes of `out`; what never comes out is 0.
inline std::vector<std::byte> run(const gate::Case& launch_case, Fault fault) {
  const auto plan = words_of(part<gate::Input>(launch_case, "plan").bytes);
  const auto mix = words_of(part<gate::Input>(launch_case, "mix").bytes);
  const std::uint32_t rounds = scalar_of(launch_case, "rounds");
  std::vector<std::uint32_t> out(mix.size());
  for (std::size_t first = 0; first < out.size() / 6; first += rounds) {
    Cta cta(fault, scalar_of(launch_case, "poison"));
    for (std::size_t row = first; row < first + rounds; ++row)
      if (!cta.round(std::span(plan).subspan(12 * row, 12), std::span(mix).subspan(6 * row, 6),
                     std::span(out).subspan(6 * row, 6)))
        break;
  }
  return gate::bytes_of(out);
}

}  // namespace assay::probes::tcgen05_alloc_model
