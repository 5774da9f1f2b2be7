#include "probes/tma_scatter4.h"

#include "probes/tma_rows.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using enum cuda::ElementType;
using enum cuda::Swizzle;
using enum Place;
using enum RowChoice;

constexpr std::uint32_t kThreads = 128;

std::vector<RowsShape> shapes() {
  return {
      {{"u32, no swizzle", inside, u32, none, {60, 37}, {12, 1}}, distinct, 3},
      {{"u8, no swizzle, widest box", inside, u8, none, {400, 29}, {256, 1}}, distinct, 2},
      {{"u16, 32 B swizzle", inside, u16, b32, {72, 47}, {16, 1}}, distinct, 4},
      {{"f32, 64 B swizzle, past the end of a row", past_the_end, f32, b64, {52, 41}, {16, 1}}, distinct, 2},
      {{"u8, 128 B swizzle, past the end of a row", past_the_end, u8, b128, {304, 33}, {128, 1}}, distinct, 2},
      {{"bf16, 128 B swizzle, one row past the last", inside, bf16, b128, {152, 31}, {64, 1}}, one_past_the_last, 2},
      {{"u32, 128 B swizzle", inside, u32, b128, {76, 35}, {32, 1}}, distinct, 2},
  };
}

gate::Case scatter_case(const RowsCopy& copy) {
  const auto tensor = stored(copy.map, walk_rows(copy), copy.contents, poisoned(copy.poison, tensor_bytes(copy.map)));
  return {.name = copy.name,
          .entry = "scatter",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Output{"tensor", tensor, {}}, gate::Input{"image", copy.contents},
                        gate::Input{"rows", gate::bytes_of(copy.rows)}, waited(1), gate::MapArgument{0, copy.map},
                        scalar("column", copy.column), size("scatters", copy.rows.size() / 4),
                        size("step", rows_step(copy.map)), size("tensor_bytes", tensor.size()),
                        scalar("poison", copy.poison)},
          .hidden = {}};
}

}  // namespace

gate::Probe make_tma_scatter4(const gate::Seed& seed) {
  gate::ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tma_scatter4", .text = ptx_text("tma_scatter4"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTMASTG.2D.SCATTER4"};
  std::vector<RowsCopy> copies;
  for (const RowsShape& shape : shapes()) {
    RowsCopy& copy = copies.emplace_back(draw_rows_copy(stream, shape));
    copy.contents = stream.bytes(rows_shared_bytes(copy));
  }
  for (const RowsCopy& copy : copies) probe.cases.push_back(scatter_case(copy));
  probe.negative = scatter_case(with_another_row(stream, copies.front()));
  return probe;
}

}  // namespace assay::probes
