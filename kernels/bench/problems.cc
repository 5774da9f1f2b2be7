#include "kernels/bench/problems.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace assay::kernels::bench {
namespace {

constexpr std::array<Shape, 8> kShapes{{{4096, 4096},
                                        {14336, 4096},
                                        {4096, 14336},
                                        {28672, 8192},
                                        {18944, 3584},
                                        {3584, 18944},
                                        {896, 3584},
                                        {3584, 896}}};
constexpr std::array<std::int64_t, 5> kDecode{1, 2, 4, 8, 16}, kPrefill{64, 128, 256, 512, 4096};
constexpr std::int64_t kLargest = std::int64_t{1} << 20;

bool read(std::string_view text, std::int64_t& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc{} && end == text.data() + text.size();
}

bool in_range(std::int64_t extent) { return extent >= 1 && extent <= kLargest; }

}  // namespace

std::span<const Shape> default_shapes() { return kShapes; }
std::span<const std::int64_t> decode_tokens() { return kDecode; }
std::span<const std::int64_t> prefill_tokens() { return kPrefill; }

Result<Shape> parse_shape(std::string_view text) {
  Shape shape;
  const std::size_t cross = text.find('x');
  const bool both =
      cross != std::string_view::npos && read(text.substr(0, cross), shape.n) && read(text.substr(cross + 1), shape.k);
  if (!both || !in_range(shape.n) || !in_range(shape.k))
    return Error{fmt::format("shape '{}': expected NxK, each from 1 to {}", text, kLargest)};
  if (shape.k % 16 != 0) return Error{fmt::format("shape '{}': K = {} is no multiple of 16, the block", text, shape.k)};
  return shape;
}

}  // namespace assay::kernels::bench
