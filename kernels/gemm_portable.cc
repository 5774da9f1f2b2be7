#include "kernels/gemm_portable.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernels/forms.h"
#include "kernels/fragment_order.h"
#include "kernels/inputs.h"
#include "kernels/problems.h"
#include "kernels/texts.h"

namespace assay::kernels {
namespace {

constexpr std::int64_t kMostTokens = 8192;
constexpr std::int64_t kColumns = 64, kHalfUnitBytes = 640;  // Of a stage.

constexpr std::int64_t rounded_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t row_tiles_of(const Problem& p) {
  return FragmentOrder{.rows = weight_rows(p), .k = p.k, .gated = p.gated}.row_tiles();
}

struct Tile {
  std::int64_t warp_tiles, warp_tokens, resident, stages;  // At most so many of the last two.
  double efficiency;                                       // Relative.
};
constexpr std::array<Tile, 3> kTiles = {{{4, 64, 1, 4, 1.0}, {2, 64, 2, 4, 0.9}, {2, 32, 2, 4, 0.75}}};

std::int64_t stage_bytes(const GemmChoice& c) { return c.rows() / 16 * kHalfUnitBytes + c.tokens() * kColumns * 2; }

/// As many stages as the memory has room for, with as many blocks as leave three.
void choose_stages(GemmChoice& c, const Tile& tile, std::int64_t shared_block_bytes) {
  const std::int64_t room = shared_block_bytes / stage_bytes(c);
  c.resident = room >= 3 * tile.resident ? tile.resident : 1;
  c.stages = std::clamp<std::int64_t>(room / c.resident, 2, tile.stages);
  c.shared_bytes = c.stages * stage_bytes(c);
}

/// Microseconds, about.
double estimate(const GemmChoice& c, const Tile& tile, std::int64_t halves, std::int64_t multiprocessors) {
  constexpr double kFlopsAMicrosecond = 3e6, kBytesAMicrosecond = 4e4, kMeeting = 1.5;
  const double flops = 2.0 * static_cast<double>(c.rows() * c.tokens() * kColumns * rounded_up(halves, c.splits));
  const auto rounds = static_cast<double>(rounded_up(c.tiles * c.splits, multiprocessors));
  const double meeting =
      c.splits == 1 ? 0 : kMeeting + static_cast<double>(c.splits * c.rows() * c.tokens() * 4) / kBytesAMicrosecond;
  return rounds * flops / (kFlopsAMicrosecond * tile.efficiency) + meeting;
}

std::optional<std::string> refuses(const Problem& p, const DeviceLimits& limits) {
  if (limits.target.sm < 80) return "needs sm_80 or later: mma.sync for BF16, cp.async";
  if (auto why = refused_product(p, kMostTokens)) return why;
  const std::int64_t needed = choose_gemm(p, limits).shared_bytes;
  if (needed <= limits.shared_block_bytes) return std::nullopt;
  return fmt::format("needs {} bytes of shared memory a block; the device has {}", needed, limits.shared_block_bytes);
}

std::string instance_of(const Problem& p, const GemmChoice& c) {
  return fmt::format(
      "extern \"C\" __global__ void __launch_bounds__(256, {}) nvfp4_gemm_portable(\n"
      "    const nvfp4::u8* weights, const nvfp4::u16* x, nvfp4::u16* y, const float* bias, float* sums,\n"
      "    nvfp4::u32* arrivals, float scale0, float scale1, int m, int n, int k, int row_tiles) {{\n"
      "  nvfp4::gemm_portable<nvfp4::{}, nvfp4::GemmTile<4, 2, {}, {}, {}>, {}, {}, {}>(\n"
      "      {{weights, x, y, bias, sums, arrivals, scale0, scale1, m, n, k, row_tiles}});\n"
      "}}\n",
      c.resident, p.activation == Activation::bf16 ? "Bf16" : "F16", c.warp_tiles, c.warp_tokens, c.stages, p.gated,
      p.bias, c.splits > 1);
}

/// The address of an array, or of nothing.
Parameter address_if(bool there, Role role) { return there ? Parameter(AddressOf{role}) : value(std::uint64_t{0}); }

Plan plan(const Problem& p, const DeviceLimits& limits) {
  const GemmChoice c = choose_gemm(p, limits);
  const auto number = [](std::int64_t v) { return value(static_cast<std::int32_t>(v)); };
  const bool split = c.splits > 1;
  Launch launch{.source = source_of({"w4a16", "gemm_portable"}, instance_of(p, c)),
                .entry = "nvfp4_gemm_portable",
                .shape = {.grid = {static_cast<std::uint32_t>(c.tiles), static_cast<std::uint32_t>(c.splits)},
                          .block = {256},
                          .dynamic_shared_bytes = static_cast<std::uint32_t>(c.shared_bytes)},
                .parameters = parameters(
                    AddressOf{Role::weights}, AddressOf{Role::x}, AddressOf{Role::y}, address_if(p.bias, Role::bias),
                    address_if(split, Role::scratch), address_if(split, Role::workspace), TensorScale{0},
                    TensorScale{p.gated ? 1 : 0}, number(p.m), number(p.n), number(p.k), number(row_tiles_of(p)))};
  return {.launches = {std::move(launch)},
          .workspace_bytes = split ? c.tiles * 4 : 0,
          .scratch_bytes = split ? c.tiles * c.splits * c.rows() * c.tokens() * 4 : 0,
          .choice = fmt::format("{} tiles of {} rows by {} tokens, K in {}; {} stages of {} KiB", c.tiles, c.rows(),
                                c.tokens(), c.splits, c.stages, rounded_up(stage_bytes(c), 1024))};
}

constexpr gate::Prerequisite kNeeds[] = {{"control.mma_bf16"}};

}  // namespace

GemmChoice choose_gemm(const Problem& p, const DeviceLimits& limits) {
  const std::int64_t row_tiles = row_tiles_of(p), halves = rounded_up(p.k, kColumns);
  const std::int64_t multiprocessors = std::max<std::int64_t>(limits.multiprocessors, 1);
  GemmChoice best;
  double least = 0;
  for (const Tile& tile : kTiles) {
    GemmChoice c{.warp_tiles = tile.warp_tiles, .warp_tokens = tile.warp_tokens};
    choose_stages(c, tile, limits.shared_block_bytes);
    c.tiles = rounded_up(row_tiles, c.rows() / 16) * rounded_up(p.m, c.tokens());
    for (c.splits = 1; c.splits <= std::min<std::int64_t>(8, halves); c.splits *= 2) {
      const double time = estimate(c, tile, halves, multiprocessors);
      if (least == 0 || time < least) best = c, least = time;
    }
  }
  return best;
}

const Kernel& gemm_portable() {
  static const Kernel kRow{
      .id = "kernel.nvfp4_gemm_portable",
      .lane = Lane::portable,
      .operation = Operation::w4a16_product,
      .summary = "W4A16 product of up to 8192 tokens, weights dequantised in registers, mma.sync",
      .source = "PTX ISA 9.7.9.25.3 (cp.async), 9.7.14.5.8 (mma.m16n8k16), 9.7.14.5.17 (movmatrix)",
      .needs = kNeeds,
      .home = {80},
      .form = kMmaSync,
      .problems = gemm_problems(),
      .refuses = refuses,
      .plan = plan};
  return kRow;
}

}  // namespace assay::kernels
