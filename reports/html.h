// HTML in which text cannot become markup.
//
// A string that is put into an Html is text and is escaped; only another Html goes in as it is. Markup comes from two
// places: element(), whose tag and attribute names are literals that are checked when this program is compiled, and the
// project's own style sheet. So a device that calls itself "<script>" is shown by that name. What cannot be seen is
// replaced before (displayed.h). Tested by tests/reports/html_test.cc.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/embedded_text.h"

namespace assay::reports {

class Html {
 public:
  Html() = default;
  /// Text; implicit, because that is the safe reading of a string.
  Html(std::string_view text);
  Html(const std::string& text) : Html(std::string_view(text)) {}
  Html(const char* text) : Html(std::string_view(text)) {}
  /// All of them, one after the other.
  Html(std::initializer_list<Html> parts);

  Html& operator+=(const Html& other);
  /// The bytes of the page.
  const std::string& markup() const { return markup_; }
  bool empty() const { return markup_.empty(); }

 private:
  friend class Name;
  friend struct Attribute;
  friend Html element(class Name, const std::vector<struct Attribute>&, const Html&);
  friend Html document(const Html&);
  friend Html style_sheet(const EmbeddedText&);
  friend Html json_island(std::string_view, std::string_view);

  std::string markup_;
};

/// A name of a tag or an attribute: a literal of lower-case letters, digits, '-' and the case that SVG wants.
class Name {
 public:
  consteval Name(const char* literal) : text_(literal) {
    for (const char c : text_) {
      const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      if (!good) throw "a name is made of letters, digits and '-'";
    }
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// The value is text and is escaped.
struct Attribute {
  Name name;
  std::string value;
};
using Attributes = std::vector<Attribute>;

/// <name attributes>content</name>; void elements (br, meta, use...) have no content and no end tag.
Html element(Name, const Attributes&, const Html& content = {});
/// <!doctype html> before the root element.
Html document(const Html& root);
/// A style element of a file that was built in.
Html style_sheet(const EmbeddedText&);
/// <script type="application/json" id="..."> with the JSON in it; '<' is written as \u003c, so nothing in it ends it.
Html json_island(std::string_view id, std::string_view json);

}  // namespace assay::reports
