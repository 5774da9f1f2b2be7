// What every page is made of: its head, which lets it load nothing, and tables with a caption for those who hear it,
// headings with their scope, and a frame that scrolls by itself on a narrow screen. Tested by
// tests/reports/render_html_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/html.h"

namespace assay::reports {

struct PageCell {
  PageCell(Html shown, std::string style_class = "") : content(std::move(shown)), style(std::move(style_class)) {}
  PageCell(const std::string& text) : content(text) {}
  PageCell(const char* text) : content(text) {}
  Html content;
  std::string style;  ///< Class of the cell; empty for none.
};
using PageRows = std::vector<std::vector<PageCell>>;

/// The first cell of each row is its heading.
Html page_table(std::string_view style, std::string_view caption, const std::vector<PageCell>& headings,
                const PageRows&);
/// <details> with a summary.
Html folded(const Html& summary, const Html& body);
Html paragraph(std::string_view style, const Html&);
/// The <head> of a self-contained page: it may show itself and nothing from elsewhere.
Html page_head(const std::string& title);
Html code(std::string_view text);

}  // namespace assay::reports
