#include "kernels/device_arrays.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kernels/problems.h"

namespace assay::kernels {
namespace {

constexpr std::size_t kGuard = 1024;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::set<Role> roles_of(const Plan& plan) {
  std::set<Role> roles;
  for (const Launch& launch : plan.launches)
    for (const Parameter& parameter : launch.parameters) {
      if (const auto* address = std::get_if<AddressOf>(&parameter)) roles.insert(address->role);
      if (const auto* map = std::get_if<MapOf>(&parameter)) roles.insert(map->role);
    }
  return roles;
}

std::string label_of(Role role) { return fmt::format("kernel/array {}", static_cast<int>(role)); }

std::vector<std::byte> between_guards(const gate::Seed& seed, Role role, std::span<const std::byte> payload) {
  gate::ChallengeStream stream(seed, label_of(role) + "/guard");
  std::vector<std::byte> block = stream.bytes(kGuard);
  block.insert(block.end(), payload.begin(), payload.end());
  const std::vector<std::byte> tail = stream.bytes(kGuard);
  block.insert(block.end(), tail.begin(), tail.end());
  return block;
}

/// What an array that is no output holds before the launch.
std::vector<std::byte> content_of(Role role, const Task& task, const Plan& plan, const Trial& trial) {
  if (role == Role::workspace) return std::vector<std::byte>(static_cast<std::size_t>(plan.workspace_bytes));
  if (role == Role::scratch)
    return std::vector<std::byte>(static_cast<std::size_t>(plan.scratch_bytes), std::byte{0xff});
  return array_of(role, task.operation, task.problem, trial.inputs);
}

}  // namespace

Result<DeviceArrays> DeviceArrays::place(cuda::Device& device, const Task& task, const Plan& plan, const Trial& trial,
                                         const gate::Seed& seed) {
  DeviceArrays arrays(device, trial.inputs, seed);
  const std::set<Role> roles = roles_of(plan);
  for (const Expected& expected : trial.outputs) {
    if (!roles.contains(expected.role)) return Error{fmt::format("the plan does not write {}", word(expected.role))};
    if (Status placed = arrays.place_block(expected.role, std::vector<std::byte>(expected.size), true); !placed)
      return placed.error();
  }
  for (const Role role : roles) {
    if (arrays.blocks_.contains(role)) continue;
    std::vector<std::byte> bytes = content_of(role, task, plan, trial);
    if (bytes.empty()) return Error{fmt::format("the plan names {}, which this problem has not", word(role))};
    if (Status placed = arrays.place_block(role, std::move(bytes), false); !placed) return placed.error();
  }
  if (Status poisoned = arrays.poison_again(); !poisoned) return poisoned.error();
  return arrays;
}

DeviceArrays::~DeviceArrays() {
  for (const auto& [role, block] : blocks_)
    if (block.base != 0) (void)device_->release(block.base);  // after a fault every call fails; the process ends anyway
}

Status DeviceArrays::place_block(Role role, std::vector<std::byte> payload, bool output) {
  Block& block = blocks_[role];
  block.output = output;
  block.written = between_guards(seed_, role, payload);
  const Result<cuda::Address> base = device_->allocate(block.written.size());
  if (!base) return base.error();
  block.base = *base;
  return device_->write(block.base, block.written);
}

cuda::Address DeviceArrays::payload(Role role) const { return blocks_.at(role).base + kGuard; }

Result<std::vector<cuda::Parameter>> DeviceArrays::parameters(const Launch& launch) const {
  std::vector<cuda::Parameter> parameters;
  for (const Parameter& parameter : launch.parameters) {
    Result<cuda::Parameter> made = std::visit(
        Overloaded{[&](const AddressOf& of) -> Result<cuda::Parameter> { return gate::bytes_of(payload(of.role)); },
                   [](const Value& value) -> Result<cuda::Parameter> { return value.bytes; },
                   [&](const TensorScale& scale) -> Result<cuda::Parameter> {
                     return gate::bytes_of(tensor_scale_.at(static_cast<std::size_t>(scale.matrix)));
                   },
                   [&](const MapOf& of) -> Result<cuda::Parameter> {
                     const Result<cuda::TensorMap> encoded = device_->encode(of.map, payload(of.role));
                     if (!encoded) return encoded.error();
                     return gate::bytes_of(encoded->bytes);
                   }},
        parameter);
    if (!made) return made.error();
    parameters.push_back(*std::move(made));
  }
  return parameters;
}

Status DeviceArrays::poison_again() {
  ++launches_;
  for (auto& [role, block] : blocks_) {
    if (!block.output) continue;
    const std::size_t size = block.written.size() - 2 * kGuard;
    const std::vector<std::byte> bytes = poison(size, seed_, fmt::format("{}/poison {}", label_of(role), launches_));
    std::ranges::copy(bytes, block.written.begin() + kGuard);
    if (Status written = device_->write(block.base, block.written); !written) return written;
  }
  return ok();
}

Status DeviceArrays::replace(Role role, std::vector<std::byte> bytes) {
  const auto found = blocks_.find(role);
  if (found == blocks_.end()) return Error{fmt::format("the plan does not read {}", word(role))};
  Block& block = found->second;
  if (bytes.size() + 2 * kGuard != block.written.size()) return Error{"other bytes must be as many"};
  std::ranges::copy(bytes, block.written.begin() + kGuard);
  return device_->write(block.base, block.written);
}

Result<Collected> DeviceArrays::collect() const {
  Collected collected;
  const auto note = [&](std::string what) {
    if (collected.canary.empty()) collected.canary = std::move(what);
  };
  for (const auto& [role, block] : blocks_) {
    std::vector<std::byte> now(block.written.size());
    if (Status read = device_->read(block.base, now); !read) return read.error();
    const auto end = static_cast<std::ptrdiff_t>(now.size() - kGuard);
    const bool guards_hold = std::equal(now.begin(), now.begin() + kGuard, block.written.begin()) &&
                             std::equal(now.begin() + end, now.end(), block.written.begin() + end);
    if (!guards_hold) note(fmt::format("memory beside {} was overwritten", word(role)));
    const bool must_stay = !block.output && role != Role::scratch;
    if (must_stay && guards_hold && now != block.written)
      note(role == Role::workspace ? std::string("the workspace was not left zeroed")
                                   : fmt::format("input {} was overwritten", word(role)));
    if (block.output) collected.outputs[role] = {now.begin() + kGuard, now.begin() + end};
  }
  return collected;
}

}  // namespace assay::kernels
