#include "kernels/bench/judge.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/nvfp4/formats.h"

namespace assay::kernels::bench {

double Judgement::relative_error() const {
  if (squared_value == 0) return squared_error == 0 ? 0 : HUGE_VAL;
  return std::sqrt(squared_error / squared_value);
}

Bounds bounds_of(const Problem& problem) {
  const double sums = static_cast<double>(problem.k) * 0x1p-23;
  if (problem.activation == Activation::bf16)
    return {.relative = 0x1p-8, .of_slack = sums, .absolute = 0, .frobenius = 2e-3};
  return {.relative = 0x1p-11, .of_slack = sums, .absolute = 0x1p-25, .frobenius = 2.5e-4};
}

void judge(std::span<const double> outputs, std::span<const double> values, std::span<const double> slacks,
           const Bounds& bounds, std::int64_t first, Judgement& judgement) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const double slack = slacks.empty() ? 0 : slacks[i];
    const double bound = bounds.relative * std::abs(values[i]) + bounds.of_slack * slack + bounds.absolute;
    const double error = std::abs(outputs[i] - values[i]);
    ++judgement.compared;
    judgement.squared_error += error * error;
    judgement.squared_value += values[i] * values[i];
    // Written so that a NaN is no pass.
    if (error <= bound) {
      if (bound > 0) judgement.worst = std::max(judgement.worst, error / bound);
      continue;
    }
    if (judgement.mismatches++ != 0) continue;
    judgement.first_mismatch = fmt::format("y[{}]: expected {:.9g}, observed {:.9g}, bound {:.3g}",
                                           first + static_cast<std::int64_t>(i), values[i], outputs[i], bound);
  }
}

std::vector<double> values_of(std::span<const std::uint16_t> codes, Activation type) {
  std::vector<double> values;
  values.reserve(codes.size());
  for (const std::uint16_t code : codes)
    values.push_back(type == Activation::bf16 ? nvfp4::bf16_value(code) : nvfp4::f16_value(code));
  return values;
}

std::string complaint(const Judgement& judgement, std::int64_t outputs, const Bounds& bounds) {
  if (judgement.compared != outputs || outputs == 0)
    return fmt::format("{} of {} outputs were compared", judgement.compared, outputs);
  if (judgement.mismatches != 0)
    return fmt::format("{} of {} outputs are wrong, the first {}", judgement.mismatches, judgement.compared,
                       judgement.first_mismatch);
  if (!(judgement.relative_error() <= bounds.frobenius))
    return fmt::format("relative error of all outputs {:.3g}, allowed {:.3g}", judgement.relative_error(),
                       bounds.frobenius);
  return {};
}

}  // namespace assay::kernels::bench
