// The state of a device while something is timed: NVML's word before, between and after the rounds.
//
// A figure of a device that slowed down says so. Bits that only tell that nothing runs, or that somebody set the
// clocks, are no slowing down and are left out. Tested by tests/bench/watch_test.cc.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/cuda/nvml.h"
#include "harness/evidence/record.h"

namespace assay::kernels::bench {

class Watch {
 public:
  /// Null: nothing can be read, and every figure says so.
  explicit Watch(const cuda::Nvml* nvml) : nvml_(nvml) {}
  /// One reading of everything.
  void look();
  /// The first and the last clock, the highest power and temperature, every reason seen.
  void stamp(evidence::Performance&) const;

 private:
  const cuda::Nvml* nvml_;
  std::optional<std::int64_t> first_clock_, last_clock_, power_, temperature_, reasons_;
};

}  // namespace assay::kernels::bench
