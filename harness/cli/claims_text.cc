#include "harness/cli/claims_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

using reports::Claim;
using reports::ClaimKind;
using reports::Judgement;
using reports::RefusedClaim;
using reports::SupportedClaim;

constexpr std::size_t kFolded = 3;  // sentences of a family that are shown without --all

std::string_view family_of(std::string_view id) { return id.substr(0, id.find('/')); }

/// The text in lines of `width`, each after `indent`.
std::string wrapped(std::string_view text, std::size_t width, const std::string& indent) {
  std::string lines, line;
  const auto end_line = [&] {
    lines += indent + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > width) end_line();
    line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) end_line();
  return lines;
}

/// Sentences of one kind, those of a family side by side.
using Group = std::vector<const SupportedClaim*>;

std::vector<Group> families(const Judgement& judgement) {
  std::vector<Group> groups;
  for (const SupportedClaim& claim : judgement.supported) {
    const bool same = !groups.empty() && family_of(groups.back().front()->id()) == family_of(claim.id());
    if (same)
      groups.back().push_back(&claim);
    else
      groups.push_back({&claim});
  }
  return groups;
}

std::string sentence_text(const SupportedClaim& claim, const ClaimsLayout& layout) {
  return fmt::format("  {}\n{}", paint(claim.id(), Colour::green, layout.colour),
                     wrapped(claim.sentence(), layout.width, "    "));
}

std::string group_text(const Group& group, const ClaimsLayout& layout) {
  std::string text;
  const bool folds = !layout.all && group.size() > kFolded;
  for (std::size_t i = 0; i < (folds ? kFolded : group.size()); ++i) text += sentence_text(*group[i], layout);
  if (folds)
    text += fmt::format("    {}\n", paint(fmt::format("... and {} more of {} (--all)", group.size() - kFolded,
                                                      family_of(group.front()->id())),
                                          Colour::dim, layout.colour));
  return text;
}

std::string refused_text(const Judgement& judgement, const ClaimsLayout& layout) {
  std::vector<std::vector<Cell>> rows;
  for (const RefusedClaim& claim : judgement.refused) rows.push_back({{claim.id, Colour::yellow}, {claim.missing}});
  return rows.empty() ? "" : "\n" + table({"not proven", "what is missing"}, rows, layout.width, layout.colour);
}

}  // namespace

std::string catalogue_text(std::span<const Claim> catalogue, std::size_t width, bool colour) {
  std::string text;
  for (auto claim = catalogue.begin(); claim != catalogue.end();) {
    const ClaimKind kind = claim->kind;
    std::vector<std::vector<Cell>> rows;
    for (; claim != catalogue.end() && claim->kind == kind; ++claim)
      rows.push_back({{"  " + claim->id + (claim->family ? "/..." : "")}, {claim->subject}});
    text += fmt::format("{}{}: needs {}\n", text.empty() ? "" : "\n",
                        paint(std::string(heading(kind)), Colour::bold, colour), needs(kind));
    for (const auto& row : rows) text += fmt::format("{:<38}  {}\n", row[0].text, row[1].text);
  }
  static_cast<void>(width);
  return text;
}

Json catalogue_json(std::span<const Claim> catalogue) {
  Json claims = Json::array();
  for (const Claim& claim : catalogue)
    claims.push_back({{"id", claim.id},
                      {"kind", word(claim.kind)},
                      {"family", claim.family},
                      {"subject", claim.subject},
                      {"gates", claim.gates},
                      {"needs", needs(claim.kind)},
                      {"does_not_say", claim.does_not_say}});
  return {{"schema", "claims-catalogue/1"},
          {"catalogue_sha256", reports::catalogue_sha256(catalogue)},
          {"claims", std::move(claims)}};
}

std::string judgement_text(const evidence::VerifiedBundle& bundle, const Judgement& judgement, std::string_view folder,
                           const ClaimsLayout& layout) {
  std::string text =
      fmt::format("{}\n  {}: {} sentences supported, {} claims not\n", folder,
                  bundle.report().environment.device_name(), judgement.supported.size(), judgement.refused.size());
  std::optional<ClaimKind> kind;
  for (const Group& group : families(judgement)) {
    if (kind != group.front()->kind()) {
      kind = group.front()->kind();
      text += fmt::format("\n{}\n", paint(std::string(heading(*kind)), Colour::bold, layout.colour));
    }
    text += group_text(group, layout);
  }
  return text + refused_text(judgement, layout);
}

std::string missing_for(const Judgement& judgement, std::string_view id) {
  const bool is_instance = id.find('/') != std::string_view::npos;
  const auto is_it = [&](std::string_view other) { return other == id || (!is_instance && family_of(other) == id); };
  for (const SupportedClaim& claim : judgement.supported)
    if (is_it(claim.id())) return "";
  for (const RefusedClaim& claim : judgement.refused)
    if (is_it(claim.id)) return claim.missing;
  return "nothing of this name is on record";
}

}  // namespace assay::cli
