// Kernels as rows of the gate table, so that the runner, the verifier and the reports treat them as what they are:
// gates whose question is whether a whole kernel gives right results. Each problem is a variant. Tested by
// tests/kernels/kernel_gates_test.cc.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "harness/gate/gate.h"
#include "harness/gate/workload.h"
#include "kernels/kernel.h"

namespace assay::kernels {

/// A row's attempts.
class KernelWorkload : public gate::Workload {
 public:
  explicit KernelWorkload(const Kernel& kernel) : kernel_(&kernel) {}
  std::vector<std::string> variants() const override;
  void run(const gate::WorkloadTools&, evidence::Record&) const override;
  Result<std::vector<evidence::CaseDigests>> recompute(const evidence::Record&, const gate::Seed&) const override;
  Result<gate::WorkloadText> text(const evidence::Record&) const override;

 private:
  const Kernel* kernel_;
};

/// The rows of a catalogue, which must outlive them; not to be copied, because rows point at their workloads.
class KernelGates {
 public:
  explicit KernelGates(std::span<const Kernel> catalogue);
  KernelGates(const KernelGates&) = delete;
  KernelGates& operator=(const KernelGates&) = delete;
  std::span<const gate::Gate> rows() const { return rows_; }

 private:
  std::deque<KernelWorkload> workloads_;
  std::vector<gate::Gate> rows_;
};

}  // namespace assay::kernels
