// A workload's arrays in device memory, with their copies, and its launches on each of them.
//
//     streamed   [copy][array]: the copies lie behind each other, so that a plain read takes one copy's arrays, or all
//     operand    [copy][array], fewer copies: launch i takes copy i modulo their number
//     kept       [array]
//
// Tested by tests/bench/placement_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "kernels/bench/workload.h"

namespace assay::kernels::bench {

/// Device memory, given back at the end of its life. The device must outlive it.
class Block {
 public:
  Block() = default;
  static Result<Block> allocate(cuda::Device&, std::int64_t bytes);
  Block(Block&&) noexcept;
  Block& operator=(Block&&) noexcept;
  ~Block();
  cuda::Address address() const { return address_; }

 private:
  cuda::Device* device_ = nullptr;
  cuda::Address address_ = 0;
};

class Placement {
 public:
  /// Allocates and writes everything, with copies of what is streamed until there are `rotate_bytes`, and runs what is
  /// to run once. Error: no memory for it, an image that the driver refuses, an entry that is not there, or what the
  /// launches came to. Workload and device must outlive it.
  static Result<Placement> place(cuda::Device&, const Workload&, std::int64_t rotate_bytes);
  Placement(Placement&&) noexcept = default;
  Placement& operator=(Placement&&) = delete;
  ~Placement();

  std::int64_t copies() const { return streamed_.copies; }
  std::int64_t operand_copies() const { return operand_.copies; }
  /// How many copies there are of an array.
  std::int64_t copies_of(std::size_t array) const;
  /// Where a copy of an array lies; `copy` counts launches, and wraps around.
  cuda::Address at(std::size_t array, std::int64_t copy) const;

  /// The streamed arrays of the first copy, and how far it is from one copy to the next.
  cuda::Address streamed() const { return streamed_.block.address(); }
  std::int64_t stride() const { return streamed_.stride; }

  /// The launches of copy after copy, each copy once.
  Result<std::vector<cuda::Work>> one_pass();
  /// Fills every copy of an array with a byte.
  Status fill(std::size_t array, std::byte value);

 private:
  struct Group {
    Block block;
    std::int64_t stride = 0, copies = 1;
  };

  Placement(cuda::Device& device, const Workload& workload) : device_(&device), workload_(&workload) {}
  void lay_out();
  Status allocate(std::int64_t rotate_bytes);
  Status load();
  Status write();
  Status run_once();
  Status duplicate();
  Result<std::vector<cuda::Work>> launches(const std::vector<Step>&, std::int64_t copy);
  Result<cuda::Parameter> parameter(const Slot&, std::int64_t copy);
  const Group& group(Use use) const;
  Group& group(Use use);

  cuda::Device* device_;
  const Workload* workload_;
  Group streamed_, operand_, kept_;
  std::vector<std::int64_t> offsets_;  // of each array in its group's copy
  std::vector<cuda::Module> modules_;
};

}  // namespace assay::kernels::bench
