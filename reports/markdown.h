// Markdown in which text cannot become markup.
//
// Every ASCII punctuation character may be escaped by a backslash in CommonMark; those that can mean something anywhere
// in a line are. What cannot be seen is replaced before (displayed.h), newlines included, so a text cannot leave its
// line, its cell or its list item. Tested by tests/reports/markdown_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::reports {

/// Inline text.
std::string markdown_text(std::string_view text);
/// A code span, fenced by one more backtick than the text holds in a row.
std::string markdown_code(std::string_view text);
/// A table; cells are Markdown already.
std::string markdown_table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);

}  // namespace assay::reports
