#include "reports/markdown.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/displayed.h"

namespace assay::reports {
namespace {

constexpr std::string_view kSpecial = "\\`*[]<>|&~$@";

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What would make a heading, a list or an underline of the line that a text begins.
bool opens_a_block(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (at == 0) return c == '#' || c == '-' || c == '+' || c == '=';
  const bool numbered = (c == '.' || c == ')') && at < 10 && (at + 1 == text.size() || text[at + 1] == ' ');
  return numbered && std::ranges::all_of(text.substr(0, at), [](char d) { return d >= '0' && d <= '9'; });
}

/// What GitHub makes a link of without being asked.
bool opens_a_link(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with("://") || (text[at] == '.' && at >= 3 && text.substr(at - 3, 3) == "www");
}

/// `sm_90a` is what it is; `_x_` would be emphasis.
bool is_emphasis(std::string_view text, std::size_t at) {
  const bool within = at > 0 && at + 1 < text.size() && is_alphanumeric(text[at - 1]) && is_alphanumeric(text[at + 1]);
  return text[at] == '_' && !within;
}

std::size_t longest_run(std::string_view text, char of) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == of ? run + 1 : 0);
  return longest;
}

/// Rows are split at pipes before code spans are looked for, so one in a span needs its backslash as well.
std::string without_bare_pipes(std::string_view cell) {
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] == '|' && (i == 0 || cell[i - 1] != '\\')) out += '\\';
    out += cell[i];
  }
  return out;
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string shown = displayed(text);
  std::string out;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const bool special = kSpecial.find(shown[i]) != std::string_view::npos;
    if (special || is_emphasis(shown, i) || opens_a_block(shown, i) || opens_a_link(shown, i)) out += '\\';
    out += shown[i];
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  const std::string shown = displayed(text);
  if (shown.empty()) return "";
  const std::string fence(longest_run(shown, '`') + 1, '`');
  // A space at both ends is taken off again by the reader; a text that begins or ends with a backtick needs it.
  const bool pad = shown.front() == '`' || shown.back() == '`' || (shown.front() == ' ' && shown.back() == ' ');
  const std::string_view space = pad ? " " : "";
  return fmt::format("{}{}{}{}{}", fence, space, shown, space, fence);
}

std::string markdown_table(const std::vector<std::string>& headings,
                           const std::vector<std::vector<std::string>>& rows) {
  std::string table = "|";
  for (const std::string& heading : headings) table += fmt::format(" {} |", heading);
  table += "\n|";
  for (std::size_t i = 0; i < headings.size(); ++i) table += "---|";
  table += "\n";
  for (const std::vector<std::string>& row : rows) {
    table += "|";
    for (const std::string& cell : row) table += fmt::format(" {} |", without_bare_pipes(cell));
    table += "\n";
  }
  return table;
}

}  // namespace assay::reports
