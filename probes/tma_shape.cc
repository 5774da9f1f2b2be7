#include "probes/tma_shape.h"

#include "probes/tma_box.h"

namespace assay::probes {
namespace {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

struct Range {
  std::int32_t low, high;  // inclusive
};

Range start_range(Place place, std::int32_t dim, std::int32_t box) {
  switch (place) {
    case Place::inside:
      return {1, dim - box - 1};
    case Place::past_the_end:
      return {dim - box + 1, dim - box / 2};
    case Place::before_the_start:
      return {-box / 2, -1};
    case Place::outside:
      return {dim, dim + box};
  }
  return {0, 0};
}

/// A multiple of `unit` in the range.
std::int32_t draw_multiple(gate::ChallengeStream& stream, Range range, std::int32_t unit) {
  const auto ceiling = [unit](std::int32_t value) { return value / unit + (value % unit > 0 ? 1 : 0); };
  const auto floor = [unit](std::int32_t value) { return value / unit - (value % unit < 0 ? 1 : 0); };
  return unit * stream.between(ceiling(range.low), floor(range.high));
}

}  // namespace

cuda::TiledMap padded_map(const BoxShape& shape) {
  cuda::TiledMap map{.type = shape.type, .dims = shape.dims, .strides = {}, .box = shape.box, .swizzle = shape.swizzle};
  std::uint64_t stride = round_up(shape.dims[0] * element_bytes(shape.type), 16) + 16;
  for (std::size_t d = 1; d < shape.dims.size(); ++d) {
    map.strides.push_back(stride);
    stride *= shape.dims[d] + 2;
  }
  return map;
}

std::int32_t draw_coordinate(gate::ChallengeStream& stream, const BoxShape& shape, std::size_t dimension) {
  const std::int32_t unit = dimension == 0 ? 16 / static_cast<std::int32_t>(element_bytes(shape.type)) : 1;
  const auto dim = static_cast<std::int32_t>(shape.dims[dimension]);
  const auto box = static_cast<std::int32_t>(shape.box[dimension]);
  return draw_multiple(stream, start_range(shape.place, dim, box), unit);
}

std::vector<std::int32_t> draw_start(gate::ChallengeStream& stream, const BoxShape& shape) {
  std::vector<std::int32_t> start;
  for (std::size_t d = 0; d < shape.dims.size(); ++d) start.push_back(draw_coordinate(stream, shape, d));
  return start;
}

gate::Scalar size(std::string name, std::size_t bytes) {
  return scalar(std::move(name), static_cast<std::uint32_t>(bytes));
}

gate::Output waited(std::size_t words) {
  return {"status", gate::bytes_of(std::vector<std::uint32_t>(words, gate::kWaited)), {}};
}

}  // namespace assay::probes
