#include "probes/tma_box.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "harness/gate/probe.h"
#include "probes/swizzle.h"

namespace assay::probes {
namespace {

std::size_t element_count(const cuda::TiledMap& map) {
  return std::accumulate(map.box.begin(), map.box.end(), std::size_t{1}, std::multiplies<>());
}

std::optional<std::size_t> tensor_offset(const cuda::TiledMap& map, std::span<const std::int64_t> at) {
  std::size_t offset = 0;
  for (std::size_t d = 0; d < map.dims.size(); ++d) {
    if (at[d] < 0 || at[d] >= static_cast<std::int64_t>(map.dims[d])) return std::nullopt;
    const std::uint64_t stride = d == 0 ? element_bytes(map.type) : map.strides[d - 1];
    offset += static_cast<std::size_t>(at[d]) * stride;
  }
  return offset;
}

}  // namespace

std::size_t element_bytes(cuda::ElementType type) {
  switch (type) {
    case cuda::ElementType::u8:
      return 1;
    case cuda::ElementType::u16:
    case cuda::ElementType::f16:
    case cuda::ElementType::bf16:
      return 2;
    case cuda::ElementType::u32:
    case cuda::ElementType::s32:
    case cuda::ElementType::f32:
      return 4;
    case cuda::ElementType::u64:
      break;
  }
  return 8;
}

std::size_t box_bytes(const cuda::TiledMap& map) { return element_count(map) * element_bytes(map.type); }

std::size_t tensor_bytes(const cuda::TiledMap& map) { return map.dims.back() * map.strides.back(); }

std::vector<BoxElement> walk_box(const cuda::TiledMap& map, std::span<const std::int32_t> start, std::size_t place) {
  std::vector<BoxElement> elements;
  std::vector<std::int64_t> at(map.box.size());
  for (std::size_t i = 0; i < element_count(map); ++i) {
    for (std::size_t d = 0, rest = i; d < map.box.size(); rest /= map.box[d], ++d)
      at[d] = start[d] + static_cast<std::int64_t>(rest % map.box[d]);
    const auto linear = static_cast<std::uint32_t>(place + i * element_bytes(map.type));
    elements.push_back({.shared = swizzled(map.swizzle, linear), .global = tensor_offset(map, at)});
  }
  return elements;
}

std::vector<std::byte> poisoned(std::uint32_t first, std::size_t bytes) {
  std::vector<std::uint32_t> words(bytes / 4);
  for (std::uint32_t& word : words) word = std::exchange(first, first + 4);
  return gate::bytes_of(words);
}

std::vector<std::byte> loaded(const cuda::TiledMap& map, std::span<const BoxElement> elements,
                              std::span<const std::byte> tensor, std::vector<std::byte> shared) {
  const auto size = static_cast<std::ptrdiff_t>(element_bytes(map.type));
  for (const BoxElement& element : elements) {
    const auto to = shared.begin() + static_cast<std::ptrdiff_t>(element.shared);
    if (element.global)
      std::copy_n(tensor.begin() + static_cast<std::ptrdiff_t>(*element.global), size, to);
    else
      std::fill_n(to, size, std::byte{0});
  }
  return shared;
}

std::vector<std::byte> stored(const cuda::TiledMap& map, std::span<const BoxElement> elements,
                              std::span<const std::byte> shared, std::vector<std::byte> tensor) {
  for (const BoxElement& element : elements)
    if (element.global)
      std::copy_n(shared.begin() + static_cast<std::ptrdiff_t>(element.shared), element_bytes(map.type),
                  tensor.begin() + static_cast<std::ptrdiff_t>(*element.global));
  return tensor;
}

std::vector<std::byte> loaded_box(const cuda::TiledMap& map, std::span<const std::int32_t> start,
                                  std::span<const std::byte> tensor, std::vector<std::byte> shared) {
  return loaded(map, walk_box(map, start), tensor, std::move(shared));
}

}  // namespace assay::probes
