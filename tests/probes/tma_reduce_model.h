// The kernel of ptx/tma_reduce.ptx on the CPU, element by element of the tensor and on the bits of each, and what
// single faults would give. The oracle computes with integers; here floats are added as floats and 16-bit ones are
// widened and rounded back. Used by tests/probes/tma_reduce_test.cc.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/probes/tma_engine_model.h"

namespace assay::probes::model {

enum class ReduceFault {
  none,
  plain_store,           ///< The image replaces the elements.
  one_issue,             ///< Each CTA issues once, whatever it is told.
  second_cta_lost,       ///< Only the first CTA's image arrives.
  first_image_for_both,  ///< The second CTA takes the first one's image.
  saturating_add,        ///< Unsigned sums stop at the largest word.
  carry_between_halves,  ///< 16-bit elements are added as one word.
  signs_ignored,         ///< Signed words are compared as unsigned ones.
  words_signed,          ///< Unsigned words are compared as signed ones.
  bound_ignored,         ///< inc and dec never start anew.
  bound_is_exclusive,    ///< inc starts anew one step late.
  and_as_or,
  xor_as_or,
  min_as_max,
  swizzle_ignored,
  x_ignored,
  y_off_by_one,
  padding_touched,  ///< Elements past the end of a row are updated where they would lie.
};

/// Sign, exponent and fraction of a 16-bit float as the value that they stand for.
inline float widened(std::uint32_t code, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const auto exponent = static_cast<int>(code >> fraction_bits & ((1u << exponent_bits) - 1));
  const auto fraction = static_cast<float>(code & ((1u << fraction_bits) - 1));
  const float magnitude = exponent == 0
                              ? std::ldexp(fraction, 1 - bias - fraction_bits)
                              : std::ldexp(fraction + std::ldexp(1.0f, fraction_bits), exponent - bias - fraction_bits);
  return code & 0x8000 ? -magnitude : magnitude;
}

/// The code of a normal value; the fraction is cut, which changes nothing where the value is exact.
inline std::uint32_t narrowed(float value, int exponent_bits) {
  if (value == 0) return 0;
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  int exponent = 0;
  const float fraction = std::frexp(std::fabs(value), &exponent);  // in [0.5, 1)
  const auto significand = static_cast<std::uint32_t>(std::ldexp(fraction, fraction_bits + 1));
  const auto biased = static_cast<std::uint32_t>(exponent - 1 + bias);
  return (std::signbit(value) ? 0x8000u : 0u) | biased << fraction_bits | (significand & ((1u << fraction_bits) - 1));
}

class ReduceModel {
 public:
  ReduceModel(const gate::Case& launch_case, ReduceFault fault)
      : fault_(fault),
        map_(map_of(launch_case)),
        tensor_(part<gate::Input>(launch_case, "initial").bytes),
        images_(part<gate::Input>(launch_case, "images").bytes),
        operation_(scalar_of(launch_case, "operation")),
        x_(fault == ReduceFault::x_ignored ? 0 : scalar_of<std::int32_t>(launch_case, "x")),
        y_(scalar_of<std::int32_t>(launch_case, "y") + (fault == ReduceFault::y_off_by_one ? 1 : 0)),
        issues_(fault == ReduceFault::one_issue ? 1 : scalar_of(launch_case, "issues")),
        bytes_(scalar_of(launch_case, "bytes")),
        ctas_(launch_case.launch.grid.x),
        size_(size_of(map_.type)) {}

  /// The outputs in argument order.
  std::vector<Bytes> answer() const {
    Bytes tensor = tensor_;
    for (std::uint32_t at = 0; at < tensor.size(); at += size_) {
      const auto offset = box_offset(at);
      if (!offset) continue;
      std::uint32_t element = read(tensor, at);
      for (std::uint32_t cta = 0; cta < (fault_ == ReduceFault::second_cta_lost ? 1 : ctas_); ++cta)
        for (std::uint32_t issue = 0; issue < issues_; ++issue) element = updated(element, operand(cta, *offset));
      std::memcpy(tensor.data() + at, &element, size_);
    }
    return {tensor, status_words(ctas_)};
  }

 private:
  std::uint32_t read(const Bytes& bytes, std::size_t at) const {
    std::uint32_t element = 0;
    std::memcpy(&element, bytes.data() + at, size_);
    return element;
  }

  /// Where in the box an element of the tensor lies, before the swizzle.
  std::optional<std::uint32_t> box_offset(std::uint32_t at) const {
    const auto pitch = static_cast<std::uint32_t>(map_.strides[0]);
    const std::int64_t row = at / pitch, column = at % pitch / size_, i = column - x_, j = row - y_;
    const bool in_row = column < static_cast<std::int64_t>(map_.dims[0]) || fault_ == ReduceFault::padding_touched;
    const bool inside = in_row && row < static_cast<std::int64_t>(map_.dims[1]);
    if (!inside || i < 0 || j < 0 || i >= map_.box[0] || j >= map_.box[1]) return std::nullopt;
    return static_cast<std::uint32_t>(i + j * map_.box[0]) * size_;
  }

  std::uint32_t operand(std::uint32_t cta, std::uint32_t offset) const {
    const std::uint32_t image = fault_ == ReduceFault::first_image_for_both ? 0 : cta * bytes_;
    return read(images_, image + (fault_ == ReduceFault::swizzle_ignored ? offset : exchanged(map_.swizzle, offset)));
  }

  std::uint32_t updated(std::uint32_t element, std::uint32_t with) const {
    switch (fault_ == ReduceFault::plain_store ? 8 : operation_) {
      case 0:
        return sum(element, with);
      case 1:
        return less(with, element) != (fault_ == ReduceFault::min_as_max) ? with : element;
      case 2:
        return less(element, with) ? with : element;
      case 3:
        return incremented(element, with);
      case 4:
        return decremented(element, with);
      case 5:
        return fault_ == ReduceFault::and_as_or ? element | with : element & with;
      case 6:
        return element | with;
      case 7:
        return fault_ == ReduceFault::xor_as_or ? element | with : element ^ with;
      default:
        return with;
    }
  }

  std::uint32_t incremented(std::uint32_t element, std::uint32_t bound) const {
    if (fault_ == ReduceFault::bound_ignored) return element + 1;
    const bool over = fault_ == ReduceFault::bound_is_exclusive ? element > bound : element >= bound;
    return over ? 0 : element + 1;
  }
  std::uint32_t decremented(std::uint32_t element, std::uint32_t bound) const {
    if (fault_ == ReduceFault::bound_ignored) return element - 1;
    return element == 0 || element > bound ? bound : element - 1;
  }

  float value(std::uint32_t code) const {
    if (map_.type == cuda::ElementType::f32) return std::bit_cast<float>(code);
    return widened(code, map_.type == cuda::ElementType::f16 ? 5 : 8);
  }
  bool floating() const {
    return map_.type == cuda::ElementType::f32 || map_.type == cuda::ElementType::f16 ||
           map_.type == cuda::ElementType::bf16;
  }

  std::uint32_t sum(std::uint32_t a, std::uint32_t b) const {
    if (!floating()) {
      const std::uint64_t wide = std::uint64_t{a} + b;
      const bool stops = fault_ == ReduceFault::saturating_add && wide > 0xffffffffu;
      return stops ? 0xffffffffu : static_cast<std::uint32_t>(wide);
    }
    if (size_ == 2 && fault_ == ReduceFault::carry_between_halves) return a + b;
    const float total = value(a) + value(b);
    if (size_ == 4) return std::bit_cast<std::uint32_t>(total);
    return narrowed(total, map_.type == cuda::ElementType::f16 ? 5 : 8);
  }

  bool less(std::uint32_t a, std::uint32_t b) const {
    if (floating()) return value(a) < value(b);
    const bool is_signed = map_.type == cuda::ElementType::s32 ? fault_ != ReduceFault::signs_ignored
                                                               : fault_ == ReduceFault::words_signed;
    return is_signed ? static_cast<std::int32_t>(a) < static_cast<std::int32_t>(b) : a < b;
  }

  ReduceFault fault_;
  cuda::TiledMap map_;
  Bytes tensor_, images_;
  std::uint32_t operation_;
  std::int32_t x_, y_;
  std::uint32_t issues_, bytes_, ctas_, size_;
};

}  // namespace assay::probes::model
