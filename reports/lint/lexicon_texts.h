// The linter's words as data, as they are built into the program.
#pragma once

#include "harness/base/embedded_text.h"

namespace assay {

/// subjects, predicates, allowances, language.
std::span<const EmbeddedText> lexicon_texts();

}  // namespace assay
