// The shape of one kernel launch, and the tensor maps that it may take: plain data, no driver.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::cuda {

/// Three extents, x fastest.
struct Extent {
  std::uint32_t x = 1, y = 1, z = 1;
};

/// What cuLaunchKernelEx is asked for.
struct LaunchShape {
  Extent grid, block;
  Extent cluster;                          ///< 1x1x1: launched without a cluster attribute.
  std::uint32_t dynamic_shared_bytes = 0;  ///< Above 48 KiB the function's opt-in attribute is raised first.
  bool non_portable_cluster = false;       ///< Allows cluster sizes above 8.
};

/// A device address. 0 is never valid.
using Address = std::uint64_t;

/// Element types of a tiled tensor map that the gates use; values of CUtensorMapDataType.
enum class ElementType : std::uint32_t { u8 = 0, u16 = 1, u32 = 2, s32 = 3, u64 = 4, f16 = 6, f32 = 7, bf16 = 9 };

/// Shared-memory swizzle of a tiled tensor map; values of CUtensorMapSwizzle.
enum class Swizzle : std::uint32_t { none = 0, b32 = 1, b64 = 2, b128 = 3 };

/// The arguments of cuTensorMapEncodeTiled, without interleave, L2 promotion none, fill zero.
/// Dimension 0 is the fastest; `strides` are bytes for dimensions 1 and later.
struct TiledMap {
  ElementType type = ElementType::u8;
  std::vector<std::uint64_t> dims;
  std::vector<std::uint64_t> strides;
  std::vector<std::uint32_t> box;
  Swizzle swizzle = Swizzle::none;
};

/// The 128 opaque bytes that a kernel takes as a `.param .align 64` argument.
struct alignas(64) TensorMap {
  std::array<std::byte, 128> bytes{};
};

/// One kernel parameter by value: its bytes, at most 128, aligned as the parameter's type asks (4, 8 or 64).
using Parameter = std::vector<std::byte>;

}  // namespace assay::cuda
