// One spelling for what looks alike: Unicode NFKC, without zero-width characters, soft hyphens and combining marks;
// every dash is "-", every quotation mark ' or ", every space " ", Cyrillic and Greek letters that look Latin are
// Latin. Case stays, since a sentence begins with a capital. Each byte keeps its place in the file. Tested by
// tests/lint/normalise_test.cc.
#pragma once

#include "reports/lint/source_text.h"

namespace assay::lint {

SourceText normalise(const SourceText&);
std::string normalise(std::string_view);

/// ASCII letters in lower case; after `normalise` no other letters matter.
std::string fold_case(std::string_view);

}  // namespace assay::lint
