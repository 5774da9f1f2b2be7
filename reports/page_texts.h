// reports/page.css as it is built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// One text, "page".
std::span<const EmbeddedText> page_texts();

}  // namespace assay
