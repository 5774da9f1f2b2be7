#include "reports/displayed.h"

#include <utf8proc.h>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Line and paragraph separators, controls, format characters, surrogates, private and unassigned ones.
bool is_unseen(utf8proc_int32_t character) {
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
      return true;
    default:
      return false;
  }
}

/// Calls visit(character, its bytes) for each character of well-formed UTF-8.
template <class Visit>
void each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    utf8proc_int32_t character = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &character);
    const std::size_t bytes = length > 0 ? static_cast<std::size_t>(length) : 1;
    visit(length > 0 ? character : 0xFFFD, text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

/// "\u202e"; beyond the first plane two of them, as JSON wants it.
std::string json_escape(utf8proc_int32_t character) {
  if (character < 0x10000) return fmt::format("\\u{:04x}", character);
  const auto rest = character - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
}

}  // namespace

std::string displayed(std::string_view text) {
  std::string shown;
  each_character(clean_utf8(text), [&](utf8proc_int32_t character, std::string_view bytes) {
    const bool blank = character == '\n' || character == '\t';
    shown += blank ? " " : is_unseen(character) ? kReplacement : bytes;
  });
  return shown;
}

std::string with_visible_escapes(std::string_view json) {
  std::string shown;
  each_character(json, [&](utf8proc_int32_t character, std::string_view bytes) {
    // Below U+0080 the writer has escaped what is in strings; what is left is its own layout.
    if (character >= 0x80 && is_unseen(character))
      shown += json_escape(character);
    else
      shown += bytes;
  });
  return shown;
}

}  // namespace assay::reports
