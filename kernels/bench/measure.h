// One workload measured: right first, then timed, then right again.
//
//     1. everything is placed, with copies of what a launch streams
//     2. outputs are filled with NaN; every copy is launched once; the first copy's output is judged, the others must
//        equal it bit for bit
//     3. kernel, plain read and peer are timed in turns (kernels/bench/turns.h), with the device's state in between
//     4. the outputs of the last timed launches, and of one more pass over NaN, must be the same bits again
//
// The launches that are judged are the ones that are timed: same module, same grid, same pointers. Without a right
// output before and after there is no figure. The peer is held to the same oracle. Tested by
// tests/bench/measure_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/blas.h"
#include "harness/cuda/nvml.h"
#include "harness/evidence/record.h"
#include "kernels/bench/oracle.h"
#include "kernels/bench/placement.h"
#include "kernels/bench/statistics.h"
#include "kernels/bench/turns.h"

namespace assay::kernels::bench {

struct MeasureTools {
  cuda::Device& device;
  const cuda::Nvml* nvml = nullptr;       ///< Null: not readable.
  std::int64_t rotate_bytes = 0;          ///< kernels/bench/rotation.h
  std::span<const std::byte> plain_read;  ///< plain_read.cu for this device.
};

/// Another implementation of the same product: its arrays, and its work on a copy of them.
struct Peer {
  std::string name;  ///< "cuBLAS 13.0 BF16".
  const Workload* workload = nullptr;
  /// Work that holds addresses: the placement itself moves.
  std::function<cuda::Work(const Placement&, std::int64_t copy)> work;
};

/// What was timed beside the kernel.
struct Beside {
  std::string name;
  Spread spread;  ///< Nanoseconds a launch.
  Timed timed;
  std::string why_not;  ///< No figure, and why; else empty.
};

/// `why_not` empty: there are figures, and the outputs were right.
struct Measured {
  std::string why_not;  ///< "before timing: 3 of 16 outputs are wrong, ..."
  evidence::Performance performance;
  Spread spread;
  Timed timed;
  std::int64_t copies = 0, operand_copies = 0;
  bool fits_caches = false;  ///< The copies are fewer than it takes to empty the caches: the figure flatters.
  double relative_error = 0, worst = 0;
  Beside plain_read;
  std::optional<Beside> peer;
  std::int64_t read_bytes_per_second = 0, copy_bytes_per_second = 0;
};

/// The first peer whose output is right is the one that is timed. Error: the device, a library or the oracle failed; a
/// wrong result is none.
Result<Measured> measure(const Workload&, Oracle&, std::span<const Peer> peers, const MeasureTools&,
                         const TurnOptions&);

/// Steps 2 and 4 alone, on one copy: whether the output is right, twice, and no time.
Result<Measured> check(const Workload&, Oracle&, cuda::Device&);

/// Percent times ten of `part` in `whole`; 0 where there is nothing to divide by.
std::int64_t permille(std::int64_t part, std::int64_t whole);

/// What the bytes of a launch take at the read bandwidth of the same run.
std::int64_t byte_floor_ns(const Measured&);

}  // namespace assay::kernels::bench
