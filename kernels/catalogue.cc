// THE kernel table: one row a kernel, in the order in which a run asks them.
//
// To add a kernel: one file with its device text, one with its refusals and its plan, and a row here.
// tests/kernels/catalogue_test.cc says what a row lacks.
#include "kernels/catalogue.h"

#include <algorithm>
#include <array>

#include "kernels/decode.h"
#include "kernels/gemm_portable.h"
#include "kernels/gemm_wgmma.h"
#include "kernels/prepare_weights.h"
#include "kernels/quantize_activations.h"

namespace assay::kernels {
std::span<const Kernel> catalogue() {
  static const std::array kCatalogue = {prepare_weights(), quantize_activations(), decode_portable(),
                                        gemm_portable(),   decode_wgmma(),         gemm_wgmma()};
  return kCatalogue;
}

const Kernel* find_kernel(std::string_view id) {
  const auto rows = catalogue();
  const auto found = std::ranges::find(rows, id, &Kernel::id);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace assay::kernels
