// `lint --write`: puts the sentences that bundles carry behind their markers.
#include <algorithm>

#include <fmt/format.h>

#include "reports/lint/linter.h"
#include "reports/lint/reading.h"

namespace assay::lint {
namespace {

struct Edit {
  std::size_t begin = 0, end = 0;
  std::string text;
};

/// A sentence belongs to a marker if no empty line stands between.
bool follows_directly(std::string_view between) {
  return std::ranges::count(between, '\n') <= 1 && between.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::optional<Edit> edit_of_claim(const Reading& reading, const Marker& marker, const BundleClaims& claims,
                                  std::string_view file) {
  const GeneratedSentence* generated = claims.find(marker.id);
  if (generated == nullptr) return std::nullopt;
  const ReadSentence* sentence = sentence_after(reading, marker);
  const bool there = sentence != nullptr && follows_directly(file.substr(marker.end, sentence->begin() - marker.end));
  if (!there) return Edit{marker.end, marker.end, "\n" + generated->sentence};
  if (is_generated_or_weaker(sentence->text.text, *generated)) return std::nullopt;
  return Edit{sentence->begin(), sentence->end(), generated->sentence};
}

std::optional<Edit> edit_of_list(const Range& list, const BundleClaims& claims) {
  std::string text = "\n\n";
  for (const std::string& id : list.marker->ids)
    if (const GeneratedSentence* generated = claims.find(id)) text += fmt::format("- {}\n", generated->sentence);
  if (list.marker->ids.empty()) return std::nullopt;
  return Edit{list.begin, list.end, text + "\n"};
}

}  // namespace

std::string Linter::write(const std::string& path, std::string_view file) const {
  std::string out(file);
  if (!options_.claims) return out;
  Reading reading = read(path, file, lexicon_);
  std::vector<Edit> edits;
  const auto plan = [&](const Marker& marker, auto make) {
    const Result<const BundleClaims*> claims = options_.claims(marker.bundle);
    if (!claims) return;
    if (std::optional<Edit> edit = make(**claims)) edits.push_back(std::move(*edit));
  };
  for (const Marker& marker : reading.markers)
    if (marker.kind == Marker::Kind::claim)
      plan(marker, [&](const BundleClaims& claims) { return edit_of_claim(reading, marker, claims, file); });
  for (const Range& list : ranges_of(reading, Marker::Kind::claims_begin, Marker::Kind::claims_end, reading.bad))
    plan(*list.marker, [&](const BundleClaims& claims) { return edit_of_list(list, claims); });
  std::ranges::sort(edits, std::greater<>(), &Edit::begin);
  for (const Edit& edit : edits) out.replace(edit.begin, edit.end - edit.begin, edit.text);
  return out;
}

}  // namespace assay::lint
