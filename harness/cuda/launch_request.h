// A launch in the form that cuLaunchKernelEx takes: the configuration with its attributes, and the parameters copied to
// places that are aligned for any of them (a tensor map asks for 64).
// Tested by tests/cuda/device_test.cc, whose stand-in driver checks what arrives.
#pragma once

#include <cuda.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/launch.h"

namespace assay::cuda {

/// Holds what a CUlaunchConfig points to, so it neither moves nor is copied.
class LaunchRequest {
 public:
  enum class ClusterAttribute { when_clustered, always };

  LaunchRequest(const LaunchShape&, CUstream, ClusterAttribute = ClusterAttribute::when_clustered);
  LaunchRequest(const LaunchRequest&) = delete;
  LaunchRequest& operator=(const LaunchRequest&) = delete;

  const CUlaunchConfig* config() const { return &config_; }

 private:
  CUlaunchAttribute cluster_{};
  CUlaunchConfig config_{};
};

/// Moves but is never copied: the pointers are into its own slots.
class ParameterCopies {
 public:
  ParameterCopies(ParameterCopies&&) = default;
  ParameterCopies& operator=(ParameterCopies&&) = default;

  /// Error: a parameter of no byte, or of more than 128.
  static Result<ParameterCopies> of(std::span<const Parameter>);
  /// The array of pointers that a launch takes.
  void** pointers() { return pointers_.data(); }

 private:
  ParameterCopies() = default;

  struct alignas(64) Slot {
    std::array<std::byte, 128> bytes{};
  };
  std::vector<Slot> slots_;  // its buffer, and so every pointer, stays where it is when the whole is moved
  std::vector<void*> pointers_;
};

}  // namespace assay::cuda
