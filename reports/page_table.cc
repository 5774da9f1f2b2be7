#include "reports/page_table.h"

#include "reports/page_texts.h"

namespace assay::reports {
namespace {

Attributes styled(const std::string& style) { return style.empty() ? Attributes{} : Attributes{{"class", style}}; }

Html heading(const PageCell& cell, std::string_view scope) {
  Attributes attributes = styled(cell.style);
  attributes.push_back({"scope", std::string(scope)});
  return element("th", attributes, cell.content);
}

Html row_of(const std::vector<PageCell>& cells) {
  Html row;
  for (std::size_t i = 0; i < cells.size(); ++i)
    row += i == 0 ? heading(cells[i], "row") : element("td", styled(cells[i].style), cells[i].content);
  return element("tr", {}, row);
}

}  // namespace

Html page_table(std::string_view style, std::string_view caption, const std::vector<PageCell>& headings,
                const PageRows& rows) {
  Html head, body;
  for (const PageCell& cell : headings) head += heading(cell, "col");
  for (const std::vector<PageCell>& row : rows) body += row_of(row);
  const Html table = element(
      "table", {{"class", std::string(style)}},
      {element("caption", {}, caption), element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)});
  // It can be scrolled with the keyboard, so it can be focused and has a name.
  return element(
      "div", {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", std::string(caption)}}, table);
}

Html folded(const Html& summary, const Html& body) {
  return element("details", {}, {element("summary", {}, summary), body});
}

Html paragraph(std::string_view style, const Html& content) {
  return element("p", style.empty() ? Attributes{} : Attributes{{"class", std::string(style)}}, content);
}

Html code(std::string_view text) { return element("code", {}, text); }

Html page_head(const std::string& title) {
  // Whatever became of the page on its way.
  constexpr std::string_view kPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return element("head", {},
                 {element("meta", {{"charset", "utf-8"}}),
                  element("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", std::string(kPolicy)}}),
                  element("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}),
                  element("meta", {{"name", "color-scheme"}, {"content", "light dark"}}),
                  // Otherwise a browser asks the server for one.
                  element("link", {{"rel", "icon"}, {"href", "data:,"}}), element("title", {}, title),
                  style_sheet(page_texts().front())});
}

}  // namespace assay::reports
