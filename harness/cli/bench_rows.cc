#include "harness/cli/bench_rows.h"

#include <algorithm>

#include "kernels/catalogue.h"

namespace assay::cli {

std::span<const kernels::Kernel> bench_rows() { return kernels::catalogue(); }

const kernels::Kernel* find_bench_row(std::string_view id) {
  const auto rows = bench_rows();
  const auto found = std::ranges::find(rows, id, &kernels::Kernel::id);
  return found == rows.end() ? nullptr : &*found;
}

const kernels::Kernel* prepare_row() {
  const auto rows = bench_rows();
  const auto found = std::ranges::find(rows, kernels::Operation::prepare_weights, &kernels::Kernel::operation);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace assay::cli
