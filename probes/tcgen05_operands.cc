#include "probes/tcgen05_operands.h"

#include <cstring>

#include <fmt/format.h>

#include "kernels/nvfp4/layout.h"
#include "probes/swizzle.h"

namespace assay::probes {
namespace {

constexpr std::int32_t kLargestCell = 1 << 22;

constexpr std::uint64_t encoded(std::size_t offset) { return (offset & 0x3ffff) >> 4; }

constexpr std::uint64_t swizzle_mode(cuda::Swizzle swizzle) {
  return swizzle == cuda::Swizzle::none ? 0 : 8 - 2 * static_cast<std::uint64_t>(swizzle);
}

constexpr std::uint32_t shape_fields(std::size_t m, std::size_t n) {
  return static_cast<std::uint32_t>(n >> 3 << 17 | m >> 4 << 24);
}

/// Where element (row, column) of D lies among the cells of all CTAs.
std::size_t cell_of(const Accumulator& d, std::size_t row, std::size_t column) {
  const std::size_t rows = d.m / d.ctas, cta = row / rows;
  const std::size_t half = rows == kTensorMemoryLanes ? d.n : d.n / 2;  // columns that a lane holds
  const std::size_t lane = row % rows + rows * (column / half);
  return (cta * kTensorMemoryLanes + lane) * d.columns + d.column + column % half;
}

}  // namespace

// Line after line along the rows; the next line's worth of K follows behind all rows.
std::vector<std::byte> tcgen05_image(std::span<const std::byte> bytes, std::size_t rows, cuda::Swizzle swizzle) {
  const std::size_t pitch = bytes.size() / rows, line = swizzle_span(swizzle);
  std::vector<std::byte> image(bytes.size());
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < pitch; ++i) {
      const std::size_t linear = (i / line * rows + row) * line + i % line;
      image[swizzled(swizzle, static_cast<std::uint32_t>(linear))] = bytes[row * pitch + i];
    }
  return image;
}

std::uint64_t tcgen05_descriptor(std::size_t rows, cuda::Swizzle swizzle) {
  const std::uint64_t leading = swizzle == cuda::Swizzle::none ? encoded(16 * rows) : 1;
  return swizzle_mode(swizzle) << 61 | std::uint64_t{1} << 46 | encoded(8 * swizzle_span(swizzle)) << 32 |
         leading << 16;
}

std::uint32_t tcgen05_advance(std::size_t rows, cuda::Swizzle swizzle) {
  const bool within_line = swizzle_span(swizzle) > kTcgen05StepBytes;
  return static_cast<std::uint32_t>(kTcgen05StepBytes / 16 * (within_line ? 1 : rows));
}

std::string layout_name(cuda::Swizzle swizzle) {
  return swizzle == cuda::Swizzle::none ? "unswizzled" : fmt::format("in {} B swizzle", swizzle_span(swizzle));
}

std::uint32_t tcgen05_f16_instruction(std::size_t m, std::size_t n) { return shape_fields(m, n) | 1u << 4; }

std::uint32_t tcgen05_mxf4nvf4_instruction(std::size_t m, std::size_t n) {
  return nvfp4::Mxf4nvf4Instruction{.m = static_cast<std::uint32_t>(m), .n = static_cast<std::uint32_t>(n)}
      .descriptor();
}

std::vector<float> draw_tensor_memory(gate::ChallengeStream& stream, const Accumulator& accumulator) {
  std::vector<float> cells(accumulator.ctas * kTensorMemoryLanes * accumulator.columns);
  for (float& cell : cells) cell = static_cast<float>(stream.between(-kLargestCell, kLargestCell));
  return cells;
}

std::vector<float> with_accumulator(std::vector<float> cells, const Accumulator& accumulator,
                                    const std::vector<float>& matrix) {
  for (std::size_t row = 0; row < accumulator.m; ++row)
    for (std::size_t column = 0; column < accumulator.n; ++column)
      cells[cell_of(accumulator, row, column)] = matrix[row * accumulator.n + column];
  return cells;
}

void place_scales(std::span<std::uint8_t> tiles, const std::vector<std::uint8_t>& scales, std::size_t rows) {
  const std::size_t each = scales.size() / rows, tiles_a_step = (rows + kScaleTileRows - 1) / kScaleTileRows;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < each; ++i) {
      const std::size_t tile = i / 4 * tiles_a_step + row / kScaleTileRows;
      tiles[tile * kScaleTileBytes + nvfp4::offset_in_tile({row, i})] = scales[row * each + i];
    }
}

std::uint64_t tcgen05_scale_tile_descriptor() { return std::uint64_t{1} << 46 | encoded(128) << 32; }

std::vector<float> with_scale_tiles(std::vector<float> cells, std::size_t columns, std::size_t column,
                                    std::span<const std::uint8_t> tiles) {
  for (std::size_t offset = 0; offset < tiles.size(); offset += 4) {
    float value = 0;
    std::memcpy(&value, &tiles[offset], sizeof value);
    const std::size_t first = column + kScaleTileColumns * (offset / kScaleTileBytes);
    for (std::size_t quarter = 0; quarter < nvfp4::kTensorMemoryQuarters; ++quarter) {
      const nvfp4::TensorMemoryByte to = nvfp4::copied_to(offset % kScaleTileBytes, quarter);
      cells[to.lane * columns + first + to.column] = value;
    }
  }
  return cells;
}

}  // namespace assay::probes
