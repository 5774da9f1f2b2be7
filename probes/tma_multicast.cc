#include "probes/tma_multicast.h"

#include <fmt/format.h>

#include "probes/tma_box.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;

constexpr std::uint32_t kThreads = 128;
constexpr std::size_t kTail = 256;              // bytes behind the copy that the kernel gives back
constexpr std::uint32_t kPoisonStep = 1 << 16;  // from one rank's poison to the next's

enum class Form : std::uint32_t { bulk = 0, tensor = 1 };

struct Shape {
  std::uint32_t cluster;
  std::uint32_t mask;
  bool foreign_issuer = false;  ///< The issuing CTA is not in its own mask.
};

constexpr Shape kShapes[] = {{2, 0b11}, {2, 0b01}, {2, 0b10}, {4, 0b1111}, {4, 0b1010}, {4, 0b1001}, {4, 0b0101, true}};

constexpr bool names(std::uint32_t mask, std::uint32_t rank) { return (mask >> rank & 1) != 0; }

/// Everything that one launch depends on.
struct Multicast {
  Form form = Form::bulk;
  std::uint32_t cluster = 0, mask = 0, issuer = 0;
  std::uint32_t offset = 0;         ///< Of the bulk copy's source, in bytes.
  std::vector<std::int32_t> start;  ///< Of the tensor copy's box.
  std::uint32_t poison = 0;
  std::vector<std::byte> source;
};

// A pitch of 208 bytes, of which 196 are elements; the copy is 1024 bytes in either form.
cuda::TiledMap source_map() {
  return {.type = cuda::ElementType::u32,
          .dims = {49, 21},
          .strides = {208},
          .box = {32, 8},
          .swizzle = cuda::Swizzle::b128};
}

std::uint32_t draw_issuer(ChallengeStream& stream, const Shape& shape) {
  std::uint32_t rank = stream.below(shape.cluster);
  while (shape.foreign_issuer && names(shape.mask, rank)) rank = stream.below(shape.cluster);
  return rank;
}

Multicast draw(ChallengeStream& stream, Form form, const Shape& shape) {
  const cuda::TiledMap map = source_map();
  Multicast copy;
  copy.form = form;
  copy.cluster = shape.cluster;
  copy.mask = shape.mask;
  copy.issuer = draw_issuer(stream, shape);
  const auto last_offset = static_cast<std::uint32_t>(tensor_bytes(map) - box_bytes(map)) / 16;
  copy.offset = 16 * (1 + stream.below(last_offset));
  copy.start = {4 * stream.between(1, 4), stream.between(1, 12)};  // 16-byte units along a row, as in tma_load.cc
  copy.poison = stream.next();
  copy.source = stream.bytes(tensor_bytes(map));
  return copy;
}

std::vector<std::byte> delivered(const Multicast& copy, std::vector<std::byte> shared) {
  if (copy.form == Form::tensor) return loaded_box(source_map(), copy.start, copy.source, std::move(shared));
  std::copy_n(copy.source.begin() + copy.offset, box_bytes(source_map()), shared.begin());
  return shared;
}

gate::Output shared_memory(const Multicast& copy) {
  gate::Output output{.name = "shared", .expected = {}, .bound = {}};
  for (std::uint32_t rank = 0; rank < copy.cluster; ++rank) {
    auto shared = poisoned(copy.poison + rank * kPoisonStep, box_bytes(source_map()) + kTail);
    if (names(copy.mask, rank)) shared = delivered(copy, std::move(shared));
    output.expected.insert(output.expected.end(), shared.begin(), shared.end());
  }
  return output;
}

gate::Output status(const Multicast& copy) {
  std::vector<std::uint32_t> words;
  for (std::uint32_t rank = 0; rank < copy.cluster; ++rank)
    words.insert(words.end(), kThreads, names(copy.mask, rank) ? gate::kWaited : kNotNamed);
  return {.name = "status", .expected = gate::bytes_of(words), .bound = {}};
}

std::string case_name(const Multicast& copy) {
  return fmt::format("{}, cluster {}, mask {:#06b}, issuer {}", copy.form == Form::bulk ? "bulk" : "tensor",
                     copy.cluster, copy.mask, copy.issuer);
}

gate::Case make_case(const Multicast& copy) {
  const auto scalar = [](std::string name, auto value) { return gate::Scalar{std::move(name), gate::bytes_of(value)}; };
  return {
      .name = case_name(copy),
      .entry = "multicast",
      .launch = {.grid = {copy.cluster}, .block = {kThreads}, .cluster = {copy.cluster}},
      .arguments = {gate::Input{"source", copy.source}, shared_memory(copy), status(copy),
                    gate::MapArgument{0, source_map()}, scalar("tensor_form", static_cast<std::uint32_t>(copy.form)),
                    scalar("offset", copy.offset), scalar("x", copy.start[0]), scalar("y", copy.start[1]),
                    scalar("bytes", static_cast<std::uint32_t>(box_bytes(source_map()))), scalar("mask", copy.mask),
                    scalar("issuer", copy.issuer), scalar("poison", copy.poison)},
      .hidden = {}};
}

}  // namespace

gate::Probe make_tma_multicast(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tma_multicast", .text = ptx_text("tma_multicast"), .floor = {8, 0}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTMALDG.2D.MULTICAST", "UBLKCP.S.G.MULTICAST"};
  std::vector<Multicast> copies;
  for (const Form form : {Form::bulk, Form::tensor})
    for (const Shape& shape : kShapes) copies.push_back(draw(stream, form, shape));
  for (const Multicast& copy : copies) probe.cases.push_back(make_case(copy));
  Multicast dropped = copies.front();
  dropped.mask &= ~(1u << stream.below(dropped.cluster));
  probe.negative = make_case(dropped);
  return probe;
}

}  // namespace assay::probes
