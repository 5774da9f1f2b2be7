// A product measured with everything that belongs beside it: the oracle, the plain read, and cuBLAS in BF16.
// Tested by tests/bench/product_test.cc.
#pragma once

#include "kernels/bench/bind.h"
#include "kernels/bench/inputs.h"
#include "kernels/bench/judge.h"
#include "kernels/bench/measure.h"

namespace assay::kernels::bench {

struct BenchTools {
  cuda::Device& device;
  const cuda::Nvml* nvml = nullptr;
  std::int64_t rotate_bytes = 0;
  Compile compile;
  bool with_peer = true;
};

/// A workload whose output is the product of these inputs, within these bounds (bounds_of for every row of the
/// catalogue).
Result<Measured> measure_product(const Workload&, const Inputs&, const Problem&, const Bounds&, const BenchTools&,
                                 const TurnOptions&);

/// A workload whose output an oracle of the caller's knows. No peer does the same.
Result<Measured> measure_alone(const Workload&, Oracle&, const BenchTools&, const TurnOptions&);

/// Arrays of the peer's product: BF16 weights, expanded on the device from the canonical ones, x and y.
Result<Workload> peer_workload(const Inputs&, const Problem&, const Compile&);

}  // namespace assay::kernels::bench
