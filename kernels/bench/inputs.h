// What a timed product is given, and what one of its outputs must be.
//
// Random data throughout, since zeros and narrow values draw less power, raise the clock and flatter the result: codes
// uniform, block scales uniform over nine octaves, activations Gaussian. Speed asks for nothing secret, so the seed is
// fixed and two runs time the same bytes.
//
// `expected_output` is the host's word for one output, in double precision, in which every term is exact: the formula
// of kernels/bench/reference.cu once more, so that the reference that runs on the device is itself held against
// something. Tested by tests/bench/inputs_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel.h"

namespace assay::kernels::bench {

/// Arrays in the canonical layout, as kernels/kernel.h names them.
struct Inputs {
  std::vector<std::byte> codes, scales, x, bias;  ///< `bias` is empty where the problem has none.
  std::array<float, 2> tensor_scales{};           ///< Of the weight, or of gate and up.
};

/// For a problem; x holds the problem's M rows.
Inputs draw_inputs(const Problem&);
/// x alone: M rows for the problem's K. The first rows are the same whatever M is.
std::vector<std::byte> draw_activations(const Problem&);

/// Rows of weights: N, and of a gated pair 2 N.
std::int64_t stored_rows(const Problem&);

/// A value, and the sum of its terms' magnitudes: what relative errors within the terms may move it by.
struct Expected {
  double value = 0, slack = 0;
};
Expected expected_output(const Inputs&, const Problem&, std::int64_t token, std::int64_t output);

}  // namespace assay::kernels::bench
