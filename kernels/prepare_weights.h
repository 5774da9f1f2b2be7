// The row that puts NVFP4 weights into the order in which products read them: kernels/fragment_order.h. The device's
// work is said in prepare_weights.cu. Tested by tests/kernels/prepare_weights_test.cc.
#pragma once

#include "kernels/kernel.h"

namespace assay::kernels {

/// kernel.nvfp4_prepare_weights
Kernel prepare_weights();

}  // namespace assay::kernels
