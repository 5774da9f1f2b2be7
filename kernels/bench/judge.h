// Whether outputs are right: each within its own bound, and all of them together.
//
// An output y of K terms may miss the exact value v by rounding once to its own type and by what float32 sums lose on
// the way, in whatever order they are made:
//
//     |y - v| <= half_step |v| + K 2^-23 slack        half_step 2^-8 of BF16; 2^-11 of FP16, and 2^-25 for subnormals
//
// That would let every output be wrong by half a step, so all of them together must be nearer: the relative Frobenius
// error is at most 2e-3 of BF16, whose rounding alone makes 1.66e-3, and 2.5e-4 of FP16. What is not a number is wrong.
// Tested by tests/bench/judge_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernel.h"

namespace assay::kernels::bench {

struct Judgement {
  std::int64_t compared = 0, mismatches = 0;
  std::string first_mismatch;  ///< "y[17]: expected 0.5, observed nan, bound 0.002"; empty if none.
  double worst = 0;            ///< The largest share of its bound that an error took.
  double squared_error = 0, squared_value = 0;

  double relative_error() const;
};

/// Which bounds hold for a problem's outputs.
struct Bounds {
  double relative = 0, of_slack = 0, absolute = 0;  ///< Of |v|, of the slack, and of neither.
  double frobenius = 0;
};
Bounds bounds_of(const Problem&);

/// Adds a stretch of outputs, of which the first is output number `first`. Without slacks there is none.
void judge(std::span<const double> outputs, std::span<const double> values, std::span<const double> slacks,
           const Bounds&, std::int64_t first, Judgement&);

/// The values of BF16 or FP16 codes.
std::vector<double> values_of(std::span<const std::uint16_t> codes, Activation);

/// Empty if everything that had to be compared was, and is right; else why not, one line.
std::string complaint(const Judgement&, std::int64_t outputs, const Bounds&);

}  // namespace assay::kernels::bench
