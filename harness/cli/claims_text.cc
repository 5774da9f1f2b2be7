#include "harness/cli/claims_text.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

using reports::Claim;
using reports::ClaimKind;
using reports::Judgement;
using reports::RefusedClaim;
using reports::SupportedClaim;

constexpr std::size_t kFolded = 2;  // sentences of a family that are shown without --all
constexpr std::size_t kIndent = 4;

std::string_view family_of(std::string_view id) { return id.substr(0, id.find('/')); }

/// Where the words for device and driver end, which all sentences of a bundle share: "On an NVIDIA H100 (...),".
std::size_t end_of_scope(std::string_view sentence) {
  if (!sentence.starts_with("On an ") && !sentence.starts_with("On a ")) return 0;
  const std::size_t end = sentence.find("), ");
  return end == std::string_view::npos ? 0 : end + 2;
}

/// Words in lines of the layout's width, all but the first after `indent` spaces; what stands before `dim_until` steps
/// back.
std::string flowed(std::string_view text, std::size_t indent, std::size_t dim_until, const ClaimsLayout& layout) {
  std::string lines;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (column > indent) {
      const bool fits = column + 1 + (end - at) <= layout.width;
      lines += fits ? " " : "\n" + std::string(indent, ' ');
      column = fits ? column + 1 : indent;
    }
    lines += paint(std::string(text.substr(at, end - at)), at < dim_until ? Colour::dim : Colour::plain, layout.colour);
    column += end - at;
    at = end + 1;
  }
  return lines + "\n";
}

/// A sentence under its id; the words that it shares with others step back.
std::string sentence_lines(std::string_view sentence, const ClaimsLayout& layout) {
  return std::string(kIndent, ' ') + flowed(sentence, kIndent, end_of_scope(sentence), layout);
}

std::string sentence_text(const SupportedClaim& claim, const ClaimsLayout& layout) {
  return fmt::format("  {}\n{}", paint(claim.id(), Colour::green, layout.colour),
                     sentence_lines(claim.sentence(), layout));
}

/// Neighbours of one claim: a sentence by itself, or all instances of a family.
using Group = std::vector<const SupportedClaim*>;

std::vector<Group> groups_of(const Judgement& judgement) {
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

std::string group_text(const Group& group, const ClaimsLayout& layout) {
  const std::size_t shown = layout.all || group.size() <= kFolded + 1 ? group.size() : kFolded;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += sentence_text(*group[i], layout);
  if (shown == group.size()) return text;
  const std::string rest =
      fmt::format("and {} more of {}/...; --all shows them", group.size() - shown, family_of(group.front()->id()));
  return text + fmt::format("  {}\n", paint(rest, Colour::dim, layout.colour));
}

std::string heading_text(ClaimKind kind, std::size_t count, const ClaimsLayout& layout) {
  return fmt::format("\n{} ({})\n", paint(std::string(heading(kind)), Colour::bold, layout.colour), count);
}

std::size_t count_of(const Judgement& judgement, ClaimKind kind) {
  return static_cast<std::size_t>(std::ranges::count(judgement.supported, kind, &SupportedClaim::kind));
}

std::string supported_text(const Judgement& judgement, const ClaimsLayout& layout) {
  std::string text;
  std::optional<ClaimKind> kind;
  for (const Group& group : groups_of(judgement)) {
    if (kind != group.front()->kind()) {
      kind = group.front()->kind();
      text += heading_text(*kind, count_of(judgement, *kind), layout);
    }
    text += group_text(group, layout);
  }
  return text;
}

/// The refused claims, those that lack the same thing together.
std::string refused_text(const Judgement& judgement, const ClaimsLayout& layout) {
  if (judgement.refused.empty()) return "";
  std::vector<std::pair<std::string, std::string>> lines;  // ids, what is missing
  for (const RefusedClaim& claim : judgement.refused) {
    const auto same = std::ranges::find(lines, claim.missing, &std::pair<std::string, std::string>::second);
    if (same == lines.end())
      lines.emplace_back(claim.id, claim.missing);
    else
      same->first += ", " + claim.id;
  }
  std::string text = fmt::format("\n{} ({})\n", paint("Not supported by this bundle", Colour::bold, layout.colour),
                                 judgement.refused.size());
  for (const auto& [ids, missing] : lines)
    text += fmt::format("  {}\n{}", paint(ids, Colour::yellow, layout.colour), sentence_lines(missing, layout));
  return text;
}

std::string bundle_line(const evidence::VerifyReport& report) {
  const evidence::Environment& environment = report.environment;
  std::string line = environment.device_name();
  if (environment.device) line += fmt::format(", compute capability {}", environment.device->compute_capability);
  if (environment.driver) line += fmt::format(", driver {}", environment.driver->driver_version);
  for (const evidence::Environment::Part& part : environment.toolchain)
    line += fmt::format(", {} {}", part.name, part.version);
  return line;
}

/// Where a required id is found, its sentences; the others are told by the caller.
bool is_asked_for(const std::vector<std::string>& ids, std::string_view id) {
  return std::ranges::any_of(ids, [&](const std::string& asked) { return asked == id || asked == family_of(id); });
}

}  // namespace

std::string catalogue_text(std::span<const Claim> catalogue, std::size_t width, bool colour) {
  std::string text;
  std::size_t widest = 0;
  for (const Claim& claim : catalogue) widest = std::max(widest, claim.id.size() + (claim.family ? 4 : 0));
  std::optional<ClaimKind> kind;
  for (const Claim& claim : catalogue) {
    if (kind != claim.kind) {
      kind = claim.kind;
      text += fmt::format("{}{}\n  {}\n", text.empty() ? "" : "\n",
                          paint(std::string(heading(*kind)), Colour::bold, colour),
                          paint(fmt::format("needs {}", needs(*kind)), Colour::dim, colour));
    }
    const std::string id = fmt::format("{:<{}}", claim.id + (claim.family ? "/..." : ""), widest);
    text += fmt::format("  {}  {}", paint(id, Colour::green, colour),
                        flowed(claim.subject, widest + 4, 0, {.width = width, .colour = colour}));
  }
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

std::string judgement_text(const evidence::VerifyReport& report, const Judgement& judgement, std::string_view folder,
                           const ClaimsLayout& layout) {
  return fmt::format("{}\n  {}\n  bundle {}\n  {}\n  {} sentences supported, {} claims not\n",
                     paint(std::string(folder), Colour::bold, layout.colour), bundle_line(report),
                     report.manifest_sha256, report.attestation.line, judgement.supported.size(),
                     judgement.refused.size()) +
         supported_text(judgement, layout) + refused_text(judgement, layout);
}

std::string required_text(const Judgement& judgement, const std::vector<std::string>& ids, const ClaimsLayout& layout) {
  std::string text;
  for (const SupportedClaim& claim : judgement.supported)
    if (is_asked_for(ids, claim.id())) text += sentence_text(claim, layout);
  return text;
}

std::string missing_for(const Judgement& judgement, std::string_view id) {
  const auto is_it = [&](std::string_view other) { return other == id || family_of(other) == id; };
  const auto has_it = [&](const auto& claim) { return is_it(claim.id()); };
  if (std::ranges::any_of(judgement.supported, has_it)) return "";
  for (const RefusedClaim& claim : judgement.refused)
    if (is_it(claim.id)) return claim.missing;
  const auto family = std::ranges::find(judgement.refused, family_of(id), &RefusedClaim::id);
  return family == judgement.refused.end() ? "nothing of this name is on record" : family->missing;
}

}  // namespace assay::cli
