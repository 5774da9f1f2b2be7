#include "kernels/bench/layer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "harness/gate/probe.h"
#include "kernels/bench/judge.h"

namespace assay::kernels::bench {
namespace {

/// The elements carry their own bounds; their common error counts where enough of them decide it.
Bounds bounds_for(std::span<const Element> elements) {
  const bool together = deciding_elements(elements) >= kFewestTogether;
  return {.relative = 0,
          .of_slack = 1,
          .absolute = 0,
          .frobenius = together ? kLargestFrobenius : std::numeric_limits<double>::infinity()};
}

/// Of an error that no bound excuses, NaN too.
constexpr double kLargestShare = 1e6;

double share_of_bound(double observed, const Element& element) {
  const double error = std::abs(observed - element.value);
  if (error == 0) return 0;
  const double share = error / element.bound;
  return share < kLargestShare ? share : kLargestShare;
}

/// What the device is given of what the host multiplies.
Inputs uploaded(const kernels::Inputs& inputs) {
  return {.codes = gate::bytes_of(inputs.codes),
          .scales = gate::bytes_of(inputs.scales),
          .x = gate::bytes_of(inputs.x),
          .bias = gate::bytes_of(inputs.bias),
          .tensor_scales = inputs.tensor_scale};
}

Result<Workload> workload_of(const kernels::Inputs& inputs, const Problem& problem, const Choice& choice,
                             const Plan& plan, const DeviceLimits& limits, const Compile& compile) {
  std::optional<Plan> prepare;
  if (choice.prepare != nullptr) prepare = choice.prepare->plan(problem, limits);
  return product_workload(plan, prepare ? &*prepare : nullptr, problem, uploaded(inputs), compile);
}

}  // namespace

std::string ElementOracle::unwritten(std::span<const std::uint16_t> codes) const {
  const std::vector<double> values = values_of(codes, problem_.activation);
  const auto found = std::ranges::find_if(values, [](double one) { return !std::isfinite(one); });
  if (found == values.end()) return {};
  const std::int64_t at = found - values.begin();
  return fmt::format("y[{}][{}] is {}: not written, or wrong", at / problem_.n, at % problem_.n, *found);
}

Result<Opinion> ElementOracle::judge(std::span<const std::byte> output) {
  std::vector<std::uint16_t> codes(output.size() / sizeof(std::uint16_t));
  std::memcpy(codes.data(), output.data(), codes.size() * sizeof(std::uint16_t));
  const Bounds bounds = bounds_for(elements_);
  Judgement judgement;
  double worst = 0;
  for (const Element& element : elements_) {
    const std::int64_t at = element.row * problem_.n + element.column;
    if (at >= std::ssize(codes)) break;
    const std::vector<double> observed =
        values_of(std::span(codes).subspan(static_cast<std::size_t>(at), 1), problem_.activation);
    bench::judge(observed, {&element.value, 1}, {&element.bound, 1}, bounds, at, judgement);
    worst = std::max(worst, share_of_bound(observed.front(), element));
  }
  std::string wrong = complaint(judgement, std::ssize(elements_), bounds);
  if (wrong.empty()) wrong = unwritten(codes);
  return Opinion{.complaint = std::move(wrong), .relative_error = judgement.relative_error(), .worst = worst};
}

Result<LayerOutcome> measure_layer(const artifact::Checkpoint& checkpoint, const Layer& layer, std::int64_t m,
                                   const gate::Seed& seed, const Choice& choice, const DeviceLimits& limits,
                                   const BenchTools& tools, const std::optional<TurnOptions>& options) {
  const Problem problem = layer.problem(m);
  const Result<kernels::Inputs> inputs = layer_inputs(checkpoint, layer, m, seed);
  if (!inputs) return inputs.error();
  const Plan plan = choice.product->plan(problem, limits);
  const Result<Workload> work = workload_of(*inputs, problem, choice, plan, limits, tools.compile);
  if (!work) return work.error();
  std::vector<Element> elements = layer_elements(problem, seed);
  refer(problem, *inputs, elements, reference_threads());
  const std::int64_t compared = std::ssize(elements);
  ElementOracle oracle(problem, std::move(elements));
  Result<Measured> measured =
      options ? measure_alone(*work, oracle, tools, *options) : check(*work, oracle, tools.device);
  if (!measured) return measured.error();
  return LayerOutcome{.choice = plan.choice, .compared = compared, .measured = *std::move(measured)};
}

}  // namespace assay::kernels::bench
