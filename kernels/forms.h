// The forms that kernels' machine code is looked through for: each an instruction and a text that shows its opcodes.
//
// A gate's witness comes from its own text, assembled with and without the instruction. A kernel's text is too large to
// have a twin without it, so a small text of the same form stands for it: NVRTC compiles it for the device's target
// both ways, and the opcodes (low 12 bits, which include the operand form) that only the first image has must stand in
// the kernel's image too. So the small text has to take its operands from where the kernel does: wgmma with A in
// registers and with A in shared memory are different opcodes. Tested by tests/kernels/forms_test.cc.
#pragma once

#include <string_view>

#include "kernels/kernel.h"

namespace assay::kernels {

inline constexpr Form kMmaSync{.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.{bf16.bf16|f16.f16}.f32",
                               .stem = "mma_sync",
                               .mnemonic = "HMMA.16816"};
inline constexpr Form kWgmma{.instruction = "wgmma.mma_async.sync.aligned.m64nNk16.f32.{bf16.bf16|f16.f16}",
                             .stem = "wgmma",
                             .mnemonic = "HGMMA.64x"};
inline constexpr Form kStore{.instruction = "st.global", .stem = "store", .mnemonic = "STG"};

/// The witness text of a form; empty if there is none.
std::string_view text_of(const Form&);

}  // namespace assay::kernels
