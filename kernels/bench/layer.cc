#include "kernels/bench/layer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "harness/gate/probe.h"
#include "kernels/bench/judge.h"
#include "kernels/fragment_order.h"

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

/// A layer on its way through the steps.
struct Passage {
  const kernels::Inputs& inputs;
  const Problem problem;
  const Plan plan;
  const std::optional<Plan> prepare;
  const BenchTools& tools;
};

Result<Measured> multiplied(const Passage& layer, Oracle& oracle, const std::optional<TurnOptions>& options) {
  const Result<Workload> work = product_workload(layer.plan, layer.prepare ? &*layer.prepare : nullptr, layer.problem,
                                                 uploaded(layer.inputs), layer.tools.compile);
  if (!work) return work.error();
  return options ? measure_alone(*work, oracle, layer.tools, *options) : check(*work, oracle, layer.tools.device);
}

Result<Measured> prepared(const Passage& layer, const TurnOptions& options) {
  const Result<Workload> work =
      prepare_workload(*layer.prepare, layer.problem, uploaded(layer.inputs), layer.tools.compile);
  if (!work) return work.error();
  ByteOracle oracle(fragment_order(layer.inputs.codes, layer.inputs.scales, weight_rows(layer.problem), layer.problem.k,
                                   layer.problem.gated));
  return measure_alone(*work, oracle, layer.tools, options);
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

Result<Opinion> ByteOracle::judge(std::span<const std::byte> output) {
  const std::span<const std::byte> expected = std::as_bytes(std::span(expected_));
  if (output.size() != expected.size())
    return Opinion{.complaint = fmt::format("{} bytes, expected {}", output.size(), expected.size())};
  const auto [observed, right] = std::ranges::mismatch(output, expected);
  if (observed == output.end()) return Opinion{};
  return Opinion{.complaint = fmt::format("byte {} is {:#04x}, expected {:#04x}", observed - output.begin(),
                                          std::to_integer<unsigned>(*observed), std::to_integer<unsigned>(*right))};
}

Result<LayerOutcome> measure_layer(const artifact::Checkpoint& checkpoint, const Layer& layer, std::int64_t m,
                                   const gate::Seed& seed, const Choice& choice, const DeviceLimits& limits,
                                   const BenchTools& tools, const std::optional<TurnOptions>& options) {
  const Problem problem = layer.problem(m);
  const Result<kernels::Inputs> inputs = layer_inputs(checkpoint, layer, m, seed);
  if (!inputs) return inputs.error();
  const Passage passage{.inputs = *inputs,
                        .problem = problem,
                        .plan = choice.product->plan(problem, limits),
                        .prepare = choice.prepare ? std::optional(choice.prepare->plan(problem, limits)) : std::nullopt,
                        .tools = tools};
  std::vector<Element> elements = layer_elements(problem, seed);
  refer(problem, *inputs, elements, reference_threads());
  LayerOutcome outcome{.choice = passage.plan.choice, .compared = std::ssize(elements)};
  ElementOracle oracle(problem, std::move(elements));
  Result<Measured> measured = multiplied(passage, oracle, options);
  if (!measured) return measured.error();
  outcome.measured = *std::move(measured);
  if (!options || !passage.prepare || !outcome.measured.why_not.empty()) return outcome;
  Result<Measured> before = prepared(passage, *options);
  if (!before) return before.error();
  outcome.prepared = *std::move(before);
  return outcome;
}

}  // namespace assay::kernels::bench
