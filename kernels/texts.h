// The device texts of kernels/*.cu as they are built into the program.
#pragma once

#include <string>

#include "harness/base/embedded_text.h"

namespace assay {

/// All of them, sorted by stem.
std::span<const EmbeddedText> kernel_texts();

}  // namespace assay

namespace assay::kernels {

/// The text of kernels/STEM.cu, which there must be.
std::string_view device_text(std::string_view stem);

/// The texts of some stems in order, then `instance`: what a launch's source is.
std::string source_of(std::initializer_list<std::string_view> stems, std::string_view instance);

}  // namespace assay::kernels
