#include "harness/gate/device_buffers.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace assay::gate {
namespace {

constexpr std::size_t kGuard = 1024;

std::vector<std::byte> between_guards(const Seed& seed, const std::string& name, std::span<const std::byte> payload) {
  ChallengeStream stream(seed, "guard/" + name);
  std::vector<std::byte> block = stream.bytes(kGuard);
  block.insert(block.end(), payload.begin(), payload.end());
  const std::vector<std::byte> tail = stream.bytes(kGuard);
  block.insert(block.end(), tail.begin(), tail.end());
  return block;
}

}  // namespace

Result<DeviceBuffers> DeviceBuffers::place(cuda::Device& device, const Case& launch_case, const Seed& seed) {
  DeviceBuffers buffers(device, launch_case.arguments.size());
  for (std::size_t i = 0; i < launch_case.arguments.size(); ++i) {
    Status placed = ok();
    if (const auto* input = std::get_if<Input>(&launch_case.arguments[i])) {
      placed = buffers.place_block(i, input->name, input->bytes, false, seed);
    } else if (const auto* output = std::get_if<Output>(&launch_case.arguments[i])) {
      ChallengeStream poison(seed, "poison/" + launch_case.name + "/" + output->name);
      placed = buffers.place_block(i, output->name, poison.bytes(output->expected.size()), true, seed);
    }
    if (!placed) return placed.error();
  }
  if (Status made = buffers.make_parameters(launch_case); !made) return made.error();
  return buffers;
}

DeviceBuffers::~DeviceBuffers() {
  for (const Block& block : blocks_)
    if (block.base != 0) (void)device_->release(block.base);  // after a fault every call fails; the process ends anyway
}

Status DeviceBuffers::place_block(std::size_t position, const std::string& name, std::vector<std::byte> payload,
                                  bool output, const Seed& seed) {
  Block& block = blocks_[position];
  block.name = name;
  block.output = output;
  block.written = between_guards(seed, name, payload);
  const Result<cuda::Address> base = device_->allocate(block.written.size());
  if (!base) return base.error();
  block.base = *base;
  return device_->write(block.base, block.written);
}

cuda::Address DeviceBuffers::payload(std::size_t position) const { return blocks_[position].base + kGuard; }

Status DeviceBuffers::make_parameters(const Case& launch_case) {
  for (std::size_t i = 0; i < launch_case.arguments.size(); ++i) {
    if (std::ranges::find(launch_case.hidden, i) != launch_case.hidden.end()) continue;
    const Argument& argument = launch_case.arguments[i];
    if (const auto* scalar = std::get_if<Scalar>(&argument)) {
      parameters_.push_back(scalar->bytes);
    } else if (const auto* map = std::get_if<MapArgument>(&argument)) {
      const Result<cuda::TensorMap> encoded = device_->encode(map->map, payload(map->buffer));
      if (!encoded) return encoded.error();
      parameters_.push_back(bytes_of(encoded->bytes));
    } else {
      parameters_.push_back(bytes_of(payload(i)));
    }
  }
  return ok();
}

Result<Observed> DeviceBuffers::collect() const {
  Observed observed;
  for (const Block& block : blocks_) {
    if (block.base == 0) continue;
    std::vector<std::byte> now(block.written.size());
    if (Status read = device_->read(block.base, now); !read) return read.error();
    const auto guard_begins = static_cast<std::ptrdiff_t>(now.size() - kGuard);
    const bool guards_hold = std::equal(now.begin(), now.begin() + kGuard, block.written.begin()) &&
                             std::equal(now.begin() + guard_begins, now.end(), block.written.begin() + guard_begins);
    if (!guards_hold && observed.canary.empty())
      observed.canary = fmt::format("memory beside '{}' was overwritten", block.name);
    if (!block.output && guards_hold && now != block.written && observed.canary.empty())
      observed.canary = fmt::format("input '{}' was overwritten", block.name);
    if (block.output) observed.outputs.emplace_back(now.begin() + kGuard, now.begin() + guard_begins);
  }
  return observed;
}

}  // namespace assay::gate
