#include "probes/tma_load.h"

#include <algorithm>

#include "probes/tma_box.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;
using enum cuda::ElementType;
using enum cuda::Swizzle;

constexpr std::uint32_t kThreads = 128;
constexpr std::size_t kTail = 256;  // bytes behind the box that the kernel gives back

/// Where a box lies along each dimension of its tensor.
enum class Place { inside, past_the_end, before_the_start, outside };
using enum Place;

struct Shape {
  std::string_view name;
  Place place;
  cuda::ElementType type;
  cuda::Swizzle swizzle;
  std::vector<std::uint64_t> dims;
  std::vector<std::uint32_t> box;
};

// Rows of the tensor are longer than those of the box, and the pitch always has padding.
std::vector<Shape> loads() {
  return {
      {"load u32, no swizzle", inside, u32, none, {37, 23}, {16, 8}},
      {"load u32, 32 B swizzle", inside, u32, b32, {29, 41}, {8, 24}},
      {"load u16, 64 B swizzle", inside, u16, b64, {75, 30}, {32, 16}},
      {"load u8, 128 B swizzle", inside, u8, b128, {301, 37}, {128, 24}},
      {"load u8, no swizzle, past the end", past_the_end, u8, none, {203, 29}, {48, 8}},
      {"load u32, 128 B swizzle, past the end", past_the_end, u32, b128, {61, 33}, {32, 16}},
      {"load u16, 128 B swizzle, before the start", before_the_start, u16, b128, {101, 27}, {64, 16}},
      {"load u32, 64 B swizzle, outside", outside, u32, b64, {37, 23}, {16, 8}},
      {"load u16 3-D, 128 B swizzle", inside, u16, b128, {99, 13, 7}, {64, 8, 4}},
      {"load u32 3-D, 32 B swizzle, past the end", past_the_end, u32, b32, {21, 11, 6}, {8, 8, 4}},
  };
}

// A store must not start before the tensor (PTX ISA), so only the far edges are crossed. Rows are whole units of 16
// bytes: on an H100 a store past the end of other rows also wrote the rest of the last unit (docs/surprises.md).
std::vector<Shape> stores() {
  return {
      {"store u32, no swizzle", inside, u32, none, {36, 23}, {16, 8}},
      {"store u16, 128 B swizzle, past the end", past_the_end, u16, b128, {104, 27}, {64, 16}},
      {"store u8, 32 B swizzle, past the end", past_the_end, u8, b32, {80, 43}, {32, 32}},
  };
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

cuda::TiledMap tensor_map(const Shape& shape) {
  cuda::TiledMap map{.type = shape.type, .dims = shape.dims, .strides = {}, .box = shape.box, .swizzle = shape.swizzle};
  std::uint64_t stride = round_up(shape.dims[0] * element_bytes(shape.type), 16) + 16;
  for (std::size_t d = 1; d < shape.dims.size(); ++d) {
    map.strides.push_back(stride);
    stride *= shape.dims[d] + 2;
  }
  return map;
}

struct Range {
  std::int32_t low, high;  // inclusive
};

/// Where an edge is crossed, half of the box or more stays inside.
Range start_range(Place place, std::int32_t dim, std::int32_t box) {
  switch (place) {
    case inside:
      return {1, dim - box - 1};
    case past_the_end:
      return {dim - box + 1, dim - box / 2};
    case before_the_start:
      return {-box / 2, -1};
    case outside:
      return {dim, dim + box};
  }
  return {0, 0};
}

/// A multiple of `unit` in the range.
std::int32_t draw_multiple(ChallengeStream& stream, Range range, std::int32_t unit) {
  const auto ceiling = [unit](std::int32_t value) { return value / unit + (value % unit > 0 ? 1 : 0); };
  const auto floor = [unit](std::int32_t value) { return value / unit - (value % unit < 0 ? 1 : 0); };
  return unit * stream.between(ceiling(range.low), floor(range.high));
}

// Along dimension 0 a box starts on a multiple of 16 bytes: on an H100 (driver 580.159.04) every other start was
// answered with an illegal instruction, whatever the swizzle and the element size (docs/surprises.md).
std::vector<std::int32_t> draw_start(ChallengeStream& stream, const Shape& shape) {
  std::vector<std::int32_t> start;
  for (std::size_t d = 0; d < shape.dims.size(); ++d) {
    const std::int32_t unit = d == 0 ? 16 / static_cast<std::int32_t>(element_bytes(shape.type)) : 1;
    const Range range =
        start_range(shape.place, static_cast<std::int32_t>(shape.dims[d]), static_cast<std::int32_t>(shape.box[d]));
    start.push_back(draw_multiple(stream, range, unit));
  }
  return start;
}

gate::Scalar scalar(std::string name, std::uint32_t value) { return {std::move(name), gate::bytes_of(value)}; }
gate::Scalar scalar(std::string name, std::int32_t value) { return {std::move(name), gate::bytes_of(value)}; }
gate::Scalar size(std::string name, std::size_t bytes) {
  return scalar(std::move(name), static_cast<std::uint32_t>(bytes));
}

gate::Output waited(std::size_t threads) {
  return {"status", gate::bytes_of(std::vector<std::uint32_t>(threads, gate::kWaited)), {}};
}

/// Everything that one copy depends on; `contents` is the tensor of a load, the shared memory of a store.
struct Copy {
  std::string name;
  cuda::TiledMap map;
  std::vector<std::int32_t> start;
  std::vector<std::byte> contents;
  std::uint32_t poison = 0;
};

Copy draw(ChallengeStream& stream, const Shape& shape, std::size_t (*contents_bytes)(const cuda::TiledMap&)) {
  Copy copy;
  copy.name = shape.name;
  copy.map = tensor_map(shape);
  copy.start = draw_start(stream, shape);
  copy.contents = stream.bytes(contents_bytes(copy.map));
  copy.poison = stream.next();
  return copy;
}

gate::Case load_case(const Copy& copy) {
  const std::size_t bytes = box_bytes(copy.map);
  const auto rank = static_cast<std::uint32_t>(copy.map.dims.size());
  return {
      .name = copy.name,
      .entry = "load",
      .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
      .arguments = {gate::Input{"tensor", copy.contents},
                    gate::Output{"shared",
                                 loaded_box(copy.map, copy.start, copy.contents, poisoned(copy.poison, bytes + kTail)),
                                 {}},
                    waited(kThreads), gate::MapArgument{0, copy.map}, scalar("rank", rank), scalar("x", copy.start[0]),
                    scalar("y", copy.start[1]), scalar("z", rank == 3 ? copy.start[2] : 0), size("bytes", bytes),
                    scalar("poison", copy.poison)},
      .hidden = {0}};
}

std::vector<std::byte> stored_tensor(const Copy& copy) {
  std::vector<std::byte> tensor = poisoned(copy.poison, tensor_bytes(copy.map));
  for (const BoxElement& element : walk_box(copy.map, copy.start))
    if (element.global)
      std::copy_n(copy.contents.begin() + static_cast<std::ptrdiff_t>(element.shared), element_bytes(copy.map.type),
                  tensor.begin() + static_cast<std::ptrdiff_t>(*element.global));
  return tensor;
}

gate::Case store_case(const Copy& copy) {
  return {.name = copy.name,
          .entry = "store",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Output{"tensor", stored_tensor(copy), {}}, gate::Input{"image", copy.contents}, waited(1),
                        gate::MapArgument{0, copy.map}, scalar("x", copy.start[0]), scalar("y", copy.start[1]),
                        size("bytes", copy.contents.size()), size("tensor_bytes", tensor_bytes(copy.map)),
                        scalar("poison", copy.poison)},
          .hidden = {}};
}

/// The same load of a tensor in which one element inside the box differs.
gate::Case negative_case(ChallengeStream& stream, Copy copy) {
  const std::vector<BoxElement> box = walk_box(copy.map, copy.start);
  const BoxElement& element = box[stream.below(static_cast<std::uint32_t>(box.size()))];
  copy.contents[element.global.value()] ^= std::byte{0x5a};
  copy.name += ", one element changed";
  return load_case(copy);
}

}  // namespace

gate::Probe make_tma_load(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tma_load", .text = ptx_text("tma_load"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTMALDG.2D", "UTMALDG.3D", "UTMASTG"};
  std::vector<Copy> copies;
  for (const Shape& shape : loads()) copies.push_back(draw(stream, shape, tensor_bytes));
  for (const Copy& copy : copies) probe.cases.push_back(load_case(copy));
  for (const Shape& shape : stores()) probe.cases.push_back(store_case(draw(stream, shape, box_bytes)));
  probe.negative = negative_case(stream, copies.front());
  return probe;
}

}  // namespace assay::probes
