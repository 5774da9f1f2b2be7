#include "probes/mma_fp4.h"

#include <optional>

#include "probes/block_scaled.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr ProblemShape kTile{.m = 16, .n = 8, .k = 128};
// thread-ids go by tile % 8, so the kind of scales goes by the tile's upper bits.
constexpr std::size_t kThreadIds = 8;

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
  Written write_a = two_a_byte, write_b = two_a_byte;
  std::optional<std::uint32_t> format_a;  ///< What the entry takes as its last parameter.
};

Form nvfp4() {
  return {.name = "NVFP4", .entry = "mma_nvfp4", .tiles = 32, .format = nvfp4_format(), .any_scales = true};
}

Form mxfp4() { return {.name = "MXFP4", .entry = "mma_mxfp4", .format = mxfp4_format()}; }

Form e4m3_by_e2m1() {
  BlockFormat format = mxfp4_format();
  format.a = e4m3_elements();
  return {.name = "E4M3 by E2M1",
          .entry = "mma_mxf8f6f4",
          .format = std::move(format),
          .write_a = as_they_are,
          .write_b = in_containers,
          .format_a = 0};
}

Form e2m1_by_e2m1() {
  return {.name = "E2M1 by E2M1 in bytes",
          .entry = "mma_mxf8f6f4",
          .format = mxfp4_format(),
          .write_a = in_containers,
          .write_b = in_containers,
          .format_a = 4};
}

Tiles draw_exact_tiles(gate::ChallengeStream& stream, const Form& form) {
  Tiles tiles;
  for (std::size_t tile = 0; tile < form.tiles; ++tile) {
    const bool any = form.any_scales && tile / kThreadIds % 2 != 0;
    tiles.push_back(draw_exact(stream, kTile, form.format, any ? ExactScales::any : ExactScales::powers_of_two));
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
  if (form.format_a) made.arguments.push_back(gate::Scalar{"format a", gate::bytes_of(*form.format_a)});
  return made;
}

void add_cases(std::vector<gate::Case>& cases, const Form& form, const Tiles& exact, const Tiles& wide) {
  cases.push_back(make_case(std::string(form.name) + ", exact range", form, exact, Comparison::exact));
  cases.push_back(make_case(std::string(form.name) + ", wide range", form, wide, Comparison::bounded));
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
  const Form question = nvfp4();
  const Tiles exact = draw_exact_tiles(stream, question), wide = draw_wide_tiles(stream, question);
  const gate::Source source{.stem = "mma_fp4", .text = ptx_text("mma_fp4"), .floor = {8, 7}};
  gate::Probe probe{.source = source,
                    .witness_text = std::string(source.text),
                    .cases = {},
                    .negative = make_case("NVFP4, exact range, one scale byte of A changed", question,
                                          with_one_scale_changed(stream, question, exact), Comparison::exact),
                    .mnemonics = {"OMMA", "QMMA"}};
  add_cases(probe.cases, question, exact, wide);
  for (const Form& form : {mxfp4(), e4m3_by_e2m1(), e2m1_by_e2m1()}) {
    const Tiles exact_tiles = draw_exact_tiles(stream, form), wide_tiles = draw_wide_tiles(stream, form);
    add_cases(probe.cases, form, exact_tiles, wide_tiles);
  }
  return probe;
}

}  // namespace assay::probes
