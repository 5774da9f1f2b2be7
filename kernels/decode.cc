#include "kernels/decode.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/forms.h"
#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr std::int64_t kStep = 128, kUnitBytes = 1152, kTokenStride = 2 * kStep + 16;
constexpr int kMostTilesOfGroup = 14, kMostTeams = 12;

int divided(int a, int b) { return (a + b - 1) / b; }

int row_tiles_of(const Problem& problem) {
  const auto per_pair = problem.gated ? 16 : 32;
  return 2 * divided(static_cast<int>(problem.n), per_pair);
}

/// Warps of a CTA, whose registers are those of a multiprocessor.
int warps_of(const DecodeShape& shape) {
  if (shape.ranks > 1) return 12;
  return shape.token_tiles == 4 ? 16 : 28;
}

/// As decode_shared_bytes in decode.cu.
int shared_bytes(const DecodeShape& shape, int m) {
  const int tiles = shape.row_warps * shape.tiles, group = 2 * shape.ranks;
  const int slot = tiles * static_cast<int>(kUnitBytes) + divided(m * static_cast<int>(kTokenStride), 128) * 128;
  const int fragments = divided(tiles * shape.token_tiles, group) * group;
  return shape.k_warps * (shape.slots * slot + fragments * 512);
}

/// CTAs that share K, so that a multiprocessor has at least three tiles where there are as many tokens as to matter.
int ranks_for(const DecodeShape& shape, int steps, int multiprocessors, int most_ranks) {
  int ranks = 1;
  if (shape.token_tiles == 2 && steps >= 16)
    while (ranks < most_ranks && shape.row_tiles * ranks < 3 * multiprocessors) ranks *= 2;
  return ranks;
}

std::optional<std::string> refused_memory(const Problem& problem, const DeviceLimits& limits, int most_ranks) {
  const DecodeShape shape = decode_shape(problem, limits, most_ranks);
  if (shape.shared_bytes <= limits.shared_block_bytes) return std::nullopt;
  return fmt::format("needs {} bytes of shared memory a block; the device has {}", shape.shared_bytes,
                     limits.shared_block_bytes);
}

std::optional<std::string> portable_refuses(const Problem& problem, const DeviceLimits& limits) {
  if (limits.target.sm < 80) return "needs sm_80 or later: mma.sync for BF16, cp.async";
  if (auto why = refused_product(problem, kMostDecodeTokens)) return why;
  return refused_memory(problem, limits, 1);
}

std::optional<std::string> wgmma_refuses(const Problem& problem, const DeviceLimits& limits) {
  if (limits.target != Target{90, 'a'}) return fmt::format("needs sm_90a; the device is {}", to_string(limits.target));
  if (auto why = refused_product(problem, kMostDecodeTokens)) return why;
  return refused_memory(problem, limits, 4);
}

std::string instance_of(const Problem& problem, const DecodeShape& shape) {
  return fmt::format(
      "extern \"C\" __global__ void __launch_bounds__({}, 1) nvfp4_decode(\n"
      "    const nvfp4::u8* weights, const nvfp4::u16* x, nvfp4::u16* y, const float* bias, float scale0, float "
      "scale1,\n"
      "    int m, int n, int k, int row_tiles, int row_warps, int k_warps) {{\n"
      "  nvfp4::decode<nvfp4::{}, {}, {}, {}, {}, {}, {}>(\n"
      "      {{weights, x, y, bias, scale0, scale1, m, n, k, row_tiles, row_warps, k_warps}});\n"
      "}}\n",
      warps_of(shape) * 32, problem.activation == Activation::bf16 ? "Bf16" : "F16", shape.tiles, shape.token_tiles,
      shape.slots, shape.ranks, problem.gated, problem.bias);
}

Plan plan_of(const Problem& problem, const DeviceLimits& limits, int most_ranks) {
  const DecodeShape shape = decode_shape(problem, limits, most_ranks);
  const auto u = [](int v) { return static_cast<std::uint32_t>(v); };
  const int groups = divided(shape.row_tiles, shape.row_warps * shape.tiles);
  Launch launch{.source = source_of({"w4a16", "decode"}, instance_of(problem, shape)),
                .entry = "nvfp4_decode",
                .shape = {.grid = {u(groups * shape.ranks), 1, 1},
                          .block = {u(32 * shape.row_warps), u(shape.k_warps), 1},
                          .cluster = {u(shape.ranks), 1, 1},
                          .dynamic_shared_bytes = u(shape.shared_bytes)},
                .parameters = parameters(
                    AddressOf{Role::weights}, AddressOf{Role::x}, AddressOf{Role::y},
                    problem.bias ? Parameter(AddressOf{Role::bias}) : value(std::uint64_t{0}), TensorScale{0},
                    TensorScale{problem.gated ? 1 : 0}, value(static_cast<std::int32_t>(problem.m)),
                    value(static_cast<std::int32_t>(problem.n)), value(static_cast<std::int32_t>(problem.k)),
                    value(shape.row_tiles), value(shape.row_warps), value(shape.k_warps))};
  std::string choice = fmt::format("{} CTAs, {} x {} warps, {} row tile(s) a warp", groups * shape.ranks,
                                   shape.row_warps, shape.k_warps, shape.tiles);
  if (shape.ranks > 1) choice += fmt::format(", clusters of {}", shape.ranks);
  return {.launches = {std::move(launch)}, .workspace_bytes = 0, .choice = std::move(choice)};
}

Plan portable_plan(const Problem& problem, const DeviceLimits& limits) { return plan_of(problem, limits, 1); }
Plan wgmma_plan(const Problem& problem, const DeviceLimits& limits) { return plan_of(problem, limits, 4); }

constexpr gate::Prerequisite kNeeds[] = {{"control.mma_bf16"}};
constexpr std::string_view kSource =
    "PTX ISA 9.7.9.25.3 (cp.async), 9.7.14.5.8 and .15 (mma, ldmatrix), 9.7.13.4 (barrier.cluster)";

}  // namespace

DecodeShape decode_shape(const Problem& problem, const DeviceLimits& limits, int most_ranks) {
  const int m = static_cast<int>(problem.m), steps = divided(static_cast<int>(problem.k), static_cast<int>(kStep));
  const int multiprocessors = std::max(1, static_cast<int>(limits.multiprocessors));
  DecodeShape shape{.token_tiles = m <= 8 ? 1 : m <= 16 ? 2 : 4, .row_tiles = row_tiles_of(problem)};
  shape.ranks = ranks_for(shape, steps, multiprocessors, most_ranks);
  shape.tiles = shape.ranks == 1 ? 1 : 2;
  const int unit = problem.gated ? 2 : shape.tiles, units = shape.row_tiles / unit * shape.ranks;
  int groups = multiprocessors;
  while (divided(units, groups) * unit > kMostTilesOfGroup) groups += multiprocessors;
  shape.row_warps = divided(units, groups) * unit / shape.tiles;
  shape.k_warps = std::max(1, std::min({warps_of(shape) / shape.row_warps, kMostTeams, divided(steps, shape.ranks)}));
  const auto fits = [&] { return shared_bytes(shape, m) <= limits.shared_block_bytes; };
  while (shape.k_warps > 1 && !fits()) --shape.k_warps;
  while (shape.row_warps * shape.tiles > unit && !fits()) shape.row_warps -= unit / shape.tiles;
  shape.shared_bytes = shared_bytes(shape, m);
  return shape;
}

const Kernel& decode_portable() {
  static const Kernel kRow{.id = "kernel.nvfp4_decode_portable",
                           .lane = Lane::portable,
                           .operation = Operation::w4a16_product,
                           .summary = "W4A16 product of 1 to 32 tokens, weights streamed once, mma.sync",
                           .source = kSource,
                           .needs = kNeeds,
                           .home = {80},
                           .form = kMmaSync,
                           .problems = decode_problems(),
                           .refuses = portable_refuses,
                           .plan = portable_plan};
  return kRow;
}

const Kernel& decode_wgmma() {
  static const Kernel kRow{.id = "kernel.nvfp4_decode_wgmma",
                           .lane = Lane::wgmma,
                           .operation = Operation::w4a16_product,
                           .summary = "W4A16 product of 1 to 32 tokens, weights streamed once, K shared by clusters",
                           .source = kSource,
                           .needs = kNeeds,
                           .home = {90, 'a'},
                           .form = kMmaSync,
                           .problems = decode_problems(),
                           .refuses = wgmma_refuses,
                           .plan = wgmma_plan};
  return kRow;
}

}  // namespace assay::kernels
