#include "kernels/bench/rotation.h"

#include <algorithm>

namespace assay::kernels::bench {

std::int64_t rotated_bytes(std::int64_t l2_bytes) { return std::max<std::int64_t>(400'000'000, 4 * l2_bytes); }

std::int64_t copies_of_streamed(std::int64_t bytes, std::int64_t wanted) {
  constexpr std::int64_t kMost = 1024;
  if (bytes <= 0) return 1;
  return std::clamp<std::int64_t>((wanted + bytes - 1) / bytes, 1, kMost);
}

std::int64_t copies_of_operands(std::int64_t bytes, std::int64_t streamed_copies) {
  constexpr std::int64_t kSmall = std::int64_t{64} << 20;
  if (bytes <= 0) return 1;
  return std::clamp<std::int64_t>(kSmall / bytes, 1, std::max<std::int64_t>(1, streamed_copies));
}

}  // namespace assay::kernels::bench
