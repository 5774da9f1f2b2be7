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
/// `place`: where in the buffer the box lies, before the swizzle.
std::vector<BoxElement> walk_box(const cuda::TiledMap&, std::span<const std::int32_t> start, std::size_t place = 0);

/// Words first, first + 4, first + 8 ...: what the kernels write where nothing may be copied.
std::vector<std::byte> poisoned(std::uint32_t first, std::size_t bytes);

/// Shared memory after elements of the tensor were loaded over it; elements outside arrive as zeros.
std::vector<std::byte> loaded(const cuda::TiledMap&, std::span<const BoxElement>, std::span<const std::byte> tensor,
                              std::vector<std::byte> shared);
/// The tensor after elements of shared memory were stored over it; elements outside are left out.
std::vector<std::byte> stored(const cuda::TiledMap&, std::span<const BoxElement>, std::span<const std::byte> shared,
                              std::vector<std::byte> tensor);
/// `loaded` of one box at the start of shared memory.
std::vector<std::byte> loaded_box(const cuda::TiledMap&, std::span<const std::int32_t> start,
                                  std::span<const std::byte> tensor, std::vector<std::byte> shared);

}  // namespace assay::probes
