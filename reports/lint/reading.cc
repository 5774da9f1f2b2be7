#include "reports/lint/reading.h"

#include <algorithm>

#include "reports/lint/normalise.h"

namespace assay::lint {

Reading read(const std::string& path, std::string_view file, const Lexicon& lexicon) {
  Reading reading;
  reading.document = read_document(path, file);
  const std::vector<Block>& blocks = reading.document.blocks;
  for (std::size_t block = 0; block < blocks.size(); ++block)
    for (SourceText& sentence : sentences_of(normalise(blocks[block].text), lexicon.abbreviations()))
      reading.sentences.push_back({std::move(sentence), block});
  for (const Comment& comment : reading.document.comments) {
    Result<std::optional<Marker>> marker = read_marker(comment);
    if (!marker)
      reading.bad.push_back({comment.begin, marker.error().message});
    else if (*marker)
      reading.markers.push_back(std::move(**marker));
  }
  return reading;
}

std::vector<Range> ranges_of(const Reading& reading, Marker::Kind begin, Marker::Kind end,
                             std::vector<BadMarker>& bad) {
  std::vector<Range> ranges;
  const Marker* open = nullptr;
  const auto unpaired = [&](const Marker& marker) {
    bad.push_back({marker.begin, "has no partner; a range is begun and ended once"});
  };
  for (const Marker& marker : reading.markers) {
    if (marker.kind == begin) {
      if (open != nullptr) unpaired(*open);
      open = &marker;
    } else if (marker.kind == end) {
      if (open == nullptr)
        unpaired(marker);
      else
        ranges.push_back({open->end, marker.begin, open});
      open = nullptr;
    }
  }
  if (open != nullptr) unpaired(*open);
  return ranges;
}

const ReadSentence* sentence_after(const Reading& reading, const Marker& marker) {
  const ReadSentence* first = nullptr;
  for (const ReadSentence& sentence : reading.sentences)
    if (sentence.begin() >= marker.end && (first == nullptr || sentence.begin() < first->begin())) first = &sentence;
  if (first == nullptr) return nullptr;
  const bool between = std::ranges::any_of(
      reading.markers, [&](const Marker& other) { return other.begin >= marker.end && other.begin < first->begin(); });
  return between ? nullptr : first;
}

}  // namespace assay::lint
