#include "reports/lint/normalise.h"

#include <algorithm>
#include <array>

#include <utf8proc.h>

namespace assay::lint {
namespace {

struct Lookalike {
  char32_t from;
  char to;
};

constexpr std::array kLookalikes = {
    Lookalike{0x0410, 'A'},  Lookalike{0x0412, 'B'}, Lookalike{0x0415, 'E'},  Lookalike{0x041A, 'K'},
    Lookalike{0x041C, 'M'},  Lookalike{0x041D, 'H'}, Lookalike{0x041E, 'O'},  Lookalike{0x0420, 'P'},
    Lookalike{0x0421, 'C'},  Lookalike{0x0422, 'T'}, Lookalike{0x0425, 'X'},  Lookalike{0x0430, 'a'},
    Lookalike{0x0435, 'e'},  Lookalike{0x043E, 'o'}, Lookalike{0x0440, 'p'},  Lookalike{0x0441, 'c'},
    Lookalike{0x0443, 'y'},  Lookalike{0x0445, 'x'}, Lookalike{0x0456, 'i'},  Lookalike{0x0455, 's'},
    Lookalike{0x0391, 'A'},  Lookalike{0x0392, 'B'}, Lookalike{0x0395, 'E'},  Lookalike{0x0397, 'H'},
    Lookalike{0x0399, 'I'},  Lookalike{0x039A, 'K'}, Lookalike{0x039C, 'M'},  Lookalike{0x039D, 'N'},
    Lookalike{0x039F, 'O'},  Lookalike{0x03A1, 'P'}, Lookalike{0x03A4, 'T'},  Lookalike{0x03A7, 'X'},
    Lookalike{0x03BF, 'o'},  Lookalike{0x00D7, 'x'}, Lookalike{0x2018, '\''}, Lookalike{0x2019, '\''},
    Lookalike{0x02BC, '\''}, Lookalike{0x201C, '"'}, Lookalike{0x201D, '"'},  Lookalike{0x2044, '/'},
    Lookalike{0x2215, '/'}};

/// A word for a mark that people use as one.
std::string_view word_of_mark(utf8proc_int32_t code) {
  switch (code) {
    case 0x2713:
    case 0x2714:
    case 0x2705:
      return "yes";
    case 0x2717:
    case 0x2718:
    case 0x274C:
    case 0x2716:
      return "no";
    default:
      return {};
  }
}

/// Characters that are not seen, or that only decorate another.
bool is_invisible(utf8proc_int32_t code) {
  const utf8proc_category_t category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

void put(utf8proc_int32_t code, std::size_t offset, SourceText& out) {
  if (is_invisible(code)) return;
  const utf8proc_category_t category = utf8proc_category(code);
  if (category == UTF8PROC_CATEGORY_PD || code == 0x2212) return out.push('-', offset);
  if (category == UTF8PROC_CATEGORY_ZS || code == '\t' || code == '\n' || code == '\r') return out.push(' ', offset);
  for (const char letter : word_of_mark(code)) out.push(letter, offset);
  if (!word_of_mark(code).empty()) return;
  const auto found = std::ranges::find(kLookalikes, static_cast<char32_t>(code), &Lookalike::from);
  if (found != kLookalikes.end()) return out.push(found->to, offset);
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(code, bytes.data());
  for (utf8proc_ssize_t i = 0; i < size; ++i) out.push(static_cast<char>(bytes[static_cast<std::size_t>(i)]), offset);
}

/// Decomposed code points of one character: compatibility forms become plain ones, marks come apart and are dropped.
void put_decomposed(utf8proc_int32_t code, std::size_t offset, SourceText& out) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  std::array<utf8proc_int32_t, 32> parts{};
  int boundary = 0;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(code, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()), kOptions, &boundary);
  if (count < 0 || static_cast<std::size_t>(count) > parts.size()) return put(code, offset, out);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) put(parts[i], offset, out);
}

}  // namespace

SourceText normalise(const SourceText& source) {
  SourceText out;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(source.text.data());
  for (std::size_t i = 0; i < source.text.size();) {
    if (bytes[i] < 0x80) {
      const char byte = source.text[i];
      out.push(byte == '\t' || byte == '\n' || byte == '\r' ? ' ' : byte, source.origin[i]);
      ++i;
      continue;
    }
    utf8proc_int32_t code = 0;
    const auto left = static_cast<utf8proc_ssize_t>(source.text.size() - i);
    const utf8proc_ssize_t size = utf8proc_iterate(bytes + i, left, &code);
    if (size > 0) put_decomposed(code, source.origin[i], out);
    i += size > 0 ? static_cast<std::size_t>(size) : 1;
  }
  return out;
}

std::string normalise(std::string_view text) {
  SourceText source;
  source.append(text, 0);
  return normalise(source).text;
}

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (char& byte : folded)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  return folded;
}

}  // namespace assay::lint
