// What the tensor-copy probes share: the shape of a tensor and of a box in it, coordinates drawn from the challenge,
// and the arguments that every such kernel takes.
//
// Along dimension 0 a box starts on a multiple of 16 bytes, as the manual asks of a bounding box's address (PTX ISA
// 5.5.3.1): on an H100 (driver 580.159.04) every other start was answered with an illegal instruction, whatever the
// swizzle and the element size (docs/surprises.md). Tested by tests/probes/tma_load_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/cuda/launch.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"

namespace assay::probes {

/// Where a box lies along each dimension of its tensor.
enum class Place { inside, past_the_end, before_the_start, outside };

struct BoxShape {
  std::string_view name;
  Place place;
  cuda::ElementType type;
  cuda::Swizzle swizzle;
  std::vector<std::uint64_t> dims;
  std::vector<std::uint32_t> box;
};

/// The map of a tensor whose rows end in padding, and whose planes, where there are some, in two rows of it.
cuda::TiledMap padded_map(const BoxShape&);

/// Where the box may start along one dimension so that it lies as its place says. Where an edge is crossed, half of the
/// box or more stays inside.
std::int32_t draw_coordinate(gate::ChallengeStream&, const BoxShape&, std::size_t dimension);
/// One coordinate a dimension.
std::vector<std::int32_t> draw_start(gate::ChallengeStream&, const BoxShape&);

template <class T>
gate::Scalar scalar(std::string name, T value) {
  return {std::move(name), gate::bytes_of(value)};
}
gate::Scalar size(std::string name, std::size_t bytes);
/// The status words of kernels that waited as they must.
gate::Output waited(std::size_t words);

}  // namespace assay::probes
