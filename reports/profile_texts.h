// The profiles of reports/profiles as they are built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// All profiles, by file name without its ending.
std::span<const EmbeddedText> profile_texts();

}  // namespace assay
