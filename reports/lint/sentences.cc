#include "reports/lint/sentences.h"

#include <algorithm>

#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

constexpr std::string_view kClosers = "\"')]*";

bool is_end_mark(char byte) { return byte == '.' || byte == '!' || byte == '?'; }

/// A sentence may begin with this: not a lower-case letter, which goes on with the one before.
bool begins_sentence(char byte) { return !(byte >= 'a' && byte <= 'z') && byte != ',' && byte != ';'; }

bool ends_with_abbreviation(std::string_view before, std::span<const std::string> abbreviations) {
  const std::size_t space = before.find_last_of(" (");
  const std::string last = fold_case(before.substr(space == std::string_view::npos ? 0 : space + 1));
  return std::ranges::find(abbreviations, last) != abbreviations.end();
}

/// A lower-case name may begin one too, after a whole sentence: "... done. nvJitLink refuses".
bool begins_with_name(std::string_view text, std::size_t at) {
  const std::size_t end = std::min(text.find(' ', at), text.size());
  return std::ranges::any_of(text.substr(at, end - at), [](char byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
  });
}

}  // namespace

std::vector<SourceText> sentences_of(const SourceText& source, std::span<const std::string> abbreviations) {
  const std::string& text = source.text;
  std::vector<SourceText> sentences;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    while (begin < end && text[begin] == ' ') ++begin;
    std::size_t last = end;
    while (last > begin && text[last - 1] == ' ') --last;
    if (last > begin) sentences.push_back(source.part(begin, last));
    begin = end;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_end_mark(text[i])) continue;
    std::size_t next = i + 1;
    while (next < text.size() && (is_end_mark(text[next]) || kClosers.find(text[next]) != std::string_view::npos))
      ++next;
    if (next < text.size() && text[next] != ' ') continue;
    const std::size_t start = text.find_first_not_of(' ', next);
    if (start == std::string::npos) break;
    if (text[i] == '.' && ends_with_abbreviation(std::string_view(text).substr(begin, i - begin), abbreviations))
      continue;
    if (!begins_sentence(text[start]) && !begins_with_name(text, start)) continue;
    close(next);
    i = next - 1;
  }
  close(text.size());
  return sentences;
}

bool is_question(std::string_view sentence) {
  const std::size_t last = sentence.find_last_not_of("\"')]* ");
  return last != std::string_view::npos && sentence[last] == '?';
}

bool is_whole(std::string_view sentence) {
  const std::size_t last = sentence.find_last_not_of("\"')]* ");
  return last != std::string_view::npos && is_end_mark(sentence[last]);
}

}  // namespace assay::lint
