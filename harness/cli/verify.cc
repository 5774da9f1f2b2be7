// `assay verify`: is a bundle whole, unchanged, consistent and rightly labelled?
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/image_check.h"
#include "harness/cli/recompute.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "harness/evidence/verify.h"
#include "probes/gates.h"

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

void print_text(const evidence::VerifyReport& report, const std::string& folder, bool recomputed) {
  const bool colour = takes_colour(STDOUT_FILENO);
  if (!report.intact) {
    fmt::print("{} {}\n", paint("refused", Colour::red, colour), folder);
    for (const evidence::Finding& finding : report.findings)
      fmt::print("  {} [{}]\n", evidence::to_string(finding), finding.rule);
    return;
  }
  fmt::print("{} {}\n  {} records: {}\n  {}\n", paint("intact", Colour::green, colour), folder, report.records.size(),
             verdict_counts(report), recount(report, recomputed));
  if (report.labels_not_recomputed > 0)
    fmt::print("  labels of {} records not recomputed: rules unknown to this build\n", report.labels_not_recomputed);
  if (!report.unfit.empty()) fmt::print("  unfit to publish:\n");
  for (const evidence::Finding& finding : report.unfit)
    fmt::print("    {} [{}]\n", evidence::to_string(finding), finding.rule);
  fmt::print("  self-attested: whoever holds the machine can write a consistent bundle\n");
}

Json findings_json(const std::vector<evidence::Finding>& findings) {
  Json list = Json::array();
  for (const evidence::Finding& finding : findings)
    list.push_back({{"rule", finding.rule}, {"where", finding.where}, {"message", finding.message}});
  return list;
}

void print_json(const evidence::VerifyReport& report, const std::string& folder) {
  Json verdicts = Json::object();
  for (const auto& [verdict, count] : report.verdicts) verdicts[std::string(evidence::word(verdict))] = count;
  const Json document = {
      {"schema", "verify-report/1"},
      {"bundle", folder},
      {"intact", report.intact},
      {"findings", findings_json(report.findings)},
      {"unfit", findings_json(report.unfit)},
      {"records", report.records.size()},
      {"verdicts", verdicts},
      {"recomputed", {{"agreed", report.cases.agreed}, {"not_recomputed", report.cases.not_recomputed}}},
      {"labels_not_recomputed", report.labels_not_recomputed},
      {"private", report.environment.is_private},
      {"manifest_sha256", report.manifest_sha256}};
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

}  // namespace

Exit run_verify(Arguments arguments) {
  CLI::App app;
  std::string folder;
  bool again = false, json = false;
  app.add_option("BUNDLE", folder, "Folder that a run left")->required();
  app.add_flag("--recompute", again, "Compute every oracle again from the challenge and compare digests");
  app.add_flag("--json", json, "Report as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("verify"), end)) return end;

  std::error_code unreadable;
  if (!std::filesystem::is_directory(folder, unreadable))
    return complain("verify", Error{fmt::format("{}: no such folder; name the folder that a run left", folder)},
                    Exit::usage);
  evidence::VerifyOptions options;
  if (again) options.recompute = recompute;
  if (again) options.check_image = check_native_image;
  options.gate_set = probes::gate_set;
  options.compare_images = compare_images;
  const evidence::VerifyReport report = evidence::verify_bundle(folder, options);
  json ? print_json(report, folder) : print_text(report, folder, again);
  return report.intact ? Exit::done : Exit::integrity;
}

}  // namespace assay::cli
