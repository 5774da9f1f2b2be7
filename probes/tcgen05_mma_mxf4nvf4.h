// tcgen05.mma.mxf4nvf4: does the tensor-memory MMA compute a right block-scaled FP4 product?
//
// NVFP4: E2M1 elements, each 16 along K with a UE4M3 scale; 128 x N x K in steps of K = 64. Elements lie in shared
// memory, two a byte; scales are copied from there to tensor memory by tcgen05.cp.32x128b.warpx4, for N > 128 in two
// tiles of B's a step (tcgen05_operands.h). The copies and the products are issued by one thread, and a product comes
// after the copies before it; nothing keeps a copy behind an earlier product, so each step has columns of its own.
//
// As in tcgen05_f16.h, the host makes all images, and all allocated columns hold values before the product and are
// given back after it: D, the scales in their four copies, and what stands beside them. Rows of a tile that no row of B
// fills hold other valid scales. N, D's column and the scales' columns come from the challenge: N in steps of 16, D's
// column a multiple of 32, that of the scales one of 4. In one case N may be no multiple of 32, so that B's last column
// of scales is half full: a first mismatch there is a question of layout. A wait that gives up ends in a trap.
//
// Exact and wide inputs: block_scaled.h. A permutation along K within blocks that A and B share cannot be seen: D is
// the same sum. Tested by tests/probes/tcgen05_mma_mxf4nvf4_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// Exact cases with scales that are powers of two or any codes, with and without accumulation onto D, and a wide one.
/// The negative case changes one scale of A, so that exactly its copies in tensor memory and words of its row of D
/// move.
gate::Probe make_tcgen05_mma_mxf4nvf4(const gate::Seed&);

}  // namespace assay::probes
