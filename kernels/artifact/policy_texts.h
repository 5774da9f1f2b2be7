// The policy of kernels/artifact/policy.json as it is built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// One text: the built-in policy.
std::span<const EmbeddedText> policy_texts();

}  // namespace assay
