// The instruction forms: single PTX instructions, with all their modifiers, whose acceptance by the assembler is asked
// for every target.
//
// A gate asks whether an instruction computes right; a form asks only whether the installed assembler takes it for a
// target, which is an answer of that assembler (level E2 at most) and says nothing of a device. The texts lie in
// ptx/forms, a family a file: what all forms of the family share (registers, operands) comes first, then each form
// after a marker line of its own:
//
//     // @form tcgen05.fence
//     tcgen05.fence::before_thread_sync;
//     tcgen05.fence::after_thread_sync;
//
// Operands are dummies and many forms would be undefined if they ran; nothing here is ever loaded. Tested by
// tests/probes/forms_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"

namespace assay::probes {

/// One form. The views are into the text that it was read from.
struct Form {
  std::string_view id;      ///< "tcgen05.ld.16x64b.x4"; unique, never renamed. What a name cannot say follows a '/'.
  std::string_view family;  ///< The stem of its file.
  std::string_view setup;   ///< Registers and operands, shared by the family.
  std::string_view statements;  ///< The form itself, and a store of its result where there is one.
};

/// Reads one family. Error: no form, a form without an id or without statements.
Result<std::vector<Form>> parse_forms(std::string_view text, std::string_view family);

/// The forms that are built in, by family. They are the project's own, so an error is a fault of the build.
Result<std::vector<Form>> builtin_forms();

/// The targets that forms are asked for: sm_90 to sm_121, each plain, `a` and, from sm_100 on, `f`.
std::span<const Target> form_targets();

/// The `.version` at which every form is asked: the newest that CUDA 13.0 takes.
inline constexpr PtxVersion kFormVersion{9, 0};

/// A kernel of this form alone.
std::string form_ptx(const Form&, Target, PtxVersion = kFormVersion);

/// Whether `id` fits a pattern in which '*' stands for any text.
bool fits(std::string_view id, std::string_view pattern);

}  // namespace assay::probes
