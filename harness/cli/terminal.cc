#include "harness/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace assay::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::green:
      return "\x1b[32m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::blue:
      return "\x1b[34m";
    case Colour::dim:
      return "\x1b[2m";
    case Colour::bold:
      return "\x1b[1m";
  }
  return "";
}

/// Lines of at most `width` characters, broken at spaces; a longer word stands alone.
std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::vector<std::size_t> widths_of(const std::vector<std::string>& headings,
                                   const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < headings.size(); ++i) {
    std::size_t width = headings[i].size();
    for (const auto& row : rows) width = std::max(width, row[i].text.size());
    widths.push_back(width);
  }
  return widths;
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

}  // namespace

bool takes_colour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return isatty(descriptor) != 0 && (refused == nullptr || *refused == '\0');
}

std::size_t columns_of(int descriptor, std::size_t fallback) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : fallback;
}

std::string paint(std::string_view text, Colour colour, bool wanted) {
  if (!wanted || colour == Colour::plain) return std::string(text);
  return std::string(escape_of(colour)) + std::string(text) + "\x1b[0m";
}

Colour colour_of(evidence::Verdict verdict) {
  switch (verdict) {
    case evidence::Verdict::proven:
      return Colour::green;
    case evidence::Verdict::reported:
    case evidence::Verdict::agrees:
      return Colour::blue;
    case evidence::Verdict::mismatch:
    case evidence::Verdict::faulted:
    case evidence::Verdict::hung:
      return Colour::red;
    case evidence::Verdict::refused:
    case evidence::Verdict::unresolved:
      return Colour::yellow;
    case evidence::Verdict::not_run:
    case evidence::Verdict::not_applicable:
      break;
  }
  return Colour::dim;
}

std::string table(const std::vector<std::string>& headings, const std::vector<std::vector<Cell>>& rows,
                  std::size_t width, bool colour) {
  const std::vector<std::size_t> widths = widths_of(headings, rows);
  std::size_t indent = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) indent += widths[i] + kGap.size();
  const std::size_t last_width = std::max<std::size_t>(width > indent ? width - indent : 0, 24);

  std::string text;
  for (std::size_t i = 0; i < headings.size(); ++i) {
    const bool last = i + 1 == headings.size();
    text += paint(last ? headings[i] : padded(headings[i], widths[i]), Colour::bold, colour);
    text += last ? "\n" : std::string(kGap);
  }
  for (const auto& row : rows) {
    const bool short_row = row.back().text.empty();  // no line ends in blanks
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const bool ends = short_row && i + 2 == row.size();
      text += paint(ends ? row[i].text : padded(row[i].text, widths[i]), row[i].colour, colour);
      if (!ends) text += kGap;
    }
    bool first = true;
    for (const std::string& line : wrap(row.back().text, last_width)) {
      if (!first) text += std::string(indent, ' ');
      text += paint(line, row.back().colour, colour) + "\n";
      first = false;
    }
  }
  return text;
}

}  // namespace assay::cli
