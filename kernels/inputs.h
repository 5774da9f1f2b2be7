// What a kernel is given, made from the run's challenge: pure, the same on every host.
//
// Wide range: codes are all sixteen alike; block scales are drawn over all E4M3 codes 0x00..0x7e, zero, the least
// subnormal and the largest among them wherever there are three blocks; activations are sums of four uniform 16-bit
// numbers, which is close to a Gaussian of deviation 1.15 and needs integers only; the tensor scale keeps results near
// 5, whatever K is, so that neither output type overflows or leaves its normal range by much.
//
// Exact range: activations are -2..2, block scales 1 or 2, the tensor scale 1/2, the bias -8..8. Every product is then
// a multiple of 1/2 and every sum of fewer than 2^17 of them below 2^23, so float32 loses nothing in any order of
// addition, and what must come out is known bit for bit.
// Tested by tests/kernels/inputs_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "harness/gate/challenge_stream.h"
#include "kernels/fast_stream.h"
#include "kernels/kernel.h"

namespace assay::kernels {

/// Host copies, in the layouts of Role; empty where the operation has no such input.
struct Inputs {
  std::vector<std::uint8_t> codes;   ///< [rows][K / 2]
  std::vector<std::uint8_t> scales;  ///< [rows][K / 16]
  std::vector<std::uint16_t> x;      ///< [M][K], bits of the activation's type.
  std::vector<float> bias;           ///< [N]
  std::array<float, 2> tensor_scale{1, 1};
};

enum class Range { wide, exact };

/// Rows of the weight matrix: a gated pair has two of N.
inline std::int64_t weight_rows(const Problem& problem) { return problem.gated ? 2 * problem.n : problem.n; }

Inputs make_inputs(Operation, const Problem&, Range, const gate::Seed&);

/// Activations of wide range, as above.
std::vector<std::uint16_t> wide_activations(std::int64_t count, Activation, FastStream);

/// The value of an activation's bits, and the nearest bits of a value.
float value_of(Activation, std::uint16_t bits);
std::uint16_t nearest(Activation, double value);

}  // namespace assay::kernels
