#include "kernels/bench/choice.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernels/bench/bind.h"
#include "kernels/decode.h"

namespace assay::kernels::bench {
namespace {

/// The first that is best.
std::pair<bool, Lane> rank(const Kernel& row, const Problem& problem) {
  return {decodes(row) == (problem.m <= kMostDecodeTokens), row.lane};
}

/// A row that prepares the weights, or why there is none.
Result<const Kernel*> preparer(std::span<const Kernel* const> admitted, const Problem& problem,
                               const DeviceLimits& limits) {
  const auto found = std::ranges::find(admitted, Operation::prepare_weights, &Kernel::operation);
  if (found == admitted.end()) return Error{"nothing that may run here prepares its weights"};
  if (const auto why = (*found)->refuses(problem, limits)) return Error{fmt::format("{}: {}", (*found)->id, *why)};
  return *found;
}

Result<Choice> with_row(const Kernel& row, std::span<const Kernel* const> admitted, const Problem& problem,
                        const DeviceLimits& limits) {
  if (const auto why = row.refuses(problem, limits)) return Error{*why};
  if (!takes(row.plan(problem, limits), Role::weights)) return Choice{.product = &row};
  const Result<const Kernel*> prepare = preparer(admitted, problem, limits);
  if (!prepare) return prepare.error();
  return Choice{.product = &row, .prepare = *prepare};
}

}  // namespace

bool decodes(const Kernel& row) {
  return std::ranges::all_of(row.problems, [](const Problem& problem) { return problem.m <= kMostDecodeTokens; });
}

Result<Choice> choose(std::span<const Kernel* const> admitted, const Problem& problem, const DeviceLimits& limits) {
  Choice best;
  std::string refusals;
  for (const Kernel* row : admitted) {
    if (row->operation != Operation::w4a16_product) continue;
    const Result<Choice> choice = with_row(*row, admitted, problem, limits);
    if (!choice)
      refusals += fmt::format("{}{}: {}", refusals.empty() ? "" : "; ", row->id, choice.error().message);
    else if (best.product == nullptr || rank(*row, problem) > rank(*best.product, problem))
      best = *choice;
  }
  if (best.product != nullptr) return best;
  return Error{refusals.empty() ? "no product may run here" : "no row takes it: " + refusals};
}

}  // namespace assay::kernels::bench
