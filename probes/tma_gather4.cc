#include "probes/tma_gather4.h"

#include "probes/tma_rows.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using enum cuda::ElementType;
using enum cuda::Swizzle;
using enum Place;
using enum RowChoice;

constexpr std::uint32_t kThreads = 128;

// As many gathers as it takes for a swizzle's whole pattern to be met. Rows of 48 bytes leave a gap behind each gather.
std::vector<RowsShape> shapes() {
  return {
      {{"u32, no swizzle", inside, u32, none, {61, 37}, {12, 1}}, distinct, 3},
      {{"u8, no swizzle, widest box", inside, u8, none, {401, 29}, {256, 1}}, distinct, 2},
      {{"u16, 32 B swizzle", inside, u16, b32, {75, 47}, {16, 1}}, distinct, 4},
      {{"f32, 64 B swizzle, one row twice", inside, f32, b64, {53, 41}, {16, 1}}, one_twice, 2},
      {{"u8, 128 B swizzle, past the end of a row", past_the_end, u8, b128, {301, 33}, {128, 1}}, distinct, 2},
      {{"f16, 64 B swizzle, before the start of a row", before_the_start, f16, b64, {99, 43}, {32, 1}}, distinct, 2},
      {{"bf16, 128 B swizzle, one row past the last", inside, bf16, b128, {151, 31}, {64, 1}}, one_past_the_last, 2},
      {{"u32, 128 B swizzle, one row before the first", inside, u32, b128, {77, 35}, {32, 1}}, one_before_the_first, 2},
  };
}

gate::Case gather_case(const RowsCopy& copy) {
  const auto shared = loaded(copy.map, walk_rows(copy), copy.contents, poisoned(copy.poison, rows_shared_bytes(copy)));
  return {.name = copy.name,
          .entry = "gather",
          .launch = {.grid = {}, .block = {kThreads}, .cluster = {}},
          .arguments = {gate::Input{"tensor", copy.contents}, gate::Output{"shared", shared, {}}, waited(kThreads),
                        gate::Input{"rows", gate::bytes_of(copy.rows)}, gate::MapArgument{0, copy.map},
                        scalar("column", copy.column), size("gathers", copy.rows.size() / 4),
                        size("bytes", four_rows_bytes(copy.map)), size("step", rows_step(copy.map)),
                        scalar("poison", copy.poison)},
          .hidden = {0}};
}

}  // namespace

gate::Probe make_tma_gather4(const gate::Seed& seed) {
  gate::ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tma_gather4", .text = ptx_text("tma_gather4"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTMALDG.2D.GATHER4"};
  std::vector<RowsCopy> copies;
  for (const RowsShape& shape : shapes()) {
    RowsCopy& copy = copies.emplace_back(draw_rows_copy(stream, shape));
    copy.contents = stream.bytes(tensor_bytes(copy.map));
  }
  for (const RowsCopy& copy : copies) probe.cases.push_back(gather_case(copy));
  probe.negative = gather_case(with_another_row(stream, copies.front()));
  return probe;
}

}  // namespace assay::probes
