#include "kernels/kernel_gates.h"

#include <fmt/format.h>

#include "kernels/judge.h"
#include "kernels/problems.h"
#include "kernels/run_kernel.h"
#include "kernels/trial.h"

namespace assay::kernels {
namespace {

Result<Problem> problem_of(const Kernel& kernel, const evidence::Record& record) {
  if (const auto problem = problem_named(kernel, record.variant)) return *problem;
  return Error{fmt::format("{} has no problem '{}'", kernel.id, record.variant)};
}

gate::Gate row_of(const Kernel& kernel, const gate::Workload& workload) {
  return {.id = kernel.id,
          .version = kernel.version,
          .question = kernel.summary,
          .instruction = kernel.form.instruction,
          .source = kernel.source,
          .prerequisites = kernel.needs,
          .home = kernel.home,
          .proves = "that this kernel gave right results for problems of this size",
          .does_not_prove = "other sizes, drivers or devices, nor any speed",
          .method = &workload};
}

}  // namespace

std::vector<std::string> KernelWorkload::variants() const {
  std::vector<std::string> names;
  for (const Problem& problem : kernel_->problems) names.push_back(name_of(kernel_->operation, problem));
  return names;
}

void KernelWorkload::run(const gate::WorkloadTools& tools, evidence::Record& record) const {
  run_kernel(*kernel_, tools, record);
}

Result<std::vector<evidence::CaseDigests>> KernelWorkload::recompute(const evidence::Record& record,
                                                                     const gate::Seed& seed) const {
  const Result<Problem> problem = problem_of(*kernel_, record);
  if (!problem) return problem.error();
  return digests(make_task(kernel_->operation, *problem, seed), record);
}

Result<gate::WorkloadText> KernelWorkload::text(const evidence::Record& record) const {
  const Result<Problem> problem = problem_of(*kernel_, record);
  if (!problem) return problem.error();
  const Result<DeviceLimits> limits = limits_of(record);
  if (!limits) return limits.error();
  if (const auto why = kernel_->refuses(*problem, *limits)) return Error{"the row refuses this problem: " + *why};
  const Plan plan = kernel_->plan(*problem, *limits);
  Result<std::string> source = text_of(plan);
  if (!source) return source.error();
  gate::WorkloadText text{.source = *std::move(source), .entries = {}};
  for (const Launch& launch : plan.launches) text.entries.push_back(launch.entry);
  return text;
}

KernelGates::KernelGates(std::span<const Kernel> catalogue) {
  for (const Kernel& kernel : catalogue) rows_.push_back(row_of(kernel, workloads_.emplace_back(kernel)));
}

}  // namespace assay::kernels
