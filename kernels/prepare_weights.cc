#include "kernels/prepare_weights.h"

#include <fmt/format.h>

#include "kernels/forms.h"
#include "kernels/fragment_order.h"
#include "kernels/inputs.h"
#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr gate::Prerequisite kNeeds[] = {{"control.copy"}, {"control.arithmetic"}};

// A CTA of prepare_weights.cu: a pair of row tiles by sixteen steps.
constexpr std::int64_t kThreads = 256, kPairRows = 2 * kTileRows, kCtaSteps = 16;
// CTAs in a grid's y, and what an int counts without care.
constexpr std::int64_t kMostPairs = 65535;
constexpr std::int64_t kMostColumns = std::int64_t{1} << 30;

std::int64_t pairs(const Problem& problem) { return (weight_rows(problem) + kPairRows - 1) / kPairRows; }

/// Where the blocks of a row are an even number, two of them are read at once.
bool paired(const Problem& problem) { return problem.k % 32 == 0; }

std::optional<std::string> refuses(const Problem& problem, const DeviceLimits&) {
  if (problem.n <= 0 || problem.k <= 0) return "N and K must be 1 or more";
  if (problem.k % 16 != 0) return "K is no multiple of 16";
  if (problem.k > kMostColumns) return fmt::format("more than {} columns", kMostColumns);
  if (pairs(problem) > kMostPairs) return fmt::format("more than {} rows of weights", kMostPairs * kPairRows);
  return std::nullopt;
}

std::string source(const Problem& problem) {
  constexpr std::string_view kEntry = R"(
extern "C" __global__ void __launch_bounds__({}) prepare_weights(
    const unsigned char* codes, const unsigned char* scales, unsigned char* weights, int rows, int k, int gated) {{
  nvfp4::prepare_weights<{}>(codes, scales, weights, rows, k, gated != 0);
}}
)";
  return source_of({"prepare_weights"}, fmt::format(kEntry, kThreads, paired(problem)));
}

Plan plan(const Problem& problem, const DeviceLimits&) {
  const FragmentOrder order{.rows = weight_rows(problem), .k = problem.k, .gated = problem.gated};
  const std::int64_t along = (order.steps() + kCtaSteps - 1) / kCtaSteps;
  Launch launch{
      .source = source(problem),
      .entry = "prepare_weights",
      .shape = {.grid = {static_cast<std::uint32_t>(along), static_cast<std::uint32_t>(pairs(problem))},
                .block = {static_cast<std::uint32_t>(kThreads)}},
      .parameters = parameters(AddressOf{Role::codes}, AddressOf{Role::scales}, AddressOf{Role::weights},
                               value(static_cast<std::int32_t>(order.rows)), value(static_cast<std::int32_t>(order.k)),
                               value(std::int32_t{order.gated ? 1 : 0}))};
  return {.launches = {std::move(launch)},
          .choice = fmt::format("{} CTAs of 32 rows by 2048 columns, {} bytes of codes a read", along * pairs(problem),
                                paired(problem) ? 16 : 8)};
}

}  // namespace

Kernel prepare_weights() {
  return {.id = "kernel.nvfp4_prepare_weights",
          .version = 1,
          .lane = Lane::portable,
          .operation = Operation::prepare_weights,
          .summary = "canonical NVFP4 weights to the order that products read, on the device",
          .source = "PTX ISA 9.7.14.5.8 (fragments of mma.m16n8k16); kernels/fragment_order.h",
          .needs = kNeeds,
          .home = {80, ' '},
          .form = kStore,
          .problems = prepare_problems(),
          .refuses = refuses,
          .plan = plan};
}

}  // namespace assay::kernels
