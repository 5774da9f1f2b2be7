// Markdown to blocks, by cmark-gfm. The library says on which lines a block stands; where in them a piece of text is,
// is found by looking for it from the last piece on, which needs no trust in columns that extensions count differently.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <cmark-gfm-core-extensions.h>

#include "reports/lint/document.h"
#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

/// What stands between the texts of a paragraph and is no text.
constexpr std::string_view kMarkup = "*_~`[]!";

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
struct ParserDeleter {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};
using Root = std::unique_ptr<cmark_node, NodeDeleter>;

Root parse(std::string_view file) {
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, ParserDeleter> parser(cmark_parser_new(CMARK_OPT_UNSAFE | CMARK_OPT_FOOTNOTES));
  for (const char* name : {"table", "strikethrough", "autolink"})
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name))
      cmark_parser_attach_syntax_extension(parser.get(), extension);
  cmark_parser_feed(parser.get(), file.data(), file.size());
  return Root(cmark_parser_finish(parser.get()));
}

std::string_view literal(cmark_node* node) {
  const char* text = cmark_node_get_literal(node);
  return text == nullptr ? std::string_view() : std::string_view(text);
}
std::string_view kind(cmark_node* node) { return cmark_node_get_type_string(node); }

/// How a language writes a comment that runs to the end of its line.
std::string_view comment_mark(std::string_view language) {
  constexpr std::array<std::string_view, 9> kHash = {"sh", "bash", "shell", "console", "python",
                                                     "py", "yaml", "toml",  "cmake"};
  constexpr std::array<std::string_view, 9> kSlashes = {"c", "cc", "cpp", "c++", "cu", "cuda", "ptx", "rust", "js"};
  if (std::ranges::find(kHash, language) != kHash.end()) return "#";
  return std::ranges::find(kSlashes, language) != kSlashes.end() ? "//" : "";
}

class Walker {
 public:
  Walker(std::string_view file, Document& document) : file_(file), lines_(file), document_(document) {}

  void block(cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING) return paragraph(node);
    if (type == CMARK_NODE_HTML_BLOCK) return html(node);
    if (type == CMARK_NODE_CODE_BLOCK) return code(node);
    if (kind(node) == "table") return table(node);
    for (cmark_node* child = cmark_node_first_child(node); child != nullptr; child = cmark_node_next(child))
      block(child);
  }

 private:
  void seek(cmark_node* node) {
    const int line = cmark_node_get_start_line(node), last = cmark_node_get_end_line(node);
    if (line < 1) return;
    cursor_ = std::max(cursor_, lines_.offset_of(std::min(static_cast<std::size_t>(line), lines_.count())));
    const auto after = static_cast<std::size_t>(std::max(last, line));
    limit_ = after < lines_.count() ? lines_.offset_of(after + 1) : file_.size();
  }

  /// Appends text that stands at or behind the cursor; text that a reader sees otherwise (an entity) keeps the cursor.
  void put(std::string_view text, SourceText& into) {
    const std::size_t found = file_.substr(0, limit_).find(text, cursor_);
    if (found == std::string_view::npos) return put_decoded(text, into);
    into.append(text, found);
    cursor_ = found + text.size();
  }

  /// Text in which escapes and entities were read: byte for byte, and what an entity means stands where it begins.
  void put_decoded(std::string_view text, SourceText& into) {
    std::size_t resume = std::string_view::npos;
    for (const char byte : text) {
      if (resume != std::string_view::npos && resume < limit_ && file_[resume] == byte)
        cursor_ = std::exchange(resume, std::string_view::npos);
      while (cursor_ < limit_ && file_[cursor_] != byte && kMarkup.find(file_[cursor_]) != std::string_view::npos)
        ++cursor_;
      if (cursor_ + 1 < limit_ && file_[cursor_] == '\\' && file_[cursor_ + 1] == byte) ++cursor_;
      const bool same = cursor_ < limit_ && file_[cursor_] == byte && resume == std::string_view::npos;
      into.push(byte, std::min(cursor_, file_.size() - 1));
      if (same)
        ++cursor_;
      else if (cursor_ < limit_ && file_[cursor_] == '&' && resume == std::string_view::npos)
        resume = file_.find(';', cursor_) + 1;
    }
    if (resume != std::string_view::npos && resume > cursor_) cursor_ = std::min(resume, limit_);
  }

  /// A title or alternative text is a sentence of its own, behind the block.
  void aside(SourceText text) {
    if (!text.empty()) asides_.push_back(std::move(text));
  }

  void inlines(cmark_node* parent, SourceText& into) {
    for (cmark_node* node = cmark_node_first_child(parent); node != nullptr; node = cmark_node_next(node)) {
      switch (cmark_node_get_type(node)) {
        case CMARK_NODE_TEXT:
        case CMARK_NODE_CODE:
          put(literal(node), into);
          break;
        case CMARK_NODE_SOFTBREAK:
        case CMARK_NODE_LINEBREAK:
          into.push(' ', std::min(cursor_, file_.size() - 1));
          break;
        case CMARK_NODE_HTML_INLINE: {
          SourceText raw;
          put(literal(node), raw);
          const SourceText rest = take_comments(raw, document_.comments, true);
          for (std::size_t i = 0; i < rest.text.size(); ++i) into.push(rest.text[i], rest.origin[i]);
          break;
        }
        case CMARK_NODE_IMAGE: {
          SourceText alt;
          inlines(node, alt);
          aside(std::move(alt));
          title(node);
          break;
        }
        case CMARK_NODE_LINK:
          inlines(node, into);
          title(node);
          break;
        default:
          inlines(node, into);
      }
    }
  }
  void title(cmark_node* node) {
    const char* text = cmark_node_get_title(node);
    if (text == nullptr || *text == '\0') return;
    SourceText words;
    put(text, words);
    aside(std::move(words));
  }

  void add(SourceText text, std::size_t row = 0, std::string heading = {}) {
    if (!text.empty()) document_.blocks.push_back({std::move(text), row, std::move(heading)});
    for (SourceText& one : asides_) document_.blocks.push_back({std::move(one), 0, {}});
    asides_.clear();
  }

  void paragraph(cmark_node* node) {
    seek(node);
    SourceText text;
    inlines(node, text);
    add(std::move(text));
  }

  void table(cmark_node* node) {
    std::vector<std::string> headings;
    for (cmark_node* row = cmark_node_first_child(node); row != nullptr; row = cmark_node_next(row)) {
      const bool is_head = row == cmark_node_first_child(node);
      seek(row);
      ++row_;
      std::size_t column = 0;
      for (cmark_node* cell = cmark_node_first_child(row); cell != nullptr; cell = cmark_node_next(cell), ++column) {
        SourceText text;
        inlines(cell, text);
        if (is_head) headings.push_back(text.text);
        const std::string heading = !is_head && column < headings.size() ? headings[column] : std::string();
        add(std::move(text), is_head ? 0 : row_, heading);
      }
    }
  }

  void html(cmark_node* node) {
    seek(node);
    SourceText raw;
    put(literal(node), raw);
    add(take_comments(raw, document_.comments, true));
  }

  void code(cmark_node* node) {
    seek(node);
    const std::string_view info = cmark_node_get_fence_info(node);
    const std::string_view mark = comment_mark(info.substr(0, std::min(info.find_first_of(" {"), info.size())));
    SourceText all;
    put(literal(node), all);
    if (mark.empty()) return;
    SourceText comment;
    for (std::size_t begin = 0; begin < all.text.size();) {
      const std::size_t end = std::min(all.text.find('\n', begin), all.text.size());
      const std::size_t at = std::min(all.text.find(mark, begin), end);
      if (at == end && !comment.empty()) add(std::exchange(comment, {}));
      for (std::size_t i = std::min(at + mark.size(), end); i < end; ++i) comment.push(all.text[i], all.origin[i]);
      if (at < end) comment.push(' ', all.origin[end - 1]);
      begin = end + 1;
    }
    if (!comment.empty()) add(std::move(comment));
  }

  std::string_view file_;
  Lines lines_;
  Document& document_;
  std::vector<SourceText> asides_;
  std::size_t cursor_ = 0, limit_ = 0, row_ = 0;
};

}  // namespace

Document read_markdown(std::string_view file) {
  Document document;
  if (file.empty()) return document;
  const Root root = parse(file);
  Walker(file, document).block(root.get());
  return document;
}

}  // namespace assay::lint
