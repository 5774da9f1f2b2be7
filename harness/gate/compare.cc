#include "harness/gate/compare.h"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace assay::gate {
namespace {

/// Word `index` of the bytes; a last partial word is filled with zeros.
std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t index) {
  std::uint32_t word = 0;
  const std::size_t begin = index * sizeof word;
  if (begin < bytes.size()) std::memcpy(&word, bytes.data() + begin, std::min(sizeof word, bytes.size() - begin));
  return word;
}

std::size_t words_in(std::span<const std::byte> bytes) { return (bytes.size() + 3) / 4; }

bool agrees(const Output& output, std::size_t index, std::uint32_t expected, std::uint32_t observed) {
  if (output.bound.empty()) return expected == observed;
  float want = 0, got = 0;
  std::memcpy(&want, &expected, sizeof want);
  std::memcpy(&got, &observed, sizeof got);
  if (std::isinf(want) || std::isinf(got)) return want == got;
  // The comparison is false for NaN on either side, as it must be.
  return std::fabs(static_cast<double>(got) - static_cast<double>(want)) <= static_cast<double>(output.bound[index]);
}

}  // namespace

Comparison compare(const Output& output, std::span<const std::byte> observed) {
  Comparison result;
  const std::size_t count = words_in(output.expected);
  const bool whole =
      observed.size() == output.expected.size() && (output.bound.empty() || output.bound.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    ++result.compared;
    const std::uint32_t expected = word_at(output.expected, i), got = word_at(observed, i);
    if (whole && agrees(output, i, expected, got)) continue;
    if (result.mismatches.empty())
      result.first = fmt::format("{}[{}]: expected {:#010x}, observed {:#010x}", output.name, i, expected, got);
    result.mismatches.push_back(i);
  }
  return result;
}

std::vector<const Output*> outputs(const Case& launch_case) {
  std::vector<const Output*> found;
  for (const Argument& argument : launch_case.arguments)
    if (const auto* output = std::get_if<Output>(&argument)) found.push_back(output);
  return found;
}

std::vector<std::size_t> differing_words(std::span<const std::byte> a, std::span<const std::byte> b) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < std::max(words_in(a), words_in(b)); ++i)
    if (word_at(a, i) != word_at(b, i)) indices.push_back(i);
  return indices;
}

}  // namespace assay::gate
