// A plan's arrays in device memory: each between guard words, outputs poisoned, the workspace zeroed once.
//
// As in harness/gate/device_buffers.h, but by role: several launches share them, and the same launch is made again.
// Tested by tests/kernels/run_kernel_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "harness/gate/challenge_stream.h"
#include "kernels/judge.h"
#include "kernels/kernel.h"
#include "kernels/trial.h"

namespace assay::kernels {

/// What came back after a launch.
struct Collected {
  Observed outputs;
  std::string canary;  ///< Empty: guards and inputs unchanged, the workspace zero. Else what was overwritten, one line.
};

class DeviceArrays {
 public:
  /// Allocates and writes every array that the plan names. The device must outlive the arrays. Error: also a plan that
  /// names an array which the operation does not have, or leaves out one that it writes.
  static Result<DeviceArrays> place(cuda::Device&, const Task&, const Plan&, const Trial&, const gate::Seed&);
  DeviceArrays(DeviceArrays&&) noexcept = default;
  DeviceArrays& operator=(DeviceArrays&&) = delete;
  ~DeviceArrays();

  /// The parameters of a launch of the plan, in order.
  Result<std::vector<cuda::Parameter>> parameters(const Launch&) const;
  /// Poisons every output again, for another launch.
  Status poison_again();
  /// Other bytes in an input.
  Status replace(Role, std::vector<std::byte> bytes);
  /// Reads all arrays back.
  Result<Collected> collect() const;

 private:
  struct Block {
    bool output = false;
    cuda::Address base = 0;
    std::vector<std::byte> written;  ///< Guard, payload, guard.
  };

  DeviceArrays(cuda::Device& device, const Inputs& inputs, const gate::Seed& seed)
      : device_(&device), tensor_scale_(inputs.tensor_scale), seed_(seed) {}
  Status place_block(Role, std::vector<std::byte> payload, bool output);
  cuda::Address payload(Role role) const;

  cuda::Device* device_;
  std::array<float, 2> tensor_scale_;
  gate::Seed seed_;
  std::map<Role, Block> blocks_;
  int launches_ = 0;  ///< That the outputs were poisoned for.
};

}  // namespace assay::kernels
