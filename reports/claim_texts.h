// The claims of reports/claims as they are built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// All claims, by file name without its ending: "executes.tma.multicast".
std::span<const EmbeddedText> claim_texts();

}  // namespace assay
