#include "reports/render_markdown.h"

#include <fmt/format.h>

#include "reports/figures.h"
#include "reports/markdown.h"
#include "reports/passages.h"

namespace assay::reports {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// What is told in the words of records and drivers is no claim of its author, so the linter reads over it.
std::string fenced(std::string_view body) {
  return fmt::format("<!-- lint:quote reason=\"what the records of the bundle hold\" -->\n\n{}\n<!-- lint:end -->\n",
                     body);
}

std::string section(std::string_view title, std::string_view body) { return fmt::format("\n## {}\n\n{}", title, body); }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& one : words) text += (text.empty() ? "" : "; ") + markdown_text(one);
  return text;
}

std::string header(const Report& report) {
  std::string text = fmt::format("# assay report: {}\n\n", markdown_text(device_name(report)));
  if (report.emulated) text += fmt::format("**{}**\n\n", kEmulatedBanner);
  text += fmt::format("**{}**\n\n", markdown_text(report.attestation_line));
  Rows rows;
  for (const auto& [what, line] : identity_lines(report)) rows.push_back({what, markdown_text(line)});
  return text + fenced(markdown_table({"", ""}, rows));
}

std::string gates(const Report& report) {
  Rows rows;
  for (const LadderRow& row : report.ladder) {
    std::string stages;
    for (const Rung rung : row.rungs) stages += std::string(stages.empty() ? "" : ", ") + std::string(word(rung));
    rows.push_back({markdown_code(row.gate), markdown_text(row.verdict), row.evidence_class, row.level, stages,
                    markdown_text(row.reason)});
  }
  return fenced(markdown_table(
      {"gate", "verdict", "class", "level", "assemble, load, resolve, launch, complete, verify", "why"}, rows));
}

std::string matrix(const StageMatrix& matrix) {
  if (matrix.rows.empty()) return "No text was assembled.\n";
  std::vector<std::string> headings = {"gate"};
  for (const std::string& target : matrix.targets) headings.push_back(markdown_code(target));
  Rows rows;
  for (const auto& [gate, cells] : matrix.rows) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(markdown_code(gate));
    for (const std::string& cell : cells) row.push_back(markdown_text(cell));
  }
  return fenced(markdown_table(headings, rows) + "\n" + std::string(kMatrixNote) + "\n");
}

std::string images(const std::vector<ImageAnswer>& answers) {
  Rows rows;
  for (const auto& [answer, variants] : answers) {
    std::string list;
    for (const std::string& variant : variants) list += (list.empty() ? "" : ", ") + markdown_code(variant);
    rows.push_back({markdown_text(answer), std::to_string(variants.size()), list});
  }
  return rows.empty() ? "No image was asked about.\n" : fenced(markdown_table({"answer", "images", "which"}, rows));
}

std::string measured(const Report& report) {
  if (report.measured.empty()) return "Nothing was measured.\n";
  Rows rows;
  for (const auto& [what, text] : report.measured) rows.push_back({what, markdown_text(text)});
  return fenced(markdown_table({"what", "values"}, rows) +
                fmt::format("\nAll {} values, each with its source, are in `report.json`.\n", report.values.size()));
}

std::string also_claimed(const Report& report, const ProfileRow& row) {
  const auto found = report.also_claimed.find(row.key);
  if (found == report.also_claimed.end()) return "";
  std::vector<std::string> list;
  for (const AlsoClaimed& claim : found->second)
    list.push_back(fmt::format("{} ({})", value_text(claim.value, row.unit), claim.source));
  return joined(list);
}

std::string profile(const Report& report) {
  if (!report.profile) return "No profile is of this device's model.\n";
  const ProfileDifferences& differences = *report.profile;
  Rows rows;
  for (const ProfileRow* row : notable_rows(differences))
    rows.push_back({markdown_code(row->key), markdown_text(expectation(*row)),
                    markdown_text(value_text(row->observed, row->observed_unit)), std::string(word(row->agreement)),
                    std::string(word(row->severity)), std::string(word(row->confidence)), also_claimed(report, *row)});
  std::string body =
      fmt::format("Profile {} version {} of {}. {}\n\n{}\n", markdown_text(differences.profile), differences.version,
                  markdown_text(differences.as_of), markdown_text(differences.notice), agreement_line(differences));
  if (!rows.empty())
    body += "\n" + markdown_table(
                       {"key", "expected", "observed", "outcome", "severity", "confidence", "also published"}, rows);
  return fenced(body);
}

std::string kernels(const KernelTable& table) {
  if (table.rows.empty()) return std::string(kNoKernel) + "\n";
  Rows rows;
  for (const KernelRow& row : table.rows) {
    const evidence::Performance& timed = row.performance;
    rows.push_back(
        {markdown_code(row.gate), markdown_code(row.target), row.verdict, duration(timed.median_ns),
         duration(timed.spread_ns), std::to_string(timed.samples),
         row.bytes_per_second == 0 ? "-" : figure(row.bytes_per_second, "B/s"),
         row.operations_per_second == 0 ? "-" : figure(row.operations_per_second, "op/s"),
         timed.floor_ns == 0 ? "-" : markdown_text(fmt::format("{} ({})", duration(timed.floor_ns), timed.floor)),
         markdown_text(timed.throttle), markdown_text(timed.launch)});
  }
  return fenced(markdown_table({"kernel", "target", "verdict", "median", "spread", "launches", "bytes", "operations",
                                "floor", "throttle", "launch"},
                               rows));
}

/// An instance's id holds words of a record; none of them may end the comment that it stands in.
std::string marker_id(std::string id) {
  for (char& c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("._-/@[]#:").find(c) == std::string_view::npos) c = '_';
  }
  return id;
}

std::string claim(const SupportedClaim& claim, std::string_view bundle) {
  return fmt::format("<!-- claim:{} bundle={} -->\n{}\n\n", marker_id(claim.id()), bundle,
                     markdown_text(claim.sentence()));
}

std::string supported(const Report& report) {
  if (report.judgement.supported.empty()) return std::string(kNoClaim) + "\n";
  std::string text;
  const ClaimKind* last = nullptr;
  const std::vector<ClaimGroup> groups = claim_groups(report.judgement);
  for (const ClaimGroup& group : groups) {
    if (last == nullptr || *last != group.kind) text += fmt::format("### {}\n\n", heading(group.kind));
    last = &group.kind;
    for (const SupportedClaim* one : group.claims) text += claim(*one, report.manifest_sha256);
    if (!group.does_not_say.empty())
      text += fenced(fmt::format("Does not say: {}.\n", joined(group.does_not_say))) + "\n";
  }
  return text;
}

std::string refused(const Report& report) {
  Rows rows;
  for (const RefusedClaim& one : report.judgement.refused)
    rows.push_back({markdown_code(one.id), markdown_text(one.subject), markdown_text(one.missing)});
  if (rows.empty()) return "No claim of the catalogue is refused.\n";
  return fenced(markdown_table({"claim", "of what", "the first thing that is missing"}, rows) + "\n" +
                std::string(kRefusalNote) + "\n");
}

std::string codes(const std::vector<LegendEntry>& entries) {
  Rows rows;
  for (const LegendEntry& entry : entries)
    rows.push_back({markdown_text(title(entry)), markdown_text(entry.explanation.shows),
                    markdown_text(entry.explanation.does_not_show), joined(entry.gates)});
  return rows.empty() ? "No gate ended in a code.\n"
                      : fenced(markdown_table({"code", "shows", "does not show", "met by"}, rows));
}

std::string limits(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += fmt::format("* {}\n", markdown_text(sentence));
  return fenced(text);
}

}  // namespace

std::string render_markdown(const Report& report) {
  std::string text = header(report);
  text += section("Gates", gates(report));
  text += section("Instruction x target", matrix(report.matrix));
  text += section("Supported claims", supported(report));
  text += section("Refused claims", refused(report));
  text += section("Measured", measured(report));
  text += section("Against the profile", profile(report));
  text += section("Kernels", kernels(report.kernels));
  text += section("Images", images(report.images));
  text += section("What the codes show", codes(report.codes));
  text += section("What remains open", limits(report.limits));
  if (report.emulated) text += fmt::format("\n**{}**\n", kEmulatedBanner);
  return text;
}

}  // namespace assay::reports
