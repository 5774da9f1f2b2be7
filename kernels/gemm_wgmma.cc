#include "kernels/gemm_wgmma.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernels/forms.h"
#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr std::int64_t kStep = 128, kPairBytes = 2304, kMostTokens = 8192;
constexpr int kMostSplits = 8, kStoreTokens = 16;

// Clocks measured on an H100: of one step of 128 columns, and of the end of a tile.
constexpr std::array<GemmTile, 5> kTiles{
    {{.row_groups = 2, .k_groups = 1, .tokens = 128, .stages = 3, .step_clocks = 2240, .tile_clocks = 4000},
     {.row_groups = 1, .k_groups = 2, .tokens = 128, .stages = 3, .step_clocks = 1350, .tile_clocks = 2500},
     {.row_groups = 2, .k_groups = 1, .tokens = 64, .stages = 5, .step_clocks = 1600, .tile_clocks = 2500},
     {.row_groups = 1, .k_groups = 2, .tokens = 64, .stages = 6, .step_clocks = 950, .tile_clocks = 1500},
     {.row_groups = 1, .k_groups = 2, .tokens = 32, .stages = 6, .step_clocks = 850, .tile_clocks = 1000}}};
constexpr int kMeetingClocks = 2500, kBytesAClock = 8;  // Of sums that are left and read again.

std::int64_t divided(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t pairs_of(const Problem& problem) { return divided(problem.n, problem.gated ? 16 : 32); }

GemmShape shape_with(const GemmTile& tile, const Problem& problem, const DeviceLimits& limits) {
  GemmShape shape{.tile = tile,
                  .row_tiles = static_cast<int>(divided(pairs_of(problem) * 32, tile.rows())),
                  .token_tiles = static_cast<int>(divided(problem.m, tile.tokens)),
                  .steps = static_cast<int>(divided(problem.k, kStep))};
  const int tiles = shape.row_tiles * shape.token_tiles, workers = static_cast<int>(limits.multiprocessors);
  const int waves = tiles / workers, left = tiles % workers;
  if (left > 0)
    shape.splits = std::clamp(workers / left, 1, std::min({kMostSplits, shape.steps, tile.tokens / kStoreTokens}));
  shape.ctas = waves > 0 ? workers : left * shape.splits;
  const std::int64_t steps = waves * shape.steps + (left > 0 ? divided(shape.steps, shape.splits) : 0);
  shape.clocks = steps * tile.step_clocks + (waves + (left > 0)) * tile.tile_clocks;
  if (shape.splits > 1)
    shape.clocks += kMeetingClocks + tile.sum_bytes() / shape.splits * (shape.splits - 1) / kBytesAClock;
  return shape;
}

std::optional<std::string> refuses(const Problem& problem, const DeviceLimits& limits) {
  if (limits.target != Target{90, 'a'}) return fmt::format("needs sm_90a; the device is {}", to_string(limits.target));
  if (auto why = refused_product(problem, kMostTokens)) return why;
  if (problem.n % 8 != 0) return fmt::format("N is {}; TMA stores need a multiple of 8", problem.n);
  const int needed = kTiles.front().shared_bytes(problem.gated);
  if (needed > limits.shared_block_bytes)
    return fmt::format("needs {} bytes of shared memory a block; the device has {}", needed, limits.shared_block_bytes);
  return std::nullopt;
}

std::string instance_of(const Problem& problem, const GemmTile& tile) {
  return fmt::format(
      "extern \"C\" __global__ void __launch_bounds__({}, 1) nvfp4_gemm(\n"
      "    const __grid_constant__ nvfp4::TensorMap weights, const __grid_constant__ nvfp4::TensorMap x,\n"
      "    const __grid_constant__ nvfp4::TensorMap y, const float* bias, float* sums, nvfp4::Meeting* meetings,\n"
      "    float scale0, float scale1, int m, int n, int k, int row_tiles, int token_tiles, int splits) {{\n"
      "  nvfp4::gemm<nvfp4::{}, {}, {}, {}, {}, {}, {}>(\n"
      "      {{bias, sums, meetings, scale0, scale1, m, n, k, row_tiles, token_tiles, splits}}, weights, x, y);\n"
      "}}\n",
      tile.threads(), problem.activation == Activation::bf16 ? "Bf16" : "F16", tile.row_groups, tile.k_groups,
      tile.tokens, tile.stages, problem.gated, problem.bias);
}

std::uint64_t u64(std::int64_t v) { return static_cast<std::uint64_t>(v); }
std::uint32_t u32(std::int64_t v) { return static_cast<std::uint32_t>(v); }

/// Units of 1152 bytes as 144 words of 8 bytes, the units of a step, and pairs of row tiles.
MapOf weights_map(const Problem& problem, const GemmShape& shape) {
  return {Role::weights,
          {.type = cuda::ElementType::u64,
           .dims = {144, u64(2 * shape.steps), u64(pairs_of(problem))},
           .strides = {u64(kPairBytes / 2), u64(shape.steps * kPairBytes)},
           .box = {144, 2, u32(shape.tile.rows() / 32)}}};
}

cuda::ElementType element(const Problem& problem) {
  return problem.activation == Activation::bf16 ? cuda::ElementType::bf16 : cuda::ElementType::f16;
}

MapOf x_map(const Problem& problem, const GemmShape& shape) {
  return {Role::x,
          {.type = element(problem),
           .dims = {u64(problem.k), u64(problem.m)},
           .strides = {u64(problem.k * 2)},
           .box = {64, u32(shape.tile.tokens)},
           .swizzle = cuda::Swizzle::b128}};
}

MapOf y_map(const Problem& problem) {
  return {Role::y,
          {.type = element(problem),
           .dims = {u64(problem.n), u64(problem.m)},
           .strides = {u64(problem.n * 2)},
           .box = {problem.gated ? 16u : 32u, kStoreTokens},
           .swizzle = problem.gated ? cuda::Swizzle::b32 : cuda::Swizzle::b64}};
}

Plan plan(const Problem& problem, const DeviceLimits& limits) {
  const GemmShape shape = gemm_shape(problem, limits);
  const auto number = [](std::int64_t v) { return value(static_cast<std::int32_t>(v)); };
  const bool shared = shape.splits > 1;
  Launch launch{.source = source_of({"w4a16", "wgmma", "gemm_wgmma"}, instance_of(problem, shape.tile)),
                .entry = "nvfp4_gemm",
                .shape = {.grid = {u32(shape.ctas), 1, 1},
                          .block = {u32(shape.tile.threads()), 1, 1},
                          .cluster = {},
                          .dynamic_shared_bytes = u32(shape.tile.shared_bytes(problem.gated))},
                .parameters = parameters(weights_map(problem, shape), x_map(problem, shape), y_map(problem),
                                         problem.bias ? Parameter(AddressOf{Role::bias}) : value(std::uint64_t{0}),
                                         shared ? Parameter(AddressOf{Role::scratch}) : value(std::uint64_t{0}),
                                         shared ? Parameter(AddressOf{Role::workspace}) : value(std::uint64_t{0}),
                                         TensorScale{0}, TensorScale{problem.gated ? 1 : 0}, number(problem.m),
                                         number(problem.n), number(problem.k), number(shape.row_tiles),
                                         number(shape.token_tiles), number(shape.splits))};
  std::string choice =
      fmt::format("{} CTAs, tiles of {} rows by {} tokens", shape.ctas, shape.tile.rows(), shape.tile.tokens);
  if (shared) choice += fmt::format(", {} CTAs a tile of the last wave", shape.splits);
  return {.launches = {std::move(launch)},
          .workspace_bytes = shared ? shape.ctas * std::int64_t{8} : 0,
          .scratch_bytes = shared ? shape.ctas * std::int64_t{shape.tile.sum_bytes()} : 0,
          .choice = std::move(choice)};
}

constexpr gate::Prerequisite kNeeds[] = {{"wgmma.bf16"}, {"tma.load"}};

}  // namespace

int GemmTile::shared_bytes(bool gated) const {
  const int warps = 4 * row_groups * k_groups, stores = warps * (tokens / k_groups) * (gated ? 32 : 64);
  const int exchange = k_groups == 2 ? sum_bytes() : 0;
  const int before = (1024 + stores + exchange + 1023) / 1024 * 1024;
  const int weights = 4 * row_groups * static_cast<int>(kPairBytes);
  return before + stages * ((weights + 1023) / 1024 * 1024 + 2 * tokens * 128);
}

GemmShape gemm_shape(const Problem& problem, const DeviceLimits& limits) {
  GemmShape best = shape_with(kTiles.front(), problem, limits);
  for (const GemmTile& tile : kTiles) {
    const GemmShape shape = shape_with(tile, problem, limits);
    if (shape.clocks < best.clocks) best = shape;
  }
  return best;
}

const Kernel& gemm_wgmma() {
  static const Kernel kRow{.id = "kernel.nvfp4_gemm_wgmma",
                           .lane = Lane::wgmma,
                           .operation = Operation::w4a16_product,
                           .summary = "W4A16 product of up to 8192 tokens, weights dequantised into wgmma's registers",
                           .source =
                               "PTX ISA 9.7.15 (wgmma), 9.7.9.27 (cp.async.bulk.tensor), 9.7.13.15 (mbarrier), "
                               "9.7.19.5 (setmaxnreg)",
                           .needs = kNeeds,
                           .home = {90, 'a'},
                           .form = kWgmma,
                           .problems = gemm_problems(),
                           .refuses = refuses,
                           .plan = plan};
  return kRow;
}

}  // namespace assay::kernels
