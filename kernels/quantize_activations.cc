#include "kernels/quantize_activations.h"

#include <fmt/format.h>

#include "kernels/forms.h"
#include "kernels/nvfp4/block.h"
#include "kernels/nvfp4/layout.h"
#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr gate::Prerequisite kNeeds[] = {{"control.copy"}, {"control.arithmetic"}};

// A CTA of quantize_activations.cu: two tiles of scales that follow each other along K.
constexpr std::int64_t kThreads = 256, kCtaRows = nvfp4::kScaleTile.rows, kCtaBlocks = 2 * nvfp4::kScaleTile.blocks;
// CTAs in a grid's y, and what an int counts without care.
constexpr std::int64_t kMostRowTiles = 65535;
constexpr std::int64_t kMostColumns = std::int64_t{1} << 30;

std::int64_t row_tiles(const Problem& problem) { return (problem.m + kCtaRows - 1) / kCtaRows; }

std::optional<std::string> refuses(const Problem& problem, const DeviceLimits&) {
  if (problem.m <= 0 || problem.k <= 0) return "M and K must be 1 or more";
  if (problem.k % 16 != 0) return "K is no multiple of 16";
  if (problem.k > kMostColumns) return fmt::format("more than {} columns", kMostColumns);
  if (problem.activation != Activation::bf16) return "x must be BF16";
  if (row_tiles(problem) > kMostRowTiles) return fmt::format("more than {} rows of x", kMostRowTiles * kCtaRows);
  return std::nullopt;
}

std::string source() {
  constexpr std::string_view kEntry = R"(
extern "C" __global__ void __launch_bounds__({}) quantize_activations(
    const unsigned short* x, unsigned char* packed, unsigned char* packed_scales, float s2, int m, int k) {{
  nvfp4::quantize_activations(x, packed, packed_scales, s2, m, k);
}}
)";
  return source_of({"quantize_activations"}, fmt::format(kEntry, kThreads));
}

Plan plan(const Problem& problem, const DeviceLimits&) {
  const auto blocks = problem.k / static_cast<std::int64_t>(nvfp4::kBlock);
  const std::int64_t along = (blocks + kCtaBlocks - 1) / kCtaBlocks;
  Launch launch{.source = source(),
                .entry = "quantize_activations",
                .shape = {.grid = {static_cast<std::uint32_t>(along), static_cast<std::uint32_t>(row_tiles(problem))},
                          .block = {static_cast<std::uint32_t>(kThreads)}},
                .parameters = parameters(AddressOf{Role::x}, AddressOf{Role::packed}, AddressOf{Role::packed_scales},
                                         TensorScale{0}, value(static_cast<std::int32_t>(problem.m)),
                                         value(static_cast<std::int32_t>(problem.k)))};
  return {.launches = {std::move(launch)},
          .choice = fmt::format("{} CTAs of 128 rows by 128 columns, a block a lane", along * row_tiles(problem))};
}

}  // namespace

Kernel quantize_activations() {
  return {.id = "kernel.nvfp4_quantize_activations",
          .version = 1,
          .lane = Lane::portable,
          .operation = Operation::quantize_activations,
          .summary = "BF16 activations to NVFP4 codes and tiled scales, by the formulas of the format",
          .source = "IEEE 754-2019 4.3 (rounding); kernels/nvfp4/block.h, kernels/nvfp4/layout.h",
          .needs = kNeeds,
          .home = {80, ' '},
          .form = kStore,
          .problems = quantize_problems(),
          .refuses = refuses,
          .plan = plan};
}

}  // namespace assay::kernels
