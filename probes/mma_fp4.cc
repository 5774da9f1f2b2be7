#include "probes/mma_fp4.h"

#include <optional>

#include "probes/block_scaled.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr ProblemShape kTile{.m = 16, .n = 8, .k = 128};
// Pairs of thread-ids. They go by tile % 8 where all occur, so the kind of scales goes by the tile's upper bits.
constexpr std::size_t kThreadIds = 8;

/// What the NVFP4 entry takes as its last parameter.
enum class ThreadIds : std::uint32_t { first = 0, every = kThreadIds - 1 };

using Tiles = std::vector<ScaledMatrices>;
using Codes = std::vector<std::uint8_t>;
using Written = Codes (*)(const Codes&);

Codes as_they_are(const Codes& codes) { return codes; }

/// E2M1 in the 8-bit containers of kind::mxf8f6f4: bits 2 to 5.
Codes in_containers(const Codes& codes) {
  Codes bytes;
  for (const std::uint8_t code : codes) bytes.push_back(static_cast<std::uint8_t>(code << 2));
  return bytes;
}

/// One entry of the text, or one way to call it.
struct Form {
  std::string_view name;
  std::string_view entry;
  std::uint32_t tiles = 8;
  BlockFormat format;
  bool any_scales = false;  ///< Whether its scales are more than powers of two.
  bool some_zero = false;   ///< Whether exact tiles have zeros among elements and scales.
  bool e4m3_a = false;      ///< Whether A is E4M3, with a unit of its own in each exact tile.
  Written write_a = two_a_byte, write_b = two_a_byte;
  std::optional<gate::Scalar> last;  ///< The entry's last parameter, if it takes more than the matrices.
};

Form nvfp4(std::string_view name, ThreadIds ids, ScaleFormat scale) {
  BlockFormat format = nvfp4_format();
  format.scale = std::move(scale);
  return {.name = name,
          .entry = "mma_nvfp4",
          .tiles = 2 * kThreadIds,
          .format = std::move(format),
          .any_scales = true,
          .last = gate::Scalar{"thread ids", gate::bytes_of(static_cast<std::uint32_t>(ids))}};
}

Form nvfp4_with_zeros() {
  Form form = nvfp4("NVFP4, some zero", ThreadIds::first, normal_ue4m3_scales());
  form.some_zero = true;
  return form;
}

gate::Scalar format_a(std::uint32_t number) { return {"format a", gate::bytes_of(number)}; }

Form mxfp4() { return {.name = "MXFP4", .entry = "mma_mxfp4", .format = mxfp4_format()}; }

Form e4m3_by_e2m1() {
  BlockFormat format = mxfp4_format();
  format.a = e4m3_elements(0);
  return {.name = "E4M3 by E2M1",
          .entry = "mma_mxf8f6f4",
          .format = std::move(format),
          .e4m3_a = true,
          .write_a = as_they_are,
          .write_b = in_containers,
          .last = format_a(0)};
}

Form e2m1_by_e2m1() {
  return {.name = "E2M1 by E2M1 in bytes",
          .entry = "mma_mxf8f6f4",
          .format = mxfp4_format(),
          .write_a = in_containers,
          .write_b = in_containers,
          .last = format_a(4)};
}

/// About an eighth of the elements become zero, of either sign, and a quarter of the scales. Sums only lose terms, so
/// they stay exact.
void add_zeros(gate::ChallengeStream& stream, ScaledMatrices& tile) {
  constexpr std::uint8_t kSign = 8;
  for (Codes* elements : {&tile.a, &tile.b})
    for (std::uint8_t& code : *elements)
      if (stream.below(8) == 0) code &= kSign;
  for (Codes* scales : {&tile.scale_a, &tile.scale_b})
    for (std::uint8_t& code : *scales)
      if (stream.below(4) == 0) code = 0;
}

ScaledMatrices draw_exact_tile(gate::ChallengeStream& stream, const Form& form, ExactScales scales) {
  BlockFormat format = form.format;
  if (form.e4m3_a) format.a = e4m3_elements(stream.between(kLowE4m3Unit, kHighE4m3Unit));
  ScaledMatrices tile = draw_exact(stream, kTile, format, scales);
  if (form.some_zero) add_zeros(stream, tile);
  return tile;
}

Tiles draw_exact_tiles(gate::ChallengeStream& stream, const Form& form) {
  Tiles tiles;
  for (std::size_t tile = 0; tile < form.tiles; ++tile) {
    const bool any = form.any_scales && tile / kThreadIds % 2 != 0;
    tiles.push_back(draw_exact_tile(stream, form, any ? ExactScales::any : ExactScales::powers_of_two));
  }
  return tiles;
}

Tiles draw_wide_tiles(gate::ChallengeStream& stream, const Form& form) {
  Tiles tiles;
  for (std::size_t tile = 0; tile < form.tiles; ++tile) tiles.push_back(draw_wide(stream, kTile, form.format));
  return tiles;
}

/// What `part` gives for each tile, tile after tile.
template <class Part>
auto joined(const Tiles& tiles, Part part) {
  auto all = part(tiles.front());
  for (std::size_t tile = 1; tile < tiles.size(); ++tile) {
    const auto next = part(tiles[tile]);
    all.insert(all.end(), next.begin(), next.end());
  }
  return all;
}

enum class Comparison { exact, bounded };

gate::Case make_case(std::string name, const Form& form, const Tiles& tiles, Comparison comparison) {
  using M = const ScaledMatrices&;
  std::vector<float> bound;
  if (comparison == Comparison::bounded) bound = joined(tiles, [&](M m) { return error_bound(m, form.format); });
  gate::Case made{
      .name = std::move(name),
      .entry = std::string(form.entry),
      .launch = {.grid = {form.tiles}, .block = {32}},
      .arguments = {gate::Input{"a", gate::bytes_of(joined(tiles, [&](M m) { return form.write_a(m.a); }))},
                    gate::Input{"b", gate::bytes_of(joined(tiles, [&](M m) { return form.write_b(m.b); }))},
                    gate::Input{"scale a", gate::bytes_of(joined(tiles, [](M m) { return m.scale_a; }))},
                    gate::Input{"scale b", gate::bytes_of(joined(tiles, [](M m) { return m.scale_b; }))},
                    gate::Input{"c", gate::bytes_of(joined(tiles, [](M m) { return m.c; }))},
                    gate::Output{"d", gate::bytes_of(joined(tiles, [&](M m) { return multiply(m, form.format); })),
                                 std::move(bound)}},
      .hidden = {}};
  if (form.last) made.arguments.push_back(*form.last);
  return made;
}

gate::Case exact_case(const Form& form, const Tiles& tiles) {
  return make_case(std::string(form.name) + ", exact range", form, tiles, Comparison::exact);
}

gate::Case wide_case(gate::ChallengeStream& stream, const Form& form) {
  return make_case(std::string(form.name) + ", wide range", form, draw_wide_tiles(stream, form), Comparison::bounded);
}

/// One scale byte of A becomes that of the next block, which is as exact there. A block whose products cancel for some
/// column would not move it, so the first byte from the drawn place on that moves the whole row is taken.
Tiles with_one_scale_changed(gate::ChallengeStream& stream, const Form& form, Tiles tiles) {
  const std::size_t blocks = kTile.k / form.format.block;
  ScaledMatrices& tile = tiles[stream.below(form.tiles)];
  const std::vector<float> before = multiply(tile, form.format);
  for (std::size_t at = stream.below(static_cast<std::uint32_t>(tile.scale_a.size()));; ++at) {
    std::uint8_t& scale = tile.scale_a[at % tile.scale_a.size()];
    const std::uint8_t kept = scale;
    scale = tile.scale_a[(at ^ 1) % tile.scale_a.size()];
    const std::vector<float> moved = multiply(tile, form.format);
    const std::size_t row = at % tile.scale_a.size() / blocks;
    bool whole_row = true;
    for (std::size_t i = row * kTile.n; i < (row + 1) * kTile.n; ++i) whole_row = whole_row && moved[i] != before[i];
    if (whole_row) return tiles;
    scale = kept;
  }
}

}  // namespace

gate::Probe make_mma_fp4(const gate::Seed& seed) {
  gate::ChallengeStream stream(seed, "inputs");
  const Form question = nvfp4("NVFP4", ThreadIds::first, normal_ue4m3_scales());
  const Tiles exact = draw_exact_tiles(stream, question);
  const gate::Source source{.stem = "mma_fp4", .text = ptx_text("mma_fp4"), .floor = {8, 7}};
  gate::Probe probe{.source = source,
                    .witness_text = std::string(source.text),
                    .cases = {exact_case(question, exact)},
                    .negative = make_case("NVFP4, exact range, one scale byte of A changed", question,
                                          with_one_scale_changed(stream, question, exact), Comparison::exact),
                    .mnemonics = {"OMMA.SF.16864.F32.E2M1.E2M1.UE4M3.4X", "OMMA.SF.16864.F32.E2M1.E2M1.E8",
                                  "QMMA.SF.16832.F32.E4M3.E2M1.E8", "QMMA.SF.16832.F32.E2M1.E2M1.E8"}};
  for (const Form& form :
       {nvfp4("NVFP4, every thread-id", ThreadIds::every, normal_ue4m3_scales()),
        nvfp4("NVFP4, subnormal scales", ThreadIds::first, subnormal_ue4m3_scales()), nvfp4_with_zeros()})
    probe.cases.push_back(exact_case(form, draw_exact_tiles(stream, form)));
  probe.cases.push_back(wide_case(stream, question));
  for (const Form& form : {mxfp4(), e4m3_by_e2m1(), e2m1_by_e2m1()}) {
    probe.cases.push_back(exact_case(form, draw_exact_tiles(stream, form)));
    probe.cases.push_back(wide_case(stream, form));
  }
  return probe;
}

}  // namespace assay::probes
