// The device memory of one case: every buffer between guard words, outputs poisoned.
//
//     | guard 1 KiB | payload | guard 1 KiB |
//
// Guards and poison come from the challenge, so neither a cached answer nor a kernel that writes constants can look
// right. Tested by tests/gate/run_probe_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"

namespace assay::gate {

/// What came back from the device after a launch.
struct Observed {
  std::vector<std::vector<std::byte>> outputs;  ///< In argument order, outputs only.
  std::string canary;  ///< Empty: guards and inputs unchanged. Else what was overwritten, one line.
};

class DeviceBuffers {
 public:
  /// Allocates and writes everything that the case names. The device must outlive the buffers.
  static Result<DeviceBuffers> place(cuda::Device&, const Case&, const Seed&);
  DeviceBuffers(DeviceBuffers&&) noexcept = default;
  DeviceBuffers& operator=(DeviceBuffers&&) = delete;
  ~DeviceBuffers();

  /// Kernel parameters in order: addresses, scalars, encoded tensor maps.
  const std::vector<cuda::Parameter>& parameters() const { return parameters_; }
  /// Reads all buffers back and checks guards and inputs.
  Result<Observed> collect() const;

 private:
  struct Block {
    std::string name;
    bool output = false;
    cuda::Address base = 0;
    std::vector<std::byte> written;  ///< Guard, payload (poison for outputs), guard.
  };

  DeviceBuffers(cuda::Device& device, std::size_t arguments) : device_(&device), blocks_(arguments) {}
  Status place_block(std::size_t position, const std::string& name, std::vector<std::byte> payload, bool output,
                     const Seed&);
  Status make_parameters(const Case&);
  cuda::Address payload(std::size_t position) const;

  cuda::Device* device_;
  std::vector<Block> blocks_;  ///< By argument position; base 0 where the argument is no buffer.
  std::vector<cuda::Parameter> parameters_;
};

}  // namespace assay::gate
