// The rows that `assay bench kernels` times.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel.h"

namespace assay::cli {

/// Every row of the catalogue that computes a product.
std::span<const kernels::Kernel> bench_rows();
/// The row with this id, or null.
const kernels::Kernel* find_bench_row(std::string_view id);
/// The row that brings weights into fragment order, or null.
const kernels::Kernel* prepare_row();

}  // namespace assay::cli
