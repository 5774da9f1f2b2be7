// Where a text's sentences begin and end. A point ends one only before a space and a beginning (a capital, a digit, a
// quotation mark) or the end of the text: not in "13.0", "sm_90a.text" or "e.g. this". Tested by
// tests/lint/split_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/lint/source_text.h"

namespace assay::lint {

/// `text` is normalised; the sentences come without the spaces around them.
std::vector<SourceText> sentences_of(const SourceText& text, std::span<const std::string> abbreviations);

/// Whether the sentence asks.
bool is_question(std::string_view sentence);
/// Whether it ends with a mark at all; headings and cells do not.
bool is_whole(std::string_view sentence);

}  // namespace assay::lint
