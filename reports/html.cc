#include "reports/html.h"

#include <algorithm>
#include <array>

#include "reports/displayed.h"

namespace assay::reports {
namespace {

constexpr std::array<std::string_view, 5> kVoid = {"br", "hr", "meta", "link", "col"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : displayed(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Html::Html(std::string_view text) : markup_(escaped(text)) {}

Html::Html(std::initializer_list<Html> parts) {
  for (const Html& part : parts) markup_ += part.markup_;
}

Html& Html::operator+=(const Html& other) {
  markup_ += other.markup_;
  return *this;
}

Html element(Name name, const Attributes& attributes, const Html& content) {
  Html made;
  std::string& out = made.markup_;
  out.append("<").append(name.text());
  for (const Attribute& attribute : attributes)
    out.append(" ").append(attribute.name.text()).append("=\"").append(escaped(attribute.value)).append("\"");
  out += ">";
  if (std::ranges::find(kVoid, name.text()) != kVoid.end()) return made;
  out.append(content.markup_).append("</").append(name.text()).append(">");
  return made;
}

Html document(const Html& root) {
  Html made;
  made.markup_ = "<!doctype html>\n" + root.markup_ + "\n";
  return made;
}

Html style_sheet(const EmbeddedText& file) {
  Html made;
  made.markup_.append("<style>\n").append(file.text).append("</style>");
  return made;
}

Html json_island(std::string_view id, std::string_view json) {
  Html made;
  made.markup_.append("<script type=\"application/json\" id=\"").append(escaped(id)).append("\">\n");
  for (const char c : json) c == '<' ? made.markup_.append("\\u003c") : made.markup_.append(1, c);
  made.markup_ += "</script>";
  return made;
}

}  // namespace assay::reports
