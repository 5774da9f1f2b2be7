// The PTX (and CUDA C++) texts of this folder as they are built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// All texts, sorted by stem.
std::span<const EmbeddedText> ptx_texts();

/// One text by stem ("tma_load"); empty if there is none.
inline std::string_view ptx_text(std::string_view stem) {
  for (const EmbeddedText& text : ptx_texts())
    if (text.stem == stem) return text.text;
  return {};
}

}  // namespace assay
