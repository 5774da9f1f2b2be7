// How kernels/gemm_portable.cu is launched: the tile of a block, and how many blocks share K.
//
// A large tile dequantises and loads less for a product, a small one leaves no multiprocessor idle, and a split of K
// costs a pass over its sums. Which is best is estimated: the work of the busiest multiprocessor, at the rate that a
// multiprocessor has about everywhere, and what the last block of a tile adds up. Only the order of the estimates
// matters. Tested by tests/kernels/gemm_portable_test.cc.
#pragma once

#include "kernels/kernel.h"

namespace assay::kernels {

struct GemmChoice {
  std::int64_t warp_tiles = 2;    ///< Row tiles of a warp; four warps side by side.
  std::int64_t warp_tokens = 32;  ///< Tokens of a warp; two warps side by side.
  std::int64_t stages = 2;
  std::int64_t resident = 1;  ///< Blocks a multiprocessor.
  std::int64_t tiles = 1;     ///< Blocks, but for splits.
  std::int64_t splits = 1;
  std::int64_t shared_bytes = 0;

  std::int64_t rows() const { return 4 * warp_tiles * 16; }
  std::int64_t tokens() const { return 2 * warp_tokens; }
};
/// For any sizes of 1 and more.
GemmChoice choose_gemm(const Problem&, const DeviceLimits&);

/// "kernel.nvfp4_gemm_portable": sm_80 and later.
const Kernel& gemm_portable();

}  // namespace assay::kernels
