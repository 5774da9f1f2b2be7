// The device texts of the bench: expand.cu, plain_read.cu and reference.cu, by their stems.
#pragma once

#include <span>

#include "harness/base/embedded_text.h"

namespace assay {

std::span<const EmbeddedText> bench_texts();

}  // namespace assay
