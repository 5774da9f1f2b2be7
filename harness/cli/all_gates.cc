#include "harness/cli/all_gates.h"

#include <variant>
#include <vector>

#include "kernels/catalogue.h"
#include "kernels/kernel_gates.h"
#include "probes/gates.h"

namespace assay::cli {

std::span<const gate::Gate> all_gates() {
  static const kernels::KernelGates of_kernels(kernels::catalogue());
  static const std::vector<gate::Gate> rows = [] {
    std::vector<gate::Gate> all(probes::gates().begin(), probes::gates().end());
    all.insert(all.end(), of_kernels.rows().begin(), of_kernels.rows().end());
    return all;
  }();
  return rows;
}

bool is_kernel(const gate::Gate& row) { return std::holds_alternative<const gate::Workload*>(row.method); }

}  // namespace assay::cli
