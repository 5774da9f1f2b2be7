// A workload: launches that a layer above the gates makes, and that run, and are recorded, as gates are.
//
// A row of the gate table whose method is a workload has named attempts: of a kernel one for each problem. The runner
// asks for them once the row's prerequisites are met, in children like any other; what an attempt does, and how its
// cases are made again by a verifier, the workload knows alone. Tested by tests/gate/runner_workloads_test.cc, and by
// tests/kernels/run_kernel_test.cc for the workloads that there are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/facts.h"
#include "harness/evidence/record.h"
#include "harness/evidence/verify.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/execution.h"

namespace assay::gate {

/// What an attempt is given in its child; the device of `probe` is there.
struct WorkloadTools {
  const Seed& seed;
  Target target;                    ///< The device's own.
  const cuda::DeviceFacts& device;  ///< For limits, never for names.
  const ProbeTools& probe;
  const Result<std::unique_ptr<cuda::CudaCompiler>>& compiler;  ///< Its error is recorded as no assembler.
};

/// What an attempt compiles and launches.
struct WorkloadText {
  std::string source;                ///< CUDA C++.
  std::vector<std::string> entries;  ///< The kernels that it launches, in order.
};

class Workload {
 public:
  virtual ~Workload() = default;

  /// The names of the attempts, in order; the first speaks for the row. The same on every device: an attempt that a
  /// device cannot take says so in its record.
  virtual std::vector<std::string> variants() const = 0;

  /// Fills stages, cases, controls, measurements and artifacts of the record, whose variant says which attempt it is.
  virtual void run(const WorkloadTools&, evidence::Record&) const = 0;

  /// The cases of the record's attempt, made again from its seed. Error: there is no such attempt.
  virtual Result<std::vector<evidence::CaseDigests>> recompute(const evidence::Record&, const Seed&) const = 0;

  /// What an attempt with the record's target and limits compiles. Error: it compiles nothing.
  virtual Result<WorkloadText> text(const evidence::Record&) const = 0;
};

/// The files that records of workloads keep.
inline constexpr std::string_view kWorkloadRoles[] = {"cuda", "cubin", "witness-with", "witness-without"};

}  // namespace assay::gate
