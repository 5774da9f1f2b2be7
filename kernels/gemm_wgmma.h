// How kernels/gemm_wgmma.cu is launched: the tile of a CTA, and how many CTAs share the tiles of the last wave.
//
// A tile is chosen by an estimate of the time, in clocks of an H100: steps of the longest piece times what a step
// costs, plus what each tile and the sharing of a tile cost. The costs of steps and tiles were measured; only their
// ratios matter. Tested by tests/kernels/gemm_wgmma_test.cc.
#pragma once

#include "kernels/kernel.h"

namespace assay::kernels {

/// One instance of gemm_wgmma.cu, and its cost.
struct GemmTile {
  int row_groups = 1;  ///< Warpgroups side by side, 128 rows each.
  int k_groups = 1;    ///< Warpgroups that share K.
  int tokens = 64, stages = 4;
  int step_clocks = 0, tile_clocks = 0;

  int rows() const { return 128 * row_groups; }
  int sum_bytes() const { return rows() * tokens * 4; }
  int threads() const { return 128 * (row_groups * k_groups + 1); }
  /// Shared memory of a CTA; as in gemm_wgmma.cu.
  int shared_bytes(bool gated) const;
};

/// The launch of one problem.
struct GemmShape {
  GemmTile tile;
  int row_tiles = 0, token_tiles = 0, steps = 0;
  int splits = 1;  ///< CTAs that share a tile of the last wave.
  int ctas = 0;
  std::int64_t clocks = 0;  ///< The estimate.
};

/// The best shape for a problem that is not refused.
GemmShape gemm_shape(const Problem&, const DeviceLimits&);

/// "kernel.nvfp4_gemm_wgmma": sm_90a.
const Kernel& gemm_wgmma();

}  // namespace assay::kernels
