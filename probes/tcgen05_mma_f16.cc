#include "probes/tcgen05_mma_f16.h"

#include <fmt/format.h>

#include "probes/f16_product.h"
#include "probes/tcgen05_operands.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;
using gate::ChallengeStream;

constexpr std::uint32_t kThreads = 128;  // one warpgroup
constexpr std::size_t kM = 128, kStepK = 16;
constexpr std::uint32_t kColumnStep = 32;
constexpr std::uint16_t kSign = 0x8000;

/// Everything that one launch depends on.
struct Launch {
  std::string name;
  Swizzle swizzle_a = Swizzle::none, swizzle_b = Swizzle::none;
  bool exact = true;
  F16Product product;
  Accumulator accumulator;
  std::vector<float> cells;  ///< Of tensor memory, outside D.
};

/// D somewhere in the least allocation that leaves room beside it.
Accumulator draw_accumulator(ChallengeStream& stream, std::size_t n) {
  Accumulator accumulator{.ctas = 1, .m = kM, .n = n, .columns = 128};
  while (accumulator.columns < n + kColumnStep) accumulator.columns *= 2;
  const auto places = static_cast<std::uint32_t>((accumulator.columns - n) / kColumnStep + 1);
  accumulator.column = kColumnStep * stream.below(places);
  return accumulator;
}

Launch draw(ChallengeStream& stream, std::string name, Swizzle swizzle_a, Swizzle swizzle_b, F16Product product) {
  Launch launch{.name = std::move(name), .swizzle_a = swizzle_a, .swizzle_b = swizzle_b, .product = std::move(product)};
  launch.accumulator = draw_accumulator(stream, launch.product.n);
  launch.cells = draw_tensor_memory(stream, launch.accumulator);
  return launch;
}

std::vector<Launch> draw_all(ChallengeStream& stream) {
  const auto exact = [&](std::size_t n, std::size_t k, Longer longer) {
    return draw_exact_f16(stream, kM, n, k, longer);
  };
  const auto free_n = [&] { return 8 * static_cast<std::size_t>(stream.between(9, 23)); };
  std::vector<Launch> launches;
  launches.push_back(draw(stream, "128 B swizzle, N 64, K 64", Swizzle::b128, Swizzle::b128, exact(64, 64, Longer::a)));
  launches.push_back(draw(stream, "no swizzle, N 128, K 64", Swizzle::none, Swizzle::none, exact(128, 64, Longer::b)));
  const std::size_t n = free_n();
  launches.push_back(draw(stream, fmt::format("64 and 32 B swizzle, N {}, K 32", n), Swizzle::b64, Swizzle::b32,
                          exact(n, 32, Longer::a)));
  launches.push_back(draw(stream, "no swizzle, N 256, K 48", Swizzle::none, Swizzle::none, exact(256, 48, Longer::a)));
  launches.push_back(draw(stream, "no and 128 B swizzle, N 192, K 64, onto D", Swizzle::none, Swizzle::b128,
                          exact(192, 64, Longer::b)));
  launches.back().product.accumulate = true;
  launches.push_back(draw(stream, "128 B swizzle, N 64, K 64, onto D, wide", Swizzle::b128, Swizzle::b128,
                          draw_wide_f16(stream, kM, 64, 64)));
  launches.back().product.accumulate = true;
  launches.back().exact = false;
  return launches;
}

gate::Output output(const Launch& launch) {
  const std::vector<float> unbounded(launch.cells.size(), 0.0f);
  const std::vector<float> after = with_accumulator(launch.cells, launch.accumulator, multiply(launch.product));
  return {"d", gate::bytes_of(after),
          launch.exact ? std::vector<float>{}
                       : with_accumulator(unbounded, launch.accumulator, error_bound(launch.product))};
}

gate::Case make_case(const Launch& launch) {
  const auto scalar = [](std::string name, auto bits) { return gate::Scalar{std::move(name), gate::bytes_of(bits)}; };
  const auto number = [&](std::string name, std::size_t value) {
    return scalar(std::move(name), static_cast<std::uint32_t>(value));
  };
  const F16Product& product = launch.product;
  const std::vector<std::byte> a = tcgen05_image(gate::bytes_of(product.a), kM, launch.swizzle_a),
                               b = tcgen05_image(gate::bytes_of(product.b), product.n, launch.swizzle_b);
  const std::vector<float> before = with_accumulator(launch.cells, launch.accumulator, product.c);
  return {
      .name = launch.name,
      .entry = "multiply",
      .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
      .arguments = {gate::Input{"a", a}, gate::Input{"b", b}, gate::Input{"c", gate::bytes_of(before)}, output(launch),
                    gate::Output{"status", gate::bytes_of(std::vector<std::uint32_t>(kThreads, gate::kWaited)), {}},
                    scalar("descriptor_a", tcgen05_descriptor(kM, launch.swizzle_a)),
                    scalar("descriptor_b", tcgen05_descriptor(product.n, launch.swizzle_b)),
                    scalar("instruction", tcgen05_f16_instruction(kM, product.n)), number("bytes_a", a.size()),
                    number("bytes_b", b.size()), number("advance_a", tcgen05_advance(kM, launch.swizzle_a)),
                    number("advance_b", tcgen05_advance(product.n, launch.swizzle_b)),
                    number("steps", product.k / kStepK), number("columns", launch.accumulator.columns),
                    number("column", launch.accumulator.column), number("accumulate", product.accumulate ? 1 : 0)},
      .hidden = {}};
}

}  // namespace

gate::Probe make_tcgen05_mma_f16(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tcgen05_mma_f16", .text = ptx_text("tcgen05_mma_f16"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTCHMMA"};
  const std::vector<Launch> launches = draw_all(stream);
  for (const Launch& launch : launches) probe.cases.push_back(make_case(launch));
  Launch flipped = launches.front();
  flipped.product.a[stream.below(static_cast<std::uint32_t>(flipped.product.a.size()))] ^= kSign;
  flipped.name += ", one sign flipped";
  probe.negative = make_case(flipped);
  return probe;
}

}  // namespace assay::probes
