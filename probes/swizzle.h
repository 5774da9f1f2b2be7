// Where a swizzled byte of shared memory lies.
//
// The copy engine and the tensor cores permute the 16-byte units within a line of 32, 64 or 128 bytes by the number of
// the 128-byte line that they lie in: address bits 4.. are exchanged (exclusive or) with as many bits from bit 7 on.
// The rule applies to the address itself, so an offset may stand for it where the buffer is aligned to the pattern's
// 256, 512 or 1024 bytes. It is its own inverse. Tested by tests/probes/tma_load_test.cc against tables written out by
// hand.
#pragma once

#include <cstdint>

#include "harness/cuda/launch.h"

namespace assay::probes {

/// Bytes of a line within which units move; 16, one unit, without swizzle.
constexpr std::uint32_t swizzle_span(cuda::Swizzle mode) { return 16u << static_cast<std::uint32_t>(mode); }

/// The physical address of a byte.
constexpr std::uint32_t swizzled(cuda::Swizzle mode, std::uint32_t address) {
  const std::uint32_t unit_mask = swizzle_span(mode) - 16;  // bits 4, 5:4 or 6:4
  return address ^ (address >> 3 & unit_mask);
}

}  // namespace assay::probes
