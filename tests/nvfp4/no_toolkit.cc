#include "tests/nvfp4/toolkit.h"

namespace assay::nvfp4 {

std::span<const ToolkitConversion> toolkit_conversions() { return {}; }
std::span<const ToolkitValue> toolkit_values() { return {}; }
std::string_view why_no_toolkit() {
  return "CUDA'S HEADERS cuda_fp4.h, cuda_fp8.h, cuda_bf16.h AND cuda_fp16.h WERE NOT FOUND OR DO NOT COMPILE, SO "
         "NOTHING "
         "WAS COMPARED WITH THEM: install a CUDA toolkit, 13.0 or later, or set CUDA_HOME, and configure anew";
}

}  // namespace assay::nvfp4
