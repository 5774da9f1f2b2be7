#include "probes/tma_reduce.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "kernels/nvfp4/formats.h"
#include "probes/tma_box.h"
#include "probes/tma_shape.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;
using enum cuda::ElementType;
using enum cuda::Swizzle;
using enum Place;
using enum ReduceOperation;

constexpr std::uint32_t kThreads = 128;

/// Elements as the integers that they stand for.
using Integers = std::vector<std::int64_t>;

struct Shape {
  BoxShape box;
  ReduceOperation operation;
  std::uint32_t ctas = 1;    ///< That issue the same box, each with its own image.
  std::uint32_t issues = 1;  ///< Of each.
};

std::vector<Shape> shapes() {
  return {
      {{"add u32, no swizzle", inside, u32, none, {36, 23}, {16, 8}}, add},
      {{"add u32, 128 B swizzle, past the end, two CTAs, twice", past_the_end, u32, b128, {60, 33}, {32, 16}},
       add,
       2,
       2},
      {{"add f32, 64 B swizzle, past the end, two CTAs", past_the_end, f32, b64, {44, 29}, {16, 16}}, add, 2},
      {{"add f16, 128 B swizzle, twice", inside, f16, b128, {104, 27}, {64, 16}}, add, 1, 2},
      {{"add bf16, 32 B swizzle, past the end, two CTAs", past_the_end, bf16, b32, {56, 47}, {16, 32}}, add, 2},
      {{"min u32, no swizzle, two CTAs", inside, u32, none, {40, 25}, {12, 16}}, min, 2},
      {{"max u32, 64 B swizzle", inside, u32, b64, {36, 31}, {16, 16}}, max},
      {{"min s32, 32 B swizzle", inside, s32, b32, {28, 41}, {8, 24}}, min},
      {{"max s32, 128 B swizzle, past the end, two CTAs", past_the_end, s32, b128, {76, 21}, {32, 8}}, max, 2},
      {{"min f16, no swizzle", inside, f16, none, {72, 27}, {24, 16}}, min},
      {{"max bf16, 64 B swizzle", inside, bf16, b64, {88, 33}, {32, 16}}, max},
      {{"inc u32, no swizzle, twice", inside, u32, none, {44, 23}, {20, 8}}, inc, 1, 2},
      {{"dec u32, 128 B swizzle, past the end, three times", past_the_end, u32, b128, {68, 27}, {32, 16}}, dec, 1, 3},
      {{"and u32, 32 B swizzle, two CTAs", inside, u32, b32, {28, 37}, {8, 24}}, bit_and, 2},
      {{"or u32, no swizzle, past the end, two CTAs", past_the_end, u32, none, {52, 19}, {24, 8}}, bit_or, 2},
      {{"xor u32, 64 B swizzle, two CTAs", inside, u32, b64, {40, 29}, {16, 16}}, bit_xor, 2},
  };
}

/// Everything that one launch depends on.
struct Reduction {
  Shape shape;
  cuda::TiledMap map;
  std::vector<std::int32_t> start;
  Integers initial, images;
};

/// Half of the bounds of inc and dec are so small that elements meet them, and pass them in a few steps.
std::int64_t draw_bound(ChallengeStream& stream) { return stream.below(2) == 0 ? stream.below(4) : stream.next(); }

/// One element and four operands, two CTAs that issue twice, have an exact sum in the type.
std::int64_t draw_integer(ChallengeStream& stream, cuda::ElementType type, ReduceOperation operation) {
  if (operation == inc || operation == dec) return draw_bound(stream);
  switch (type) {
    case s32:
      return static_cast<std::int32_t>(stream.next());
    case f32:
      return stream.between(-(1 << 20), 1 << 20);
    case f16:
      return stream.between(-400, 400);
    case bf16:
      return stream.between(-50, 50);
    default:
      return stream.next();
  }
}

Integers draw_integers(ChallengeStream& stream, const Shape& shape, std::size_t bytes) {
  Integers values(bytes / element_bytes(shape.box.type));
  for (std::int64_t& value : values) value = draw_integer(stream, shape.box.type, shape.operation);
  return values;
}

Reduction draw(ChallengeStream& stream, const Shape& shape) {
  Reduction reduction{.shape = shape, .map = padded_map(shape.box), .start = {}, .initial = {}, .images = {}};
  reduction.start = draw_start(stream, shape.box);
  reduction.initial = draw_integers(stream, shape, tensor_bytes(reduction.map));
  reduction.images = draw_integers(stream, shape, shape.ctas * box_bytes(reduction.map));
  return reduction;
}

/// For |value| < 2048, which f16 represents.
std::uint16_t f16_code(std::int64_t value) {
  if (value == 0) return 0;
  const auto magnitude = static_cast<std::uint32_t>(std::abs(value));
  const std::uint32_t exponent = std::bit_width(magnitude) - 1u;
  const std::uint32_t fraction = (magnitude << (10 - exponent)) & 0x3ff;
  return static_cast<std::uint16_t>((value < 0 ? 0x8000u : 0) | (exponent + 15) << 10 | fraction);
}

/// The low bits are the element's.
std::uint32_t code(cuda::ElementType type, std::int64_t value) {
  switch (type) {
    case f32:
      return std::bit_cast<std::uint32_t>(static_cast<float>(value));
    case f16:
      return f16_code(value);
    case bf16:
      return nvfp4::bf16_code(static_cast<float>(value)).value();
    default:
      return static_cast<std::uint32_t>(value);
  }
}

std::vector<std::byte> encoded(cuda::ElementType type, const Integers& values) {
  std::vector<std::byte> bytes;
  for (const std::int64_t value : values) {
    const std::vector<std::byte> element = gate::bytes_of(code(type, value));
    bytes.insert(bytes.end(), element.begin(), element.begin() + static_cast<std::ptrdiff_t>(element_bytes(type)));
  }
  return bytes;
}

/// A result that goes on as an operand is what the element holds of it.
std::int64_t held(cuda::ElementType type, std::int64_t value) {
  return type == u32 ? static_cast<std::uint32_t>(value) : value;
}

Integers reduced_tensor(const Reduction& reduction) {
  Integers tensor = reduction.initial;
  const std::size_t size = element_bytes(reduction.map.type), image = box_bytes(reduction.map) / size;
  const std::vector<BoxElement> box = walk_box(reduction.map, reduction.start);
  for (std::uint32_t turn = 0; turn < reduction.shape.ctas * reduction.shape.issues; ++turn)
    for (const BoxElement& element : box) {
      if (!element.global) continue;
      const std::int64_t operand = reduction.images[turn % reduction.shape.ctas * image + element.shared / size];
      std::int64_t& value = tensor[*element.global / size];
      value = held(reduction.map.type, reduced(reduction.shape.operation, value, operand));
    }
  return tensor;
}

gate::Case reduce_case(const Reduction& reduction) {
  const auto& [box, operation, ctas, issues] = reduction.shape;
  const auto bytes = [type = box.type](const Integers& values) { return encoded(type, values); };
  return {
      .name = std::string(box.name),
      .entry = "reduce",
      .launch = {.grid = {ctas}, .block = {kThreads}, .cluster = {ctas}},
      .arguments = {gate::Output{"tensor", bytes(reduced_tensor(reduction)), {}},
                    gate::Input{"initial", bytes(reduction.initial)}, gate::Input{"images", bytes(reduction.images)},
                    waited(ctas), gate::MapArgument{0, reduction.map}, scalar("operation", operation),
                    scalar("x", reduction.start[0]), scalar("y", reduction.start[1]), scalar("issues", issues),
                    size("bytes", box_bytes(reduction.map)), size("tensor_bytes", tensor_bytes(reduction.map))},
      .hidden = {}};
}

/// The same addition with one element of the image changed.
gate::Case negative_case(ChallengeStream& stream, Reduction reduction) {
  reduction.images[stream.below(static_cast<std::uint32_t>(reduction.images.size()))] ^= 0x5a;
  gate::Case changed = reduce_case(reduction);
  changed.name += ", one element changed";
  return changed;
}

}  // namespace

std::int64_t reduced(ReduceOperation operation, std::int64_t element, std::int64_t operand) {
  switch (operation) {
    case add:
      return element + operand;
    case min:
      return std::min(element, operand);
    case max:
      return std::max(element, operand);
    case inc:
      return element >= operand ? 0 : element + 1;
    case dec:
      return element == 0 || element > operand ? operand : element - 1;
    case bit_and:
      return element & operand;
    case bit_or:
      return element | operand;
    case bit_xor:
      return element ^ operand;
  }
  return element;
}

gate::Probe make_tma_reduce(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tma_reduce", .text = ptx_text("tma_reduce"), .floor = {8, 0}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTMAREDG.2D.ADD", "UTMAREDG.2D.MIN", "UTMAREDG.2D.MAX", "UTMAREDG.2D.INC",
                     "UTMAREDG.2D.DEC", "UTMAREDG.2D.AND", "UTMAREDG.2D.OR",  "UTMAREDG.2D.XOR"};
  std::vector<Reduction> reductions;
  for (const Shape& shape : shapes()) reductions.push_back(draw(stream, shape));
  for (const Reduction& reduction : reductions) probe.cases.push_back(reduce_case(reduction));
  probe.negative = negative_case(stream, reductions.front());
  return probe;
}

}  // namespace assay::probes
