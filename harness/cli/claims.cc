// `assay claims`: which sentences a bundle carries, and what each of the others lacks.
#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/cli/claims_text.h"
#include "harness/cli/judged_bundle.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "reports/claims.h"
#include "reports/guardrail.h"

namespace assay::cli {
namespace {

struct Options {
  std::string bundle, trust;
  std::vector<std::string> require;
  bool json = false, all = false;
};

void print(const Json& document) {
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

void list_catalogue(const std::vector<reports::Claim>& catalogue, const Options& options) {
  if (options.json) return print(catalogue_json(catalogue));
  fmt::print("{}", catalogue_text(catalogue, columns_of(STDOUT_FILENO, 120), takes_colour(STDOUT_FILENO)));
}

/// The first id that is in no catalogue; empty if all are.
std::string unknown_id(const std::vector<reports::Claim>& catalogue, const std::vector<std::string>& ids) {
  const auto unknown =
      std::ranges::find_if(ids, [&](const std::string& id) { return reports::find_claim(catalogue, id) == nullptr; });
  return unknown == ids.end() ? "" : *unknown;
}

/// Says of each required claim that is not supported what it lacks; whether all are.
bool all_supported(const reports::Judgement& judgement, const std::vector<std::string>& ids) {
  bool all = true;
  for (const std::string& id : ids) {
    const std::string missing = missing_for(judgement, id);
    if (missing.empty()) continue;
    complain("claims", Error{fmt::format("{}: not supported by this bundle: {}", id, missing)}, Exit::unproven);
    all = false;
  }
  return all;
}

void print(const Options& options, const evidence::VerifyReport& report, const reports::Judgement& judgement,
           std::span<const reports::Claim> catalogue) {
  if (options.json) {
    Json document = to_json(judgement, reports::catalogue_sha256(catalogue));
    document["schema"] = "claims-report/1";
    document["bundle"] = options.bundle;
    document["manifest_sha256"] = report.manifest_sha256;
    document["attestation"] = report.attestation.line;
    return print(document);
  }
  const ClaimsLayout layout = {
      .width = columns_of(STDOUT_FILENO, 120), .colour = takes_colour(STDOUT_FILENO), .all = options.all};
  fmt::print("{}", options.require.empty() ? judgement_text(report, judgement, options.bundle, layout)
                                           : required_text(judgement, options.require, layout));
}

Exit judge_bundle(const std::vector<reports::Claim>& catalogue, const Options& options) {
  Exit end = Exit::done;
  const auto judged = open_judged("claims", options.bundle, options.trust, end);
  if (!judged) return end;
  print(options, judged->bundle.report(), judged->claims, catalogue);
  return all_supported(judged->claims, options.require) ? Exit::done : Exit::unproven;
}

}  // namespace

Exit run_claims(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("BUNDLE", options.bundle, "Folder that a run left; without it the catalogue is listed");
  app.add_option("--require", options.require,
                 "Print this claim alone, and end with 5 if the bundle does not carry it; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--trust", options.trust, "Trust file: only a bundle that a trusted operator signed");
  app.add_flag("--all", options.all, "Every sentence of a family, not the first few");
  app.add_flag("--json", options.json, "As JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("claims"), end)) return end;

  const auto catalogue = reports::builtin_claims();
  if (!catalogue) return complain("claims", catalogue.error(), Exit::integrity);
  if (const std::string id = unknown_id(*catalogue, options.require); !id.empty())
    return complain("claims", Error{fmt::format("{}: no claim has this id; 'assay claims' lists them", id)},
                    Exit::usage);
  if (options.bundle.empty() && !options.require.empty())
    return complain("claims", Error{"--require needs a BUNDLE that is to carry the claim"}, Exit::usage);
  if (!options.bundle.empty()) return judge_bundle(*catalogue, options);
  list_catalogue(*catalogue, options);
  return Exit::done;
}

}  // namespace assay::cli
