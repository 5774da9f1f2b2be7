#include "reports/lint/document.h"

#include <algorithm>
#include <array>

#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

constexpr std::string_view kOpen = "<!--", kClose = "-->";

struct Entity {
  std::string_view name;
  char means;
};
constexpr std::array<Entity, 7> kEntities = {{{"&amp;", '&'},
                                              {"&lt;", '<'},
                                              {"&gt;", '>'},
                                              {"&quot;", '"'},
                                              {"&apos;", '\''},
                                              {"&#39;", '\''},
                                              {"&nbsp;", ' '}}};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// The end of the tag at `i`, or `i` if none begins there.
std::size_t end_of_tag(std::string_view text, std::size_t i) {
  if (text[i] != '<' || i + 1 >= text.size()) return i;
  const char next = text[i + 1];
  const bool tag = next == '/' || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
  const std::size_t end = text.find('>', i);
  return tag && end != std::string_view::npos ? end + 1 : i;
}

/// Whether a tag stands between words: a paragraph's does, that of bold type does not.
bool parts_words(std::string_view tag) {
  constexpr std::array<std::string_view, 16> kInside = {"a",    "b",   "i",   "u",   "s",     "em",   "strong", "code",
                                                        "span", "sub", "sup", "kbd", "small", "mark", "font",   "wbr"};
  const std::size_t begin = tag.find_first_not_of("</");
  const std::string name = fold_case(tag.substr(begin, tag.find_first_of(" />", begin) - begin));
  return std::ranges::find(kInside, name) == kInside.end();
}

/// What a tag says to a reader: its alt and title texts.
void take_spoken_attributes(const SourceText& source, std::size_t begin, std::size_t end, SourceText& out) {
  for (const std::string_view name : {"alt=\"", "title=\""}) {
    const std::size_t at = source.text.find(name, begin);
    if (at == std::string::npos || at >= end) continue;
    const std::size_t from = at + name.size(), to = std::min(source.text.find('"', from), end);
    for (std::size_t i = from; i < to; ++i) out.push(source.text[i], source.origin[i]);
    out.push('.', source.origin[begin]);
    out.push(' ', source.origin[begin]);
  }
  if (parts_words(std::string_view(source.text).substr(begin, end - begin))) out.push(' ', source.origin[begin]);
}

bool is_list_mark(std::string_view line) {
  const std::string_view text = trimmed(line);
  if (text.starts_with("- ") || text.starts_with("* ") || text.starts_with("+ ")) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return digits > 0 && digits < 4 && (text.substr(digits).starts_with(". ") || text.substr(digits).starts_with(") "));
}

}  // namespace

Lines::Lines(std::string_view file) : file_(file), starts_{0} {
  for (std::size_t i = 0; i < file.size(); ++i)
    if (file[i] == '\n') starts_.push_back(i + 1);
}

Position Lines::at(std::size_t offset) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = static_cast<std::size_t>(next - starts_.begin());
  const std::string_view before = file_.substr(starts_[line - 1], offset - starts_[line - 1]);
  const auto characters = std::ranges::count_if(before, [](char byte) { return (byte & 0xC0) != 0x80; });
  return {line, static_cast<std::size_t>(characters) + 1};
}

SourceText take_comments(const SourceText& source, std::vector<Comment>& comments, bool html) {
  SourceText out;
  const std::string_view text = source.text;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with(kOpen)) {
      const std::size_t inner = i + kOpen.size(), close = text.find(kClose, inner);
      const std::size_t end = close == std::string_view::npos ? text.size() : close;
      const std::size_t last = std::min(end + kClose.size(), text.size()) - 1;
      comments.push_back(
          {std::string(trimmed(text.substr(inner, end - inner))), source.origin[i], source.origin[last] + 1});
      i = last + 1;
      continue;
    }
    if (html) {
      if (const std::size_t end = end_of_tag(text, i); end != i) {
        take_spoken_attributes(source, i, end, out);
        i = end;
        continue;
      }
      const auto entity =
          std::ranges::find_if(kEntities, [&](const Entity& one) { return text.substr(i).starts_with(one.name); });
      if (entity != kEntities.end()) {
        out.push(entity->means, source.origin[i]);
        i += entity->name.size();
        continue;
      }
    }
    out.push(text[i], source.origin[i]);
    ++i;
  }
  return out;
}

Document read_plain(std::string_view file) {
  Document document;
  SourceText all, current;
  all.append(file, 0);
  const SourceText text = take_comments(all, document.comments, false);
  const auto close = [&] {
    if (!trimmed(current.text).empty()) document.blocks.push_back({.text = std::move(current)});
    current = {};
  };
  for (std::size_t begin = 0; begin < text.text.size();) {
    const std::size_t end = std::min(text.text.find('\n', begin), text.text.size() - 1) + 1;
    const std::string_view line = std::string_view(text.text).substr(begin, end - begin);
    const bool empty = trimmed(line).empty();
    if (empty || is_list_mark(line)) close();
    for (std::size_t i = begin; i < end && !empty; ++i) current.push(text.text[i], text.origin[i]);
    begin = end;
  }
  close();
  return document;
}

Document read_document(std::string_view name, std::string_view file) {
  const std::string folded = fold_case(name);
  return folded.ends_with(".md") || folded.ends_with(".markdown") ? read_markdown(file) : read_plain(file);
}

}  // namespace assay::lint
