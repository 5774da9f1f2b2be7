// What is timed, as plain data: arrays, images and launches that name both by number.
//
// A row of the catalogue (kernels/bench/bind.h) and a kernel of the user's own (kernels/bench/manifest.h) become the
// same thing here, and everything after this point knows no difference between the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/cuda/launch.h"

namespace assay::kernels::bench {

/// How often there is an array.
enum class Use {
  streamed,  ///< Read by a launch and not kept: copies until they fill the caches several times.
  operand,   ///< Small beside that, read or written: as many copies as stay small.
  kept       ///< One for all launches.
};

struct Array {
  std::string name;
  std::size_t bytes = 0;
  Use use = Use::operand;
  std::vector<std::byte> content;  ///< At first; where empty, `filler` throughout.
  std::byte filler{0};
};

/// A parameter: the address of an array, bytes by value, or a tensor map over an array.
struct ArrayAddress {
  std::size_t array = 0;
};
struct ArrayMap {
  std::size_t array = 0;
  cuda::TiledMap map;
};
using Slot = std::variant<ArrayAddress, cuda::Parameter, ArrayMap>;

struct Step {
  std::size_t image = 0;
  std::string entry;
  cuda::LaunchShape shape;
  std::vector<Slot> slots;  ///< In kernel-parameter order.
};

struct Workload {
  std::vector<Array> arrays;
  std::vector<std::vector<std::byte>> images;
  std::vector<Step> once;                  ///< On the first copy, before the others are made of it.
  std::vector<Step> steps;                 ///< One launch of what is timed, in order.
  std::size_t output = 0;                  ///< The array that is judged.
  std::optional<std::size_t> workspace;    ///< Zero at first, and again after every launch.
  std::int64_t bytes = 0, operations = 0;  ///< Of one launch: each byte once; multiplications and additions.
};

/// "grid 132x1x1, block 128x1x1, cluster 1, shared 49152 B"; of several steps one after the other.
std::string describe(const std::vector<Step>&);

}  // namespace assay::kernels::bench
