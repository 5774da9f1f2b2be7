#include "harness/cli/verify_text.h"

#include <unistd.h>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

std::string verdict_counts(const evidence::VerifyReport& report) {
  std::string text;
  for (const auto& [verdict, count] : report.verdicts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, evidence::word(verdict));
  return text;
}

std::string recount(const evidence::VerifyReport& report, bool asked) {
  if (!asked) return "oracles not recomputed (--recompute does)";
  return fmt::format("oracles recomputed: {} records agree, {} not recomputed", report.cases.agreed,
                     report.cases.not_recomputed);
}

void print_findings(const std::vector<evidence::Finding>& findings, std::string_view indent) {
  for (const evidence::Finding& finding : findings)
    fmt::print("{}{} [{}]\n", indent, evidence::to_string(finding), finding.rule);
}

void print_unfit(const evidence::VerifyReport& report) {
  if (!report.unfit.empty()) fmt::print("  unfit to publish:\n");
  print_findings(report.unfit, "    ");
}

std::string_view word(evidence::Trust trust) {
  switch (trust) {
    case evidence::Trust::independent:
      return "independent";
    case evidence::Trust::by_operator:
      return "operator";
    case evidence::Trust::self_attested:
      break;
  }
  return "self-attested";
}

Json to_json(const std::vector<evidence::Finding>& findings) {
  Json list = Json::array();
  for (const evidence::Finding& finding : findings)
    list.push_back({{"rule", finding.rule}, {"where", finding.where}, {"message", finding.message}});
  return list;
}

Json to_json(const evidence::Attestation& said) {
  Json signatures = Json::array();
  for (const evidence::Signature& one : said.signatures)
    signatures.push_back({{"keyid", one.keyid}, {"role", one.role}, {"owner", one.owner}});
  return {{"trust", word(said.trust)},
          {"signed", said.is_signed},
          {"signatures", std::move(signatures)},
          {"statement_sha256", said.statement_sha256},
          {"claims_not_recomputed", said.claims_not_recomputed},
          {"line", said.line}};
}

Json to_json(const std::vector<EmittedSignature>& emitted) {
  Json list = Json::array();
  for (const EmittedSignature& one : emitted) list.push_back({{"keyid", one.keyid}, {"command", one.command}});
  return list;
}

}  // namespace

bool holds(const evidence::VerifyReport& report, const VerifyView& view) {
  return report.intact && (report.unfit.empty() || !view.unfit_refused);
}

void print_verify_text(const evidence::VerifyReport& report, const VerifyView& view) {
  const bool colour = takes_colour(STDOUT_FILENO);
  for (const EmittedSignature& one : view.emitted)
    fmt::print("{}: check it without this program:\n  {}\n", evidence::short_id(one.keyid), one.command);
  if (!holds(report, view)) {
    fmt::print("{} {}\n", paint("refused", Colour::red, colour), view.folder);
    print_findings(report.findings, "  ");
    return print_unfit(report);
  }
  fmt::print("{} {}\n  {} records: {}\n  {}\n", paint("intact", Colour::green, colour), view.folder,
             report.records.size(), verdict_counts(report), recount(report, view.recomputed));
  if (report.labels_not_recomputed > 0)
    fmt::print("  labels of {} records not recomputed: rules unknown to this build\n", report.labels_not_recomputed);
  if (report.attestation.claims_not_recomputed)
    fmt::print("  claims of the signed statement not recomputed: a catalogue unknown to this build\n");
  print_unfit(report);
  fmt::print("  {}\n", report.attestation.line);
}

void print_verify_json(const evidence::VerifyReport& report, const VerifyView& view) {
  Json verdicts = Json::object();
  for (const auto& [verdict, count] : report.verdicts) verdicts[std::string(evidence::word(verdict))] = count;
  const Json document = {
      {"schema", "verify-report/1"},
      {"bundle", view.folder},
      {"intact", report.intact},
      {"findings", to_json(report.findings)},
      {"unfit", to_json(report.unfit)},
      {"records", report.records.size()},
      {"verdicts", verdicts},
      {"recomputed", {{"agreed", report.cases.agreed}, {"not_recomputed", report.cases.not_recomputed}}},
      {"labels_not_recomputed", report.labels_not_recomputed},
      {"private", report.environment.is_private},
      {"manifest_sha256", report.manifest_sha256},
      {"attestation", to_json(report.attestation)},
      {"emitted", to_json(view.emitted)}};
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

}  // namespace assay::cli
