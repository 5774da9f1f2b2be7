// tcgen05.ld: does data written to tensor memory come back?
//
// The kernel (ptx/tcgen05_ld.ptx) runs a script of stores, copies from shared memory and loads, and gives back every
// register of every thread after each load. It holds no layout of its own: which register is which cell is what the
// instructions decide, and the oracle says which words must be where by the manual's formulas over a row-major model of
// tensor memory. What is written in one shape is read in every shape and every count up to 32 registers, at drawn lanes
// and columns, so that a shape whose layout differs, an alias of addresses or an echo of registers shows.
//
// Each case fills a window of 64 columns in one way, loads it, writes over parts of it in other shapes, and loads it
// again; the parts left alone must have kept their words. Columns outside of the window whose numbers differ in one bit
// from one in it are written too, so that no alias of 64, 128 or 256 columns passes. Everything is bit for bit.
//
// No alignment of columns is written down, and 32x32b stands on odd ones too: a first mismatch there is a question of
// layout, not of storage.
//
// A wait for a copy that gives up ends the launch by a trap, so that the attempt counts as faulted and no status word
// is read back: a copy that is late may still write to tensor memory, which must not be in other hands by then.
//
// Tested by tests/probes/tcgen05_ld_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "harness/gate/gate.h"

namespace assay::probes {

/// What one step of the kernel's script does.
enum class TmemOperation { load, store, copy };

/// Shapes of loads and stores, then those of copies.
enum class TmemShape { s32x32b, s16x64b, s16x128b, s16x256b, c32x128b, c128x128b, c128x256b };

/// One of the forms that the kernel's text holds; `count` is N of .xN.
struct TmemForm {
  TmemOperation operation;
  TmemShape shape;
  std::uint32_t count;
};

/// The forms by the numbers that scripts use: the order of the kernel's branch table.
std::span<const TmemForm> tmem_forms();

/// Cases by the way in which the window is filled: stores in four shapes, copies in three. The negative case moves one
/// load by one column, so that exactly its words move.
gate::Probe make_tcgen05_ld(const gate::Seed&);

}  // namespace assay::probes
