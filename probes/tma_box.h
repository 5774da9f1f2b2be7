// The oracle's reading of a tiled tensor map (PTX ISA, "Tensors"; CUDA Driver API, cuTensorMapEncodeTiled).
//
// A box is walked element by element, dimension 0 fastest: its j-th element lies at j * element size in shared memory,
// then swizzled, and at start + j in the tensor, where the strides are bytes. An element whose coordinate is below zero
// or past the end is outside: a load fills it with zero, a store leaves it out. Bytes of a pitch that no element covers
// are never copied. Tested by tests/probes/tma_load_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/cuda/launch.h"

namespace assay::probes {

std::size_t element_bytes(cuda::ElementType);
/// Of the whole box: what a load signals to its mbarrier, elements outside the tensor included.
std::size_t box_bytes(const cuda::TiledMap&);
/// From the first element to the end of the last dimension's last stride.
std::size_t tensor_bytes(const cuda::TiledMap&);

/// One element of a box: its byte offset in a shared buffer that is aligned to 1024 bytes, and in the tensor.
struct BoxElement {
  std::size_t shared = 0;
  std::optional<std::size_t> global;  ///< None: outside the tensor.
};
std::vector<BoxElement> walk_box(const cuda::TiledMap&, std::span<const std::int32_t> start);

/// Words first, first + 4, first + 8 ...: what the kernels write where nothing may be copied.
std::vector<std::byte> poisoned(std::uint32_t first, std::size_t bytes);

/// `shared_bytes` of poison with the box loaded over it.
std::vector<std::byte> loaded_box(const cuda::TiledMap&, std::span<const std::int32_t> start,
                                  std::span<const std::byte> tensor, std::vector<std::byte> shared);

}  // namespace assay::probes
