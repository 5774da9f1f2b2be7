// The copy engine once more, read from the manual from the other side: the oracle walks a box and says where each
// element goes, the models below go through the destination byte by byte and ask where each comes from. They share no
// layout code with the probes. Used by tests/probes/tma_gather4_model.h, tma_scatter4_model.h and tma_reduce_model.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/cuda/launch.h"
#include "harness/gate/compare.h"
#include "probe_parts.h"

namespace assay::probes::model {

using Bytes = std::vector<std::byte>;

inline std::uint32_t size_of(cuda::ElementType type) {
  if (type == cuda::ElementType::u8) return 1;
  const bool half = type == cuda::ElementType::u16 || type == cuda::ElementType::f16 || type == cuda::ElementType::bf16;
  return half ? 2 : 4;
}

/// PTX ISA, "Swizzling modes": address bit 4 is exchanged with bit 7, bits 5:4 with 8:7, or bits 6:4 with 9:7. Twice is
/// the address itself.
inline std::uint32_t exchanged(cuda::Swizzle mode, std::uint32_t address) {
  switch (mode) {
    case cuda::Swizzle::none:
      return address;
    case cuda::Swizzle::b32:
      return address ^ (address >> 7 & 1) << 4;
    case cuda::Swizzle::b64:
      return address ^ (address >> 7 & 3) << 4;
    case cuda::Swizzle::b128:
      return address ^ (address >> 7 & 7) << 4;
  }
  return address;
}

/// One byte of a 2-D tensor in memory; nothing where the coordinates name none.
inline std::optional<std::size_t> tensor_place(const cuda::TiledMap& map, std::int64_t column, std::int64_t row,
                                               std::uint32_t byte) {
  const bool inside = column >= 0 && row >= 0 && column < static_cast<std::int64_t>(map.dims[0]) &&
                      row < static_cast<std::int64_t>(map.dims[1]);
  if (!inside) return std::nullopt;
  return static_cast<std::size_t>(row) * map.strides[0] + static_cast<std::size_t>(column) * size_of(map.type) + byte;
}

/// The pattern that kernels write before a copy.
inline std::byte poison_byte(std::uint32_t poison, std::size_t at) {
  const std::uint32_t word = poison + static_cast<std::uint32_t>(at / 4 * 4);
  return static_cast<std::byte>(word >> at % 4 * 8);
}

inline Bytes status_words(std::size_t count) {
  return gate::bytes_of(std::vector<std::uint32_t>(count, gate::kWaited));
}

/// Challenges of which each must tell every fault from a right answer.
inline std::vector<gate::Seed> seeds() {
  std::vector<gate::Seed> seeds(12, fixed_seed());
  for (std::size_t i = 0; i < seeds.size(); ++i) seeds[i][0] = static_cast<std::byte>(i);
  return seeds;
}

/// Words of all outputs in which a model's answer differs from the oracle's.
inline std::size_t refused_words(const gate::Case& launch_case, const std::vector<Bytes>& answer) {
  std::size_t refused = 0;
  const auto expected = gate::outputs(launch_case);
  for (std::size_t i = 0; i < expected.size(); ++i)
    refused += gate::compare(*expected[i], answer.at(i)).mismatches.size();
  return refused;
}

}  // namespace assay::probes::model
