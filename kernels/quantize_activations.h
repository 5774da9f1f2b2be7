// The row that quantises activations in BF16 to NVFP4, with scales in tiles of 128 x 4: kernels/nvfp4/layout.h. The
// device's work is said in quantize_activations.cu. Tested by tests/kernels/quantize_activations_test.cc.
#pragma once

#include "kernels/kernel.h"

namespace assay::kernels {

/// kernel.nvfp4_quantize_activations
Kernel quantize_activations();

}  // namespace assay::kernels
