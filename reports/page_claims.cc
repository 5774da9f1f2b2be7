// What may be said, what may not, and what remains open.
#include <fmt/format.h>

#include "reports/figures.h"
#include "reports/page_parts.h"
#include "reports/page_table.h"
#include "reports/passages.h"
#include "reports/roofline_picture.h"

namespace assay::reports {
namespace {

constexpr std::size_t kShownOpen = 8;     ///< A longer group of claims is folded.
constexpr std::size_t kShownRecords = 3;  ///< Of more, the first is named and the rest counted; report.json has all.

Html basis_of(const SupportedClaim& claim) {
  Html basis = {code(claim.id()), element("span", {}, evidence::word(claim.evidence_class()))};
  if (claim.level() != evidence::Level::none) basis += element("span", {}, evidence::word(claim.level()));
  const std::vector<std::string>& records = claim.records();
  const std::size_t shown = records.size() > kShownRecords ? 1 : records.size();
  for (std::size_t i = 0; i < shown; ++i) basis += element("span", {{"class", "record"}}, records[i]);
  if (shown < records.size()) basis += element("span", {}, fmt::format("and {} records more", records.size() - shown));
  return paragraph("basis", basis);
}

Html claim_item(const SupportedClaim& claim) {
  return element("li", {{"id", "claim:" + claim.id()}}, {paragraph("sentence", claim.sentence()), basis_of(claim)});
}

Html unsaid(const std::vector<std::string>& clauses) {
  if (clauses.empty()) return {};
  Html list;
  for (const std::string& clause : clauses) list += element("li", {}, clause);
  return element("div", {{"class", "unsaid"}}, {paragraph("", "Does not say"), element("ul", {}, list)});
}

Html group_of(const ClaimGroup& group) {
  Html items;
  for (const SupportedClaim* claim : group.claims) items += claim_item(*claim);
  const Html list = {element("ul", {{"class", "claims"}}, items), unsaid(group.does_not_say)};
  if (group.claims.size() <= kShownOpen) return element("div", {{"class", "group"}}, list);
  return folded(fmt::format("{} sentences", group.claims.size()), element("div", {{"class", "group"}}, list));
}

Html also_claimed(const Report& report, const ProfileRow& row) {
  const auto found = report.also_claimed.find(row.key);
  if (found == report.also_claimed.end()) return {};
  Html list;
  for (const AlsoClaimed& claim : found->second)
    list += element("li", {}, fmt::format("{} ({})", value_text(claim.value, row.unit), claim.source));
  return element("ul", {{"class", "variants"}}, list);
}

Html sources_of(const ProfileRow& row) {
  Html list;
  for (const FactSource& source : row.sources)
    list += element("li", {}, fmt::format("{}: {}", source.kind, source.ref));
  return list.empty() ? list : element("ul", {{"class", "variants"}}, list);
}

std::vector<PageCell> profile_cells(const Report& report, const ProfileRow& row) {
  const std::string agreement(word(row.agreement));
  return {code(row.key),
          {expectation(row), "value"},
          {value_text(row.observed, row.observed_unit), "value"},
          element("span", {{"class", "badge a-" + agreement}}, agreement),
          Html(word(row.severity)),
          Html(word(row.confidence)),
          also_claimed(report, row),
          sources_of(row)};
}

Html profile_table(const Report& report, const std::vector<const ProfileRow*>& chosen, std::string_view caption) {
  PageRows rows;
  for (const ProfileRow* row : chosen) rows.push_back(profile_cells(report, *row));
  return page_table("profile", caption,
                    {"key", "expected", "observed", "outcome", "severity", "confidence", "also published", "sources"},
                    rows);
}

std::string or_dash(std::int64_t value, const std::string& text) { return value == 0 ? "-" : text; }

Html kernel_table_of(const KernelTable& table) {
  PageRows rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const KernelRow& row = table.rows[i];
    const evidence::Performance& timed = row.performance;
    const std::string floor = fmt::format("{} {}", duration(timed.floor_ns), timed.floor);
    rows.push_back({{{element("span", {{"class", "number"}}, std::to_string(i + 1)), code(row.gate)}},
                    code(row.target),
                    element("span", {{"class", "badge v-" + row.verdict}}, row.verdict),
                    {duration(timed.median_ns), "value"},
                    {duration(timed.spread_ns), "value"},
                    {std::to_string(timed.samples), "value"},
                    {or_dash(row.bytes_per_second, figure(row.bytes_per_second, "B/s")), "value"},
                    {or_dash(row.operations_per_second, figure(row.operations_per_second, "op/s")), "value"},
                    {or_dash(timed.floor_ns, floor), "value"},
                    timed.throttle,
                    {timed.launch, "launch"}});
  }
  return page_table("kernels", "Kernels that were timed",
                    {"kernel", "target", "verdict", "median", "spread", "launches", "bytes", "operations", "floor",
                     "throttle", "launch"},
                    rows);
}

}  // namespace

Html supported_part(const Report& report) {
  if (report.judgement.supported.empty()) return paragraph("lead", kNoClaim);
  Html body = paragraph("lead",
                        "Each sentence is made from records of this bundle and is true of this device, this driver and "
                        "this toolchain only. These, and no wider ones, may be published from it.");
  const ClaimKind* last = nullptr;
  const std::vector<ClaimGroup> groups = claim_groups(report.judgement);
  for (const ClaimGroup& group : groups) {
    if (last == nullptr || *last != group.kind) body += element("h3", {}, heading(group.kind));
    last = &group.kind;
    body += group_of(group);
  }
  return body;
}

Html refused_part(const Report& report) {
  PageRows rows;
  for (const RefusedClaim& one : report.judgement.refused)
    rows.push_back({{code(one.id)}, one.subject, {one.missing, "why"}});
  if (rows.empty()) return paragraph("", "No claim of the catalogue is refused.");
  return {paragraph("lead", "This bundle does not carry these claims. The first thing that is missing is named."),
          page_table("refused", "Refused claims and the first missing thing", {"claim", "of what", "what is missing"},
                     rows)};
}

Html profile_part(const Report& report) {
  if (!report.profile)
    return paragraph("", "No profile is of this device's model, so there is nothing to compare with.");
  const ProfileDifferences& profile = *report.profile;
  std::vector<const ProfileRow*> all;
  for (const ProfileRow& row : profile.rows) all.push_back(&row);
  const std::vector<const ProfileRow*> notable = notable_rows(profile);
  Html body = {paragraph("lead", fmt::format("Profile {} version {} of {}. {}", profile.profile, profile.version,
                                             profile.as_of, profile.notice)),
               paragraph("", agreement_line(profile))};
  body += notable.empty() ? paragraph("", "Nothing that was observed differs from what is expected.")
                          : profile_table(report, notable, "Differences and conflicts");
  return {body,
          folded(fmt::format("All {} rows", all.size()), profile_table(report, all, "All rows of the comparison"))};
}

Html kernels_part(const Report& report) {
  if (report.kernels.rows.empty()) return paragraph("", kNoKernel);
  const Html picture = roofline_picture(report.kernels);
  return {picture.empty() ? Html() : element("figure", {}, picture), kernel_table_of(report.kernels)};
}

Html limits_part(const Report& report) {
  Html list;
  for (const std::string& sentence : report.limits) list += element("li", {}, sentence);
  return element("ul", {{"class", "limits"}}, list);
}

}  // namespace assay::reports
