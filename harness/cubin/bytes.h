// Untrusted bytes read in place: where a structure may lie, and how a fault names its offset and rule. Inner to this
// layer; every host that we build for is little-endian, as the images are. Tested through its readers.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#include "harness/base/result.h"

namespace assay::cubin {

using Bytes = std::span<const std::byte>;

/// "offset 0x31: the rule".
inline Error fault(std::uint64_t offset, std::string_view rule) {
  return Error{fmt::format("offset {:#x}: {}", offset, rule)};
}

/// One rule of a format: where it applies and whether the image keeps it.
struct Rule {
  bool kept;
  std::uint64_t offset;
  std::string_view text;
};

/// The first rule that is not kept, as an error.
inline Status keep(std::initializer_list<Rule> rules) {
  for (const Rule& rule : rules)
    if (!rule.kept) return fault(rule.offset, rule.text);
  return ok();
}

/// Whether a range lies in the bytes; by subtraction, since a sum could wrap.
inline bool fits(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

/// The structure at a place that `fits` has accepted.
template <class T>
T load(Bytes bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace assay::cubin
