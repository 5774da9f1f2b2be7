#include "probes/tcgen05_f16.h"

#include <fmt/format.h>

#include "probes/tcgen05_operands.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;

constexpr std::uint32_t kThreads = 128;  // one warpgroup a CTA
constexpr std::size_t kStepK = 16, kColumnStep = 32;
constexpr std::uint16_t kSign = 0x8000;

/// Everything that one launch depends on.
struct Launch {
  F16Shape shape;
  F16Product product;
  Accumulator accumulator;
  std::vector<float> cells;  ///< Of tensor memory, outside D.
};

/// A multiple of 16 rows of B a CTA, 96 to 176 in all.
std::size_t draw_n(ChallengeStream& stream, std::size_t ctas) {
  const std::size_t step = 16 * ctas, fewest = 96 / step, most = 176 / step;
  return step * (fewest + stream.below(static_cast<std::uint32_t>(most - fewest + 1)));
}

F16Product draw_product(ChallengeStream& stream, const F16Shape& shape, std::size_t n) {
  F16Product product = shape.wide ? draw_wide_f16(stream, shape.m, n, shape.k)
                                  : draw_exact_f16(stream, shape.m, n, shape.k, shape.longer);
  product.accumulate = shape.accumulate;
  return product;
}

/// D somewhere in the least allocation that leaves room beside it.
Accumulator draw_accumulator(ChallengeStream& stream, std::size_t ctas, std::size_t m, std::size_t n) {
  Accumulator d{.ctas = ctas, .m = m, .n = n, .columns = 64};
  const std::size_t width = m / ctas < kTensorMemoryLanes ? n / 2 : n;
  while (d.columns < width + kColumnStep) d.columns *= 2;
  d.column = kColumnStep * stream.below(static_cast<std::uint32_t>((d.columns - width) / kColumnStep + 1));
  return d;
}

Launch draw(ChallengeStream& stream, const F16Shape& shape, std::size_t ctas) {
  const std::size_t n = shape.n != 0 ? shape.n : draw_n(stream, ctas);
  Launch launch{.shape = shape, .product = draw_product(stream, shape, n)};
  launch.accumulator = draw_accumulator(stream, ctas, shape.m, n);
  launch.cells = draw_tensor_memory(stream, launch.accumulator);
  return launch;
}

std::string name_of(const Launch& launch) {
  const F16Shape& shape = launch.shape;
  return fmt::format("{} x {} x {}, A {}, B {}{}{}", shape.m, launch.product.n, shape.k, layout_name(shape.swizzle_a),
                     layout_name(shape.swizzle_b), shape.accumulate ? ", onto D" : "", shape.wide ? ", wide" : "");
}

/// The images of an operand whose rows the CTAs share evenly, one after the other.
std::vector<std::byte> images(const std::vector<std::uint16_t>& matrix, std::size_t rows, std::size_t ctas,
                              cuda::Swizzle swizzle) {
  const std::vector<std::byte> bytes = gate::bytes_of(matrix);
  const std::size_t each = bytes.size() / ctas;
  std::vector<std::byte> all;
  for (std::size_t cta = 0; cta < ctas; ++cta) {
    const auto image = tcgen05_image(std::span(bytes).subspan(cta * each, each), rows / ctas, swizzle);
    all.insert(all.end(), image.begin(), image.end());
  }
  return all;
}

gate::Output accumulator_output(const Launch& launch) {
  const std::vector<float> after = with_accumulator(launch.cells, launch.accumulator, multiply(launch.product));
  gate::Output output{"d", gate::bytes_of(after), {}};
  if (!launch.shape.wide) return output;
  output.bound =
      with_accumulator(std::vector<float>(launch.cells.size(), 0.0f), launch.accumulator, error_bound(launch.product));
  return output;
}

gate::Case make_case(const Launch& launch) {
  const auto scalar = [](std::string name, auto bits) { return gate::Scalar{std::move(name), gate::bytes_of(bits)}; };
  const auto number = [&](std::string name, std::size_t value) {
    return scalar(std::move(name), static_cast<std::uint32_t>(value));
  };
  const F16Product& product = launch.product;
  const auto [shape, ctas] = std::pair(launch.shape, launch.accumulator.ctas);
  const std::size_t rows_a = product.m / ctas, rows_b = product.n / ctas;
  const std::vector<float> before = with_accumulator(launch.cells, launch.accumulator, product.c);
  const std::vector<std::uint32_t> waited(ctas * kThreads, gate::kWaited);
  const auto count = static_cast<std::uint32_t>(ctas);
  return {.name = name_of(launch),
          .entry = "multiply",
          .launch = {.grid = {count}, .block = {kThreads}, .cluster = {count}},
          .arguments = {gate::Input{"a", images(product.a, product.m, ctas, shape.swizzle_a)},
                        gate::Input{"b", images(product.b, product.n, ctas, shape.swizzle_b)},
                        gate::Input{"c", gate::bytes_of(before)}, accumulator_output(launch),
                        gate::Output{"status", gate::bytes_of(waited), {}},
                        scalar("descriptor_a", tcgen05_descriptor(rows_a, shape.swizzle_a)),
                        scalar("descriptor_b", tcgen05_descriptor(rows_b, shape.swizzle_b)),
                        scalar("instruction", tcgen05_f16_instruction(product.m, product.n)),
                        number("bytes_a", 2 * rows_a * product.k), number("bytes_b", 2 * rows_b * product.k),
                        number("advance_a", tcgen05_advance(rows_a, shape.swizzle_a)),
                        number("advance_b", tcgen05_advance(rows_b, shape.swizzle_b)),
                        number("steps", product.k / kStepK), number("columns", launch.accumulator.columns),
                        number("column", launch.accumulator.column), number("accumulate", product.accumulate ? 1 : 0)},
          .hidden = {}};
}

}  // namespace

gate::Probe make_tcgen05_f16(const gate::Seed& seed, gate::Source source, std::size_t ctas,
                             std::span<const F16Shape> shapes, std::vector<std::string_view> mnemonics) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe{.source = source, .witness_text = std::string(source.text), .cases = {}, .negative = {}};
  probe.mnemonics = std::move(mnemonics);
  std::vector<Launch> launches;
  for (const F16Shape& shape : shapes) launches.push_back(draw(stream, shape, ctas));
  for (const Launch& launch : launches) probe.cases.push_back(make_case(launch));
  Launch flipped = launches.front();
  flipped.product.a[stream.below(static_cast<std::uint32_t>(flipped.product.a.size()))] ^= kSign;
  probe.negative = make_case(flipped);
  probe.negative.name += ", one sign flipped";
  return probe;
}

}  // namespace assay::probes
