// A probe: one instruction's question as plain data.
//
// A probe says which PTX text runs, with which inputs, and what must come out. It says nothing about drivers, processes
// or records, so the same value can be run on a GPU, on an emulated device, or on a fake in a test; a test that wants
// to know whether a wrong oracle is noticed simply changes the value. Inputs and expected outputs are made from the
// run's challenge by a pure function, so a verifier makes them again without a GPU.
//
// PTX texts hold `@TARGET@` and `@VERSION@`, and mark the instruction in question with three comment lines:
//
//     // @instruction
//     mma.sync.aligned.m16n8k16...          what the gate asks about
//     // @stand-in
//     // xor.b32 d0, a0, b0;                same data flow without it; commented out in the file
//     // @end
//
// Assembling the text both ways and taking the machine-code opcodes that only the first has gives the witness: the
// opcodes that a loaded image must hold before its right answer counts. Tested by tests/gate/probe_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"
#include "harness/cuda/launch.h"

namespace assay::gate {

/// Device memory that the kernel reads; must come back unchanged.
struct Input {
  std::string name;
  std::vector<std::byte> bytes;
};

/// Device memory that the kernel must fill. It is poisoned before the launch, has guard words on both sides, and is
/// compared whole: as 32-bit words bit for bit, or, if `bound` is not empty, as float32 elements with
/// |observed - expected| <= bound[i], where NaN is never within.
struct Output {
  std::string name;
  std::vector<std::byte> expected;
  std::vector<float> bound;
};

/// A parameter by value: 4 or 8 bytes, little-endian.
struct Scalar {
  std::string name;
  std::vector<std::byte> bytes;
};

/// A tensor map over the Input or Output at position `buffer` of the same argument list.
struct MapArgument {
  std::size_t buffer = 0;
  cuda::TiledMap map;
};

using Argument = std::variant<Input, Output, Scalar, MapArgument>;

/// One launch: its arguments in kernel-parameter order. A MapArgument passes the map instead of an address; a buffer
/// that only a map names is marked by being listed in `hidden`: allocated and checked, but no parameter.
struct Case {
  std::string name;  ///< Unique within the probe: "mask 3, cluster 2".
  std::string entry;
  cuda::LaunchShape launch;
  std::vector<Argument> arguments;
  std::vector<std::size_t> hidden;
};

/// The PTX text, once for every target.
struct Source {
  std::string_view stem;  ///< File name under ptx/ without the ending.
  std::string_view text;
  PtxVersion floor;  ///< Lowest `.version` that the forms in it need.
};

/// How the instruction was found in the machine code.
enum class Lowering { instruction, driver_call, absent };

struct Probe {
  Source source;
  std::string witness_text;  ///< Text from which the witness is derived; normally source.text.
  std::vector<Case> cases;   ///< At least one exact case; wide-range cases carry bounds.
  Case negative;             ///< cases[0] with one operand changed: exactly the predicted words must move.
  std::vector<std::string_view>
      mnemonics;  ///< SASS mnemonics that nvdisasm, where present, must all show; alternatives are joined by '|'.
};

/// The word that a device-side wait writes when it gave up waiting (%globaltimer passed its limit).
inline constexpr std::uint32_t kGaveUp = 0xdead0001u;
/// The word that it writes when the wait ended as it must.
inline constexpr std::uint32_t kWaited = 0x600d0001u;

/// The text for one target: placeholders filled, `.version` = max(source floor, target floor), the instruction kept.
std::string with_instruction(const Source&, Target);
/// The same with the stand-in in the instruction's place. Error: the markers are missing or out of order.
Result<std::string> without_instruction(const Source&, Target);

/// The bytes of a trivially copyable value or of a contiguous range of them, little-endian as stored.
template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  const auto view = std::as_bytes(std::span(&value, 1));
  return {view.begin(), view.end()};
}
template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto view = std::as_bytes(std::span(values));
  return {view.begin(), view.end()};
}

}  // namespace assay::gate
