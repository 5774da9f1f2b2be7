// A document as the linter reads it: blocks of running text, and the comments between them, each with its place.
//
// Markdown is read by cmark-gfm with tables: headings, paragraphs, list items, table cells, link texts, the alternative
// texts of images and link titles are text; code spans are words of their sentence. Of a fenced block only the comments
// are text, and only where its language is named; a block without a language is output or a picture. Anything else is
// plain text: paragraphs between empty lines. Tested by tests/lint/document_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/lint/source_text.h"

namespace assay::lint {

/// `<!-- ... -->`.
struct Comment {
  std::string text;                ///< Between the marks, without the spaces around it.
  std::size_t begin = 0, end = 0;  ///< Offsets in the file, half open.
};

/// Text that belongs together. A table's row is one block a cell; `row` says which belong to one row.
struct Block {
  SourceText text;
  std::size_t row = 0;       ///< 0: no cell.
  std::string heading = {};  ///< Of a cell: the text at the head of its column.
};

struct Document {
  std::vector<Block> blocks;      ///< In the order of the file.
  std::vector<Comment> comments;  ///< In the order of the file.
};

Document read_markdown(std::string_view file);
Document read_plain(std::string_view file);
/// By the name's ending: .md and .markdown, else plain.
Document read_document(std::string_view name, std::string_view file);

/// Turns offsets of one file into lines and columns; `file` must outlive it.
class Lines {
 public:
  explicit Lines(std::string_view file);
  Position at(std::size_t offset) const;
  std::size_t offset_of(std::size_t line) const { return starts_[line - 1]; }
  std::size_t count() const { return starts_.size(); }

 private:
  std::string_view file_;
  std::vector<std::size_t> starts_;
};

/// Cuts `<!-- -->` out of text, into `comments`; the rest stays, with tags dropped and entities read, if `html`.
SourceText take_comments(const SourceText&, std::vector<Comment>& comments, bool html);

}  // namespace assay::lint
