#include "probes/tma_load.h"

#include <algorithm>

#include "probes/tma_box.h"
#include "probes/tma_shape.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;
using enum cuda::ElementType;
using enum cuda::Swizzle;
using enum Place;

constexpr std::uint32_t kThreads = 128;
constexpr std::size_t kTail = 256;  // bytes behind the box that the kernel gives back

// Rows of the tensor are longer than those of the box, and the pitch always has padding.
std::vector<BoxShape> loads() {
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
std::vector<BoxShape> stores() {
  return {
      {"store u32, no swizzle", inside, u32, none, {36, 23}, {16, 8}},
      {"store u16, 128 B swizzle, past the end", past_the_end, u16, b128, {104, 27}, {64, 16}},
      {"store u8, 32 B swizzle, past the end", past_the_end, u8, b32, {80, 43}, {32, 32}},
  };
}

/// Everything that one copy depends on; `contents` is the tensor of a load, the shared memory of a store.
struct Copy {
  std::string name;
  cuda::TiledMap map;
  std::vector<std::int32_t> start;
  std::vector<std::byte> contents;
  std::uint32_t poison = 0;
};

Copy draw(ChallengeStream& stream, const BoxShape& shape, std::size_t (*contents_bytes)(const cuda::TiledMap&)) {
  Copy copy;
  copy.name = shape.name;
  copy.map = padded_map(shape);
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
  return stored(copy.map, walk_box(copy.map, copy.start), copy.contents, poisoned(copy.poison, tensor_bytes(copy.map)));
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
  for (const BoxShape& shape : loads()) copies.push_back(draw(stream, shape, tensor_bytes));
  for (const Copy& copy : copies) probe.cases.push_back(load_case(copy));
  for (const BoxShape& shape : stores()) probe.cases.push_back(store_case(draw(stream, shape, box_bytes)));
  probe.negative = negative_case(stream, copies.front());
  return probe;
}

}  // namespace assay::probes
