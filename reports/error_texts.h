// reports/errors.json as it is built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// One text, "errors".
std::span<const EmbeddedText> error_texts();

}  // namespace assay
