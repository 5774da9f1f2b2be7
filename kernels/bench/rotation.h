// How many copies of what a kernel reads are visited in turn, so that no launch finds its bytes in a cache.
//
// A matrix of 9 MB that is read again and again comes from the second-level cache, and a kernel looks three times as
// fast as it will ever be in a model. So copies are made until they fill that cache several times, and every launch
// takes the next one. Tested by tests/bench/rotation_test.cc.
#pragma once

#include <cstdint>

namespace assay::kernels::bench {

/// max(400 MB, 4 * L2).
std::int64_t rotated_bytes(std::int64_t l2_bytes);

/// The fewest copies of `bytes` that reach `wanted` bytes; at least 1, and at most 1024, since each is a node of a
/// graph: what has less than 400 kB stays in a cache, and its figure says so.
std::int64_t copies_of_streamed(std::int64_t bytes, std::int64_t wanted);

/// Copies of operands of `bytes` together: as many as the streamed ones, as long as all of them stay under 64 MiB; at
/// least 1.
std::int64_t copies_of_operands(std::int64_t bytes, std::int64_t streamed_copies);

}  // namespace assay::kernels::bench
