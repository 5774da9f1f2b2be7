#include "probes/tcgen05_mma_mxf4nvf4.h"

#include <algorithm>

#include <fmt/format.h>

#include "probes/block_scaled.h"
#include "probes/tcgen05_operands.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;
using gate::ChallengeStream;

constexpr std::uint32_t kThreads = 128;  // one warpgroup
constexpr std::size_t kM = 128, kStepK = 64;
constexpr std::size_t kColumnStep = 32;
constexpr std::size_t kScaleRoom = 64;  // more columns than any case's scales take

enum class Inputs { powers_of_two, any_scales, wide };

/// One case. K is such that all steps advance alike (tcgen05_advance).
struct Shape {
  std::size_t n = 0, k = 0;  ///< n 0: drawn from the challenge.
  Swizzle swizzle_a = Swizzle::none, swizzle_b = Swizzle::none;
  Inputs inputs = Inputs::any_scales;
  bool accumulate = false;  ///< Onto a D that tensor memory holds already.
};

constexpr Shape kShapes[] = {
    {.n = 64, .k = 256, .swizzle_a = Swizzle::b128, .swizzle_b = Swizzle::b128},
    {.n = 128, .k = 128, .inputs = Inputs::powers_of_two},
    {.n = 256, .k = 128, .swizzle_a = Swizzle::b64, .swizzle_b = Swizzle::b64},
    {.n = 0, .k = 128, .swizzle_a = Swizzle::b32, .accumulate = true},
    {.n = 64, .k = 128, .swizzle_a = Swizzle::b64, .inputs = Inputs::wide, .accumulate = true}};

/// Everything that one launch depends on.
struct Launch {
  Shape shape;
  ScaledMatrices matrices;
  std::vector<std::uint8_t> tiles;  ///< Of scales: A's, then B's.
  Accumulator accumulator;
  std::size_t scale_column = 0;
  std::vector<float> cells;  ///< Of tensor memory, outside D and before the scales are copied.
};

std::size_t steps_of(const Shape& shape) { return shape.k / kStepK; }

std::size_t scale_tiles_of_b(const Launch& launch) { return (launch.matrices.n + kScaleTileRows - 1) / kScaleTileRows; }

ScaledMatrices draw_matrices(ChallengeStream& stream, const Shape& shape) {
  const std::size_t n = shape.n != 0 ? shape.n : 16 * static_cast<std::size_t>(stream.between(9, 15));
  const ProblemShape problem{.m = kM, .n = n, .k = shape.k};
  if (shape.inputs == Inputs::wide) return draw_wide(stream, problem, nvfp4_format());
  return draw_exact(stream, problem, nvfp4_format(),
                    shape.inputs == Inputs::any_scales ? ExactScales::any : ExactScales::powers_of_two);
}

std::vector<std::uint8_t> draw_tiles(ChallengeStream& stream, const Launch& launch) {
  const std::size_t of_a = steps_of(launch.shape) * kScaleTileBytes;
  std::vector<std::uint8_t> tiles(of_a * (1 + scale_tiles_of_b(launch)));
  for (std::uint8_t& scale : tiles) scale = static_cast<std::uint8_t>(stream.between(0x01, 0x7e));
  place_scales(std::span(tiles).first(of_a), launch.matrices.scale_a, kM);
  place_scales(std::span(tiles).subspan(of_a), launch.matrices.scale_b, launch.matrices.n);
  return tiles;
}

/// A multiple of `step` from `first`, which is one, to `last`.
std::size_t draw_column(ChallengeStream& stream, std::size_t step, std::size_t first, std::size_t last) {
  return first + step * stream.below(static_cast<std::uint32_t>((last - first) / step + 1));
}

/// D and the scales, in either order and with gaps, in the least allocation that has room for both.
void draw_columns(ChallengeStream& stream, Launch& launch) {
  Accumulator& d = launch.accumulator;
  d = {.ctas = 1, .m = kM, .n = launch.matrices.n, .columns = 128};
  while (d.columns < d.n + kScaleRoom) d.columns *= 2;
  const std::size_t scales = launch.tiles.size() / kScaleTileBytes * kScaleTileColumns;
  if (stream.below(2) == 0) {
    d.column = draw_column(stream, kColumnStep, 0, d.columns - d.n - scales);
    launch.scale_column = draw_column(stream, kScaleTileColumns, d.column + d.n, d.columns - scales);
  } else {
    const std::size_t first = (scales + kColumnStep - 1) / kColumnStep * kColumnStep;
    d.column = draw_column(stream, kColumnStep, first, d.columns - d.n);
    launch.scale_column = draw_column(stream, kScaleTileColumns, 0, d.column - scales);
  }
}

Launch draw(ChallengeStream& stream, const Shape& shape) {
  Launch launch{.shape = shape, .matrices = draw_matrices(stream, shape)};
  launch.tiles = draw_tiles(stream, launch);
  draw_columns(stream, launch);
  launch.cells = draw_tensor_memory(stream, launch.accumulator);
  return launch;
}

/// One scale of A becomes like its neighbour in the word, which differs and is exact in this row too.
void change_one_scale(ChallengeStream& stream, Launch& launch) {
  std::vector<std::uint8_t>& scales = launch.matrices.scale_a;
  const std::size_t changed = stream.below(static_cast<std::uint32_t>(scales.size()));
  scales[changed] = scales[changed ^ 1];
  place_scales(std::span(launch.tiles).first(steps_of(launch.shape) * kScaleTileBytes), scales, kM);
}

std::string name_of(const Launch& launch) {
  const Shape& shape = launch.shape;
  constexpr std::string_view kInputs[] = {"scales powers of two", "any scales", "wide"};
  return fmt::format("{} x {} x {}, A {}, B {}, {}{}", kM, launch.matrices.n, shape.k, layout_name(shape.swizzle_a),
                     layout_name(shape.swizzle_b), kInputs[static_cast<int>(shape.inputs)],
                     shape.accumulate ? ", onto D" : "");
}

/// What counts: where the first step must not accumulate, C is zero to the oracle.
ScaledMatrices counted(const Launch& launch) {
  ScaledMatrices matrices = launch.matrices;
  if (!launch.shape.accumulate) std::ranges::fill(matrices.c, 0.0f);
  return matrices;
}

gate::Output accumulator_output(const Launch& launch) {
  const ScaledMatrices matrices = counted(launch);
  const std::vector<float> d = multiply(matrices, nvfp4_format());
  const std::vector<float> after = with_scale_tiles(with_accumulator(launch.cells, launch.accumulator, d),
                                                    launch.accumulator.columns, launch.scale_column, launch.tiles);
  gate::Output output{"d", gate::bytes_of(after), {}};
  if (launch.shape.inputs != Inputs::wide) return output;
  output.bound = with_accumulator(std::vector<float>(launch.cells.size(), 0.0f), launch.accumulator,
                                  error_bound(matrices, nvfp4_format()));
  return output;
}

std::vector<std::byte> image(const std::vector<std::uint8_t>& codes, std::size_t rows, Swizzle swizzle) {
  return tcgen05_image(gate::bytes_of(two_a_byte(codes)), rows, swizzle);
}

gate::Case make_case(const Launch& launch) {
  const auto scalar = [](std::string name, auto bits) { return gate::Scalar{std::move(name), gate::bytes_of(bits)}; };
  const auto number = [&](std::string name, std::size_t value) {
    return scalar(std::move(name), static_cast<std::uint32_t>(value));
  };
  const auto& [shape, matrices, tiles, accumulator, scale_column, cells] = launch;
  const std::size_t steps = steps_of(shape);
  return {.name = name_of(launch),
          .entry = "multiply",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Input{"a", image(matrices.a, kM, shape.swizzle_a)},
                        gate::Input{"b", image(matrices.b, matrices.n, shape.swizzle_b)},
                        gate::Input{"scales", gate::bytes_of(tiles)},
                        gate::Input{"c", gate::bytes_of(with_accumulator(cells, accumulator, matrices.c))},
                        accumulator_output(launch),
                        gate::Output{"status", gate::bytes_of(std::vector<std::uint32_t>(kThreads, gate::kWaited)), {}},
                        scalar("descriptor_a", tcgen05_descriptor(kM, shape.swizzle_a)),
                        scalar("descriptor_b", tcgen05_descriptor(matrices.n, shape.swizzle_b)),
                        scalar("descriptor_scales", tcgen05_scale_tile_descriptor()),
                        scalar("instruction", tcgen05_mxf4nvf4_instruction(kM, matrices.n)),
                        number("bytes_a", kM * shape.k / 2),
                        number("bytes_b", matrices.n * shape.k / 2),
                        number("bytes_scales", tiles.size()),
                        number("advance_a", tcgen05_advance(kM, shape.swizzle_a)),
                        number("advance_b", tcgen05_advance(matrices.n, shape.swizzle_b)),
                        number("steps", steps),
                        number("columns", accumulator.columns),
                        number("column", accumulator.column),
                        number("column_scale_a", scale_column),
                        number("column_scale_b", scale_column + kScaleTileColumns * steps),
                        number("advance_scale_b", kScaleTileColumns * scale_tiles_of_b(launch)),
                        number("accumulate", shape.accumulate ? 1 : 0)},
          .hidden = {}};
}

}  // namespace

gate::Probe make_tcgen05_mma_mxf4nvf4(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tcgen05_mma_mxf4nvf4", .text = ptx_text("tcgen05_mma_mxf4nvf4"), .floor = {8, 8}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTCOMMA.4X|UTCOMMA.BLOCK16", "UTCCP"};
  std::vector<Launch> launches;
  for (const Shape& shape : kShapes) launches.push_back(draw(stream, shape));
  for (const Launch& launch : launches) probe.cases.push_back(make_case(launch));
  Launch changed = launches.front();
  change_one_scale(stream, changed);
  probe.negative = make_case(changed);
  probe.negative.name += ", one scale changed";
  return probe;
}

}  // namespace assay::probes
