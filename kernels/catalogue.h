// THE kernel table.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel.h"

namespace assay::kernels {

/// Every kernel, in the order in which a run asks them.
std::span<const Kernel> catalogue();

/// The row with this id, or null.
const Kernel* find_kernel(std::string_view id);

}  // namespace assay::kernels
