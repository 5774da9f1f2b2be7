// How kernels/decode.cu is launched: which rows a CTA takes, and how K is shared.
//
// One rule for all devices and both lanes. One CTA a multiprocessor, of as many warps as registers allow: the rows are
// cut into as many groups as there are multiprocessors (or twice, three times ... as many, until a group has at most 14
// row tiles), a tile a warp, and the rest of the warps share K. With 9 to 16 tokens, fewer than three tiles a
// multiprocessor would read more x than W: where there are clusters, two or four CTAs share K then, and a warp takes
// two tiles. Tested by tests/kernels/decode_test.cc.
#pragma once

#include "kernels/kernel.h"

namespace assay::kernels {

/// Tokens that a decode row takes at most.
inline constexpr std::int64_t kMostDecodeTokens = 32;

/// The template arguments and sizes of one launch; names as in decode.cu.
struct DecodeShape {
  int tiles = 1;        ///< Row tiles of a warp.
  int token_tiles = 1;  ///< Of eight tokens.
  int slots = 3;
  int ranks = 1;  ///< CTAs of a cluster.
  int row_warps = 1, k_warps = 1;
  int row_tiles = 0;     ///< Of W.
  int shared_bytes = 0;  ///< Of a CTA.
};

/// The shape for a problem that is not refused; `most_ranks` is 1 where there are no clusters.
DecodeShape decode_shape(const Problem&, const DeviceLimits&, int most_ranks);

/// "kernel.nvfp4_decode_portable": sm_80 and later.
const Kernel& decode_portable();
/// "kernel.nvfp4_decode_wgmma": sm_90a, with clusters where they pay.
const Kernel& decode_wgmma();

}  // namespace assay::kernels
