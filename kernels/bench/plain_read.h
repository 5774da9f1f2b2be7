// The plain read that every figure is held against, and the bandwidths of the same device in the same run.
// Tested by tests/bench/plain_read_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"
#include "kernels/bench/placement.h"
#include "kernels/bench/turns.h"

namespace assay::kernels::bench {

/// One way to read: how many loads of 16 bytes a thread has in flight, and how many threads a block has.
struct ReadForm {
  std::string entry;
  std::uint32_t loads = 2, threads = 256;
};
std::span<const ReadForm> read_forms();

class PlainRead {
 public:
  /// `image` is plain_read.cu for the device, which must outlive this.
  static Result<PlainRead> load(cuda::Device&, std::span<const std::byte> image);
  PlainRead(PlainRead&& other) noexcept;
  PlainRead& operator=(PlainRead&&) = delete;
  ~PlainRead();

  /// One launch that reads `bytes`, rounded down to 16.
  Result<cuda::Work> read(const ReadForm&, cuda::Address from, std::int64_t bytes) const;
  /// Each copy of the streamed arrays once, in the form that is fastest here: a floor is the best that can be done.
  Result<Contestant> of_copies(const Placement&) const;
  /// Everything that is streamed in one launch.
  Result<Contestant> of_all(const Placement&) const;

 private:
  explicit PlainRead(cuda::Device& device) : device_(&device) {}
  Result<std::vector<cuda::Work>> pass(const ReadForm&, cuda::Address from, std::int64_t bytes,
                                       std::int64_t copies) const;
  Result<Contestant> fastest(std::string name, cuda::Address from, std::int64_t bytes, std::int64_t copies) const;

  cuda::Device* device_;
  cuda::Module module_{};
  Block sink_;
};

/// Bytes a second of a copy on the device, read and written ones both counted.
Result<std::int64_t> copy_bandwidth(cuda::Device&, const Placement&);

}  // namespace assay::kernels::bench
