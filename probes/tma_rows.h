// Four rows an instruction: what the gates of gather4 and scatter4 share.
//
// The tensor map's box is one row, {n, 1}, and the instruction names one column and four rows: four boxes that start at
// (column, row), one behind the other in shared memory as the rows of a box {n, 4} would lie (PTX ISA, "Tensors",
// .tile::scatter4 and .tile::gather4). The swizzle goes by the address, so the second and later instructions of a
// launch put their rows where the pattern has moved on. The coordinates are the column, then the four rows (PTX ISA
// 9.7.9.27.1.2).
//
// Rows are drawn so that no four of one instruction stand in order, and each instruction's place in shared memory is
// rounded up to 128 bytes. Tested by tests/probes/tma_gather4_test.cc and tma_scatter4_test.cc.
#pragma once

#include "harness/gate/challenge_stream.h"
#include "probes/tma_box.h"
#include "probes/tma_shape.h"

namespace assay::probes {

/// Which rows each instruction names: four that differ, or one of them changed.
enum class RowChoice { distinct, one_twice, one_before_the_first, one_past_the_last };

struct RowsShape {
  BoxShape row;  ///< A box of one row; its place is along the row.
  RowChoice choice;
  std::uint32_t instructions;  ///< In one launch.
};

/// Everything that one launch depends on. `contents` is the tensor of a gather, the shared memory of a scatter.
struct RowsCopy {
  std::string name;
  cuda::TiledMap map;
  std::int32_t column = 0;
  std::vector<std::int32_t> rows;  ///< Four an instruction.
  std::vector<std::byte> contents;
  std::uint32_t poison = 0;
};

/// Of four rows: what one gather signals to its mbarrier.
std::size_t four_rows_bytes(const cuda::TiledMap&);
/// From one instruction's rows in shared memory to the next's.
std::size_t rows_step(const cuda::TiledMap&);
/// All instructions' places in shared memory, and the space behind them that belongs to the test.
std::size_t rows_shared_bytes(const RowsCopy&);

/// All rows of all instructions, element by element.
std::vector<BoxElement> walk_rows(const RowsCopy&);

/// All but the contents.
RowsCopy draw_rows_copy(gate::ChallengeStream&, const RowsShape&);
/// The same copy with one row replaced by one that no instruction names.
RowsCopy with_another_row(gate::ChallengeStream&, RowsCopy);

}  // namespace assay::probes
