// tma.reduce: does a tensor store that reduces update the elements of a box right, and no others?
//
// The kernel fills the tensor from a buffer, lets one or two CTAs issue the same box once or more, and gives the tensor
// back whole. Every value is an integer that its type represents, small enough for each sum to be exact in any order,
// so the additions of CTAs that meet in an element are compared bit for bit; unsigned words wrap around. Which type
// takes which operation is a table of the manual (PTX ISA 9.7.9.27.1.3): increment and decrement only u32, whose order
// matters and which are therefore issued by one CTA with one image. Their values are drawn so that each branch is met:
// below, equal to and above the bound, and zero.
//
// As with stores only the far edges are crossed, and rows are whole units of 16 bytes (docs/surprises.md).
// Tested by tests/probes/tma_reduce_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// In the order of the manual; the numbers that the kernel takes.
enum class ReduceOperation : std::uint32_t { add, min, max, inc, dec, bit_and, bit_or, bit_xor };

/// What an element becomes. The integers are those that the bits stand for; u32 wraps when the result is stored.
std::int64_t reduced(ReduceOperation, std::int64_t element, std::int64_t operand);

/// Additions first, then the other operations, in every swizzle mode. The negative case changes one element of the
/// first case's image.
gate::Probe make_tma_reduce(const gate::Seed&);

}  // namespace assay::probes
