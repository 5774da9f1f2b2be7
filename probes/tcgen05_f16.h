// What the two float16 gates of tcgen05.mma share: a table of shapes made into a probe, for one CTA or for a pair.
//
// The host makes the images and the kernel only copies them, so an error of layout is an error of tcgen05_operands.cc
// or of the hardware, never of device code. All allocated columns hold values before the product and are given back
// after it. Where the first step must not accumulate, D's place holds a matrix that would change every element; where
// it must, the same kind of matrix counts; and the cells beside D must come back as they were.
//
// N and D's column come from the challenge. The manual allows N in steps of 8, of 16 for a pair, and so does CUTLASS
// for A in shared memory (its steps of 16 and 32 at these M are for A in tensor memory); the probes take steps of 16 a
// CTA. No source names an alignment of columns; the probes use multiples of 32.
//
// A wait that gives up ends the launch by a trap, so that the attempt counts as faulted and no status word is read
// back: a product that is late may still write to tensor memory, which must not be in other hands by then.
//
// What no product can show is a permutation along K that A and B share: D is the same sum.
// Tested by tests/probes/tcgen05_mma_f16_test.cc and tcgen05_mma_pair_test.cc.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/gate/gate.h"
#include "probes/f16_product.h"

namespace assay::probes {

/// One case. K is such that all steps advance alike (tcgen05_advance).
struct F16Shape {
  std::size_t m = 0, n = 0, k = 0;  ///< n 0: drawn from the challenge.
  cuda::Swizzle swizzle_a = cuda::Swizzle::none, swizzle_b = cuda::Swizzle::none;
  Longer longer = Longer::a;
  bool accumulate = false;  ///< Onto a D that tensor memory holds already.
  bool wide = false;
};

/// One case a shape, the first an exact one. The negative case flips the sign of one element of A in the first, so that
/// exactly the words of its row of D move.
gate::Probe make_tcgen05_f16(const gate::Seed&, gate::Source, std::size_t ctas, std::span<const F16Shape>,
                             std::vector<std::string_view> mnemonics);

}  // namespace assay::probes
