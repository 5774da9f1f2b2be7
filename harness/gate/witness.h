// The witness: does the machine code that ran hold the instruction in question?
//
// A kernel can return the right product without a single tensor-core instruction. So the probe's text is assembled
// twice, with the instruction and with a stand-in of the same data flow; opcodes that only the first image has are the
// instruction's, and the image that is loaded must hold all of them. Where the toolchain emits no such instruction for
// a target and calls the driver in its place (multicast on sm_120 and sm_121), the image names the call, and the
// lowering is recorded as driver-call: a right answer then speaks of this driver, not of an instruction. Tested by
// tests/gate/witness_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::gate {

/// Text of a disassembly, or the reason why there is none (no disassembler here is an answer).
using Disassemble = std::function<Result<std::string>(std::span<const std::byte> cubin)>;

/// Runs nvdisasm from the installed toolkit, if there is one. It takes half a second for the smallest image, so its
/// answers are kept in `cache`, by program and image; an empty path keeps none, a damaged entry is a miss.
Disassemble find_disassembler(const std::filesystem::path& cache);

/// What the three images show. Error: one of them is no readable cubin.
Result<evidence::Witness> find_witness(std::span<const std::byte> loaded, std::span<const std::byte> with,
                                       std::span<const std::byte> without);

/// The second opinion: "agrees" if the disassembly shows every mnemonic (of alternatives "A|B" one), "disagrees", "not
/// present", or "failed" if the disassembler itself did.
std::string second_opinion(const Disassemble&, std::span<const std::byte> loaded,
                           std::span<const std::string_view> mnemonics);

/// Whether the witness lets a right answer count. A disagreeing disassembler counts against it.
evidence::ControlStatus judge(const evidence::Witness&);

}  // namespace assay::gate
