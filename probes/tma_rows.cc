#include "probes/tma_rows.h"

#include <algorithm>
#include <array>
#include <span>

namespace assay::probes {
namespace {

using gate::ChallengeStream;

constexpr std::size_t kTail = 256;  // bytes behind the last instruction's place

std::int32_t row_count(const cuda::TiledMap& map) { return static_cast<std::int32_t>(map.dims[1]); }

/// Rows of the tensor, four an instruction, each once, in any order. Where one will lie past the last, the last is left
/// alone, so that a copy which takes it in the other's place shows.
std::vector<std::int32_t> draw_distinct(ChallengeStream& stream, const cuda::TiledMap& map, const RowsShape& shape) {
  const std::int32_t last = row_count(map) - (shape.choice == RowChoice::one_past_the_last ? 2 : 1);
  std::vector<std::int32_t> rows;
  while (rows.size() < 4 * shape.instructions) {
    const std::int32_t row = stream.between(0, last);
    if (std::ranges::find(rows, row) == rows.end()) rows.push_back(row);
  }
  return rows;
}

void change_one(ChallengeStream& stream, const cuda::TiledMap& map, RowChoice choice, std::span<std::int32_t> four) {
  const std::uint32_t which = stream.below(4);
  switch (choice) {
    case RowChoice::distinct:
      return;
    case RowChoice::one_twice:
      four[which] = four[(which + 1 + stream.below(3)) % 4];
      return;
    case RowChoice::one_before_the_first:
      four[which] = stream.between(-row_count(map), -1);
      return;
    case RowChoice::one_past_the_last:
      four[which] = stream.between(row_count(map), 2 * row_count(map));
      return;
  }
}

bool in_order(std::span<const std::int32_t> four) {
  return std::ranges::is_sorted(four) || std::ranges::is_sorted(four, std::ranges::greater());
}

}  // namespace

std::size_t four_rows_bytes(const cuda::TiledMap& map) { return 4 * box_bytes(map); }

std::size_t rows_step(const cuda::TiledMap& map) { return (four_rows_bytes(map) + 127) / 128 * 128; }

std::size_t rows_shared_bytes(const RowsCopy& copy) { return copy.rows.size() / 4 * rows_step(copy.map) + kTail; }

std::vector<BoxElement> walk_rows(const RowsCopy& copy) {
  std::vector<BoxElement> elements;
  for (std::size_t i = 0; i < copy.rows.size(); ++i) {
    const std::array<std::int32_t, 2> start = {copy.column, copy.rows[i]};
    const std::size_t place = i / 4 * rows_step(copy.map) + i % 4 * box_bytes(copy.map);
    const std::vector<BoxElement> row = walk_box(copy.map, start, place);
    elements.insert(elements.end(), row.begin(), row.end());
  }
  return elements;
}

RowsCopy draw_rows_copy(ChallengeStream& stream, const RowsShape& shape) {
  RowsCopy copy;
  copy.name = shape.row.name;
  copy.map = padded_map(shape.row);
  copy.column = draw_coordinate(stream, shape.row, 0);
  copy.rows = draw_distinct(stream, copy.map, shape);
  for (std::size_t first = 0; first < copy.rows.size(); first += 4) {
    const std::span<std::int32_t> four = std::span(copy.rows).subspan(first, 4);
    change_one(stream, copy.map, shape.choice, four);
    while (in_order(four)) std::swap(four[0], four[1 + stream.below(3)]);
  }
  copy.poison = stream.next();
  return copy;
}

RowsCopy with_another_row(ChallengeStream& stream, RowsCopy copy) {
  std::int32_t& changed = copy.rows[stream.below(static_cast<std::uint32_t>(copy.rows.size()))];
  std::int32_t other = changed;
  while (std::ranges::find(copy.rows, other) != copy.rows.end()) other = stream.between(0, row_count(copy.map) - 1);
  changed = other;
  copy.name += ", one row changed";
  return copy;
}

}  // namespace assay::probes
