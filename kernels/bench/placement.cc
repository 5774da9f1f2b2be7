#include "kernels/bench/placement.h"

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "kernels/bench/rotation.h"

namespace assay::kernels::bench {
namespace {

/// Tensor maps and bulk copies want 128, allocations give 256.
constexpr std::int64_t kAlignment = 256;

std::int64_t aligned(std::int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

cuda::Parameter bytes_of(const void* from, std::size_t count) {
  cuda::Parameter bytes(count);
  std::memcpy(bytes.data(), from, count);
  return bytes;
}

}  // namespace

Result<Block> Block::allocate(cuda::Device& device, std::int64_t bytes) {
  Result<cuda::Address> address = device.allocate(static_cast<std::size_t>(bytes));
  if (!address) return address.error();
  Block block;
  block.device_ = &device;
  block.address_ = *address;
  return block;
}

Block::Block(Block&& other) noexcept : device_(std::exchange(other.device_, nullptr)), address_(other.address_) {}

Block& Block::operator=(Block&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(address_, other.address_);
  return *this;
}

Block::~Block() {
  if (device_ != nullptr) (void)device_->release(address_);
}

Placement::~Placement() {
  for (const cuda::Module module : modules_) device_->unload(module);
}

Result<Placement> Placement::place(cuda::Device& device, const Workload& workload, std::int64_t rotate_bytes) {
  Placement placement(device, workload);
  placement.lay_out();
  if (Status s = placement.allocate(rotate_bytes); !s) return s.error();
  if (Status s = placement.load(); !s) return s.error();
  if (Status s = placement.write(); !s) return s.error();
  if (Status s = placement.run_once(); !s) return s.error();
  if (Status s = placement.duplicate(); !s) return s.error();
  return placement;
}

const Placement::Group& Placement::group(Use use) const {
  if (use == Use::streamed) return streamed_;
  return use == Use::operand ? operand_ : kept_;
}
Placement::Group& Placement::group(Use use) { return const_cast<Group&>(std::as_const(*this).group(use)); }

void Placement::lay_out() {
  for (const Array& array : workload_->arrays) {
    Group& home = group(array.use);
    offsets_.push_back(home.stride);
    home.stride += aligned(static_cast<std::int64_t>(array.bytes));
  }
}

Status Placement::allocate(std::int64_t rotate_bytes) {
  streamed_.copies = copies_of_streamed(streamed_.stride, rotate_bytes);
  operand_.copies = copies_of_operands(operand_.stride, streamed_.copies);
  for (Group* one : {&streamed_, &operand_, &kept_}) {
    if (one->stride == 0) continue;
    Result<Block> block = Block::allocate(*device_, one->stride * one->copies);
    if (!block) return block.error();
    one->block = *std::move(block);
  }
  return ok();
}

Status Placement::load() {
  for (const auto& image : workload_->images) {
    Result<cuda::Module> module = device_->load(image);
    if (!module) return module.error();
    modules_.push_back(*module);
  }
  return ok();
}

Status Placement::write() {
  for (std::size_t i = 0; i < workload_->arrays.size(); ++i) {
    const Array& array = workload_->arrays[i];
    Status written = array.content.empty() ? device_->fill(at(i, 0), array.filler, array.bytes)
                                           : device_->write(at(i, 0), array.content);
    if (!written) return written;
  }
  return ok();
}

Status Placement::run_once() {
  Result<std::vector<cuda::Work>> work = launches(workload_->once, 0);
  if (!work) return work.error();
  for (const cuda::Work& one : *work)
    if (Status queued = device_->enqueue(one); !queued) return queued;
  return device_->synchronize();
}

Status Placement::duplicate() {
  for (const Group* one : {&streamed_, &operand_})
    for (std::int64_t copy = 1; copy < one->copies; ++copy) {
      const cuda::Address first = one->block.address();
      const Status copied = device_->copy(first + static_cast<cuda::Address>(copy * one->stride), first,
                                          static_cast<std::size_t>(one->stride));
      if (!copied) return copied;
    }
  return device_->synchronize();
}

std::int64_t Placement::copies_of(std::size_t array) const { return group(workload_->arrays[array].use).copies; }

cuda::Address Placement::at(std::size_t array, std::int64_t copy) const {
  const Group& home = group(workload_->arrays[array].use);
  return home.block.address() + static_cast<cuda::Address>(offsets_[array] + copy % home.copies * home.stride);
}

Status Placement::fill(std::size_t array, std::byte value) {
  for (std::int64_t copy = 0; copy < copies_of(array); ++copy)
    if (Status filled = device_->fill(at(array, copy), value, workload_->arrays[array].bytes); !filled) return filled;
  return ok();
}

Result<cuda::Parameter> Placement::parameter(const Slot& slot, std::int64_t copy) {
  if (const auto* value = std::get_if<cuda::Parameter>(&slot)) return *value;
  if (const auto* place = std::get_if<ArrayAddress>(&slot)) {
    const cuda::Address address = at(place->array, copy);
    return bytes_of(&address, sizeof address);
  }
  const auto& [array, map] = std::get<ArrayMap>(slot);
  const Result<cuda::TensorMap> encoded = device_->encode(map, at(array, copy));
  if (!encoded) return encoded.error();
  return bytes_of(encoded->bytes.data(), encoded->bytes.size());
}

Result<std::vector<cuda::Work>> Placement::launches(const std::vector<Step>& steps, std::int64_t copy) {
  std::vector<cuda::Work> work;
  for (const Step& step : steps) {
    const Result<cuda::Function> function = device_->resolve(modules_.at(step.image), step.entry);
    if (!function) return function.error();
    cuda::KernelLaunch launch{.function = *function, .shape = step.shape, .parameters = {}};
    for (const Slot& slot : step.slots) {
      Result<cuda::Parameter> bytes = parameter(slot, copy);
      if (!bytes) return bytes.error();
      launch.parameters.push_back(*std::move(bytes));
    }
    work.emplace_back(std::move(launch));
  }
  return work;
}

Result<std::vector<cuda::Work>> Placement::one_pass() {
  std::vector<cuda::Work> pass;
  for (std::int64_t copy = 0; copy < copies(); ++copy) {
    Result<std::vector<cuda::Work>> work = launches(workload_->steps, copy);
    if (!work) return work.error();
    for (cuda::Work& one : *work) pass.push_back(std::move(one));
  }
  return pass;
}

}  // namespace assay::kernels::bench
