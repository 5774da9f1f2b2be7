// The script of harness/cli/bench_peer.py as it is built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// One text.
std::span<const EmbeddedText> bench_peer_texts();

}  // namespace assay
