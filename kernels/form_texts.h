// The witness texts of kernels/forms as they are built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// All files of kernels/forms, sorted by stem.
std::span<const EmbeddedText> kernel_form_texts();

}  // namespace assay
