// The instruction forms of ptx/forms as they are built into the program: a family a file, and expected.json.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// All files of ptx/forms, sorted by stem.
std::span<const EmbeddedText> form_texts();

}  // namespace assay
