// A document taken apart for the linter: sentences and markers in the order of the file. Part of linter.h; tested with
// it.
#pragma once

#include "reports/lint/linter.h"
#include "reports/lint/sentences.h"

namespace assay::lint {

struct ReadSentence {
  SourceText text;
  std::size_t block = 0;
  std::size_t begin() const { return text.origin.front(); }
  std::size_t end() const { return text.origin.back() + 1; }
};

struct BadMarker {
  std::size_t at = 0;
  std::string why;
};

struct Reading {
  Document document;
  std::vector<ReadSentence> sentences;
  std::vector<Marker> markers;
  std::vector<BadMarker> bad;
};

Reading read(const std::string& path, std::string_view file, const Lexicon&);

/// What stands between two marks.
struct Range {
  std::size_t begin = 0, end = 0;
  const Marker* marker = nullptr;
  bool holds(std::size_t offset) const { return offset >= begin && offset < end; }
};

/// Ranges of quotations or of lists of claims; a mark without its partner is told in `bad`.
std::vector<Range> ranges_of(const Reading&, Marker::Kind begin, Marker::Kind end, std::vector<BadMarker>& bad);

/// The first sentence behind a marker, if no other marker stands between.
const ReadSentence* sentence_after(const Reading&, const Marker&);

}  // namespace assay::lint
