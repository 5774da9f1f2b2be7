// `assay check`: does a bundle hold what a build needs? For people on a terminal, and for CI systems in their formats.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/all_gates.h"
#include "harness/cli/check_text.h"
#include "harness/cli/judged_bundle.h"
#include "harness/cli/recompute.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "harness/evidence/utc.h"

#include "reports/baseline.h"
#include "reports/github.h"
#include "reports/junit.h"
#include "reports/requirements.h"
#include "reports/waivers.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string bundle, require, baseline, against, waivers, trust, junit;
  bool github = false, json = false;
};

/// A refusal with the code that the process ends with.
struct Refusal {
  Error error;
  Exit exit = Exit::usage;
};

Exit exit_of(reports::Conclusion conclusion) {
  switch (conclusion) {
    case reports::Conclusion::environment:
      return Exit::environment;
    case reports::Conclusion::failed:
      return Exit::failed;
    case reports::Conclusion::unproven:
      return Exit::unproven;
    case reports::Conclusion::nothing_applies:
      return Exit::skipped;
    case reports::Conclusion::holds:
      break;
  }
  return Exit::done;
}

/// Whether this build or the bundle knows what a line names. Kernels are known by their records alone.
bool is_known(const reports::Requirement& line, const evidence::VerifyReport& bundle,
              const std::vector<reports::Claim>& catalogue) {
  if (line.subject == reports::Subject::claim) return reports::find_claim(catalogue, line.name) != nullptr;
  if (line.subject != reports::Subject::gate) return true;
  return std::ranges::any_of(all_gates(), [&](const gate::Gate& row) { return row.id == line.name; }) ||
         std::ranges::any_of(bundle.rules.gates, [&](const auto& row) { return row.gate == line.name; });
}

/// A name that nobody knows is a slip of the pen, not something to wait for.
Status check_names(const reports::Policy& policy, const evidence::VerifyReport& bundle, const std::string& file) {
  const auto catalogue = reports::builtin_claims();
  if (!catalogue) return catalogue.error();
  for (const reports::Requirement& line : policy.requirements)
    if (!is_known(line, bundle, *catalogue))
      return Error{fmt::format("{}: '{}': there is no {} of this name; 'assay {}s' lists them", file, line.id,
                               word(line.subject), word(line.subject))};
  return ok();
}

/// Whether verification made this record's inputs and outputs again.
bool recomputed(const evidence::VerifyReport& bundle, const evidence::Record& record) {
  if (!bundle.challenge) return false;
  const auto again = recompute(record, bundle.challenge->nonce);
  return again && again->known_version;
}

class Check {
 public:
  Check(const Options& options, const JudgedBundle& judged) : options_(options), judged_(judged) {}

  /// Fills the report, or says why it cannot be made.
  std::optional<Refusal> run();
  const reports::CheckReport& report() const { return report_; }

 private:
  const evidence::VerifyReport& bundle() const { return judged_.bundle.report(); }
  void add(std::vector<reports::CheckRow> rows) { report_.rows.insert(report_.rows.end(), rows.begin(), rows.end()); }
  std::optional<Refusal> hold_against_policy();
  std::optional<Refusal> hold_against_baseline();
  std::optional<Refusal> hold_against_environment();
  std::optional<Refusal> waive();

  const Options& options_;
  const JudgedBundle& judged_;
  reports::CheckReport report_;
};

std::optional<Refusal> Check::hold_against_policy() {
  const auto text = read_file(options_.require, 1u << 20);
  if (!text) return Refusal{text.error()};
  const auto profiles = reports::builtin_profiles();
  if (!profiles) return Refusal{profiles.error()};
  const auto policy = reports::parse_policy(*text, options_.require, *profiles);
  if (!policy) return Refusal{policy.error()};
  if (const Status named = check_names(*policy, bundle(), options_.require); !named) return Refusal{named.error()};
  report_.subject.policy = policy->name;
  add(reports::judge(*policy, {bundle(), judged_.claims, *profiles,
                               [this](const evidence::Record& record) { return recomputed(bundle(), record); }}));
  return std::nullopt;
}

std::optional<Refusal> Check::hold_against_baseline() {
  Exit end = Exit::done;
  const auto baseline = open_judged("check", options_.baseline, options_.trust, end);
  if (!baseline) return Refusal{{}, end};
  const reports::Comparison comparison =
      reports::compare({baseline->bundle.report(), baseline->claims}, {bundle(), judged_.claims});
  add(reports::rows_of(comparison));
  for (const reports::EnvironmentDifference& one : comparison.environment)
    report_.notes.push_back(fmt::format("baseline: {}: {}, was {}", one.what, one.after, one.before));
  for (const std::string& id : comparison.claims_lost)
    report_.notes.push_back(fmt::format("baseline: claim {} is no longer supported", id));
  return std::nullopt;
}

/// The environment of a bundle, or the file environment.json of one.
Result<evidence::Environment> read_environment(const std::string& path) {
  std::error_code unreadable;
  const fs::path file =
      fs::is_directory(path, unreadable) ? fs::path(path) / evidence::kEnvironmentFile : fs::path(path);
  const auto text = read_file(file, 1u << 20);
  if (!text) return text.error();
  const auto json = parse_json(*text, file.string());
  if (!json) return json.error();
  return evidence::environment_from_json(*json, file.string());
}

std::optional<Refusal> Check::hold_against_environment() {
  const auto environment = read_environment(options_.against);
  if (!environment) return Refusal{environment.error()};
  add(reports::stale_rows(reports::compare(bundle().environment, *environment), judged_.claims.supported.size()));
  return std::nullopt;
}

std::optional<Refusal> Check::waive() {
  const auto text = read_file(options_.waivers, 1u << 20);
  if (!text) return Refusal{text.error()};
  const auto waivers = reports::parse_waivers(*text, options_.waivers);
  if (!waivers) return Refusal{waivers.error()};
  reports::apply_waivers(*waivers, evidence::utc_now(), report_);
  return std::nullopt;
}

std::optional<Refusal> Check::run() {
  report_.subject = reports::subject_of(bundle(), options_.bundle, "");
  for (const reports::RefusedClaim& claim : judged_.claims.refused) report_.refused_claims.push_back(claim.id);
  add(reports::environment_rows(bundle().environment));
  if (!options_.require.empty())
    if (auto refusal = hold_against_policy()) return refusal;
  if (!options_.baseline.empty())
    if (auto refusal = hold_against_baseline()) return refusal;
  if (!options_.against.empty())
    if (auto refusal = hold_against_environment()) return refusal;
  if (!options_.waivers.empty()) return waive();
  return std::nullopt;
}

/// A full disk may have room later; a path that cannot be written is the caller's.
Exit blame(const Error& error) {
  return error.code == ENOSPC || error.code == EDQUOT || error.code == EIO ? Exit::environment : Exit::usage;
}

/// Appends to the file that GitHub names in a variable, if it does.
Status append_to(const char* variable, const std::string& text) {
  const char* path = std::getenv(variable);
  if (path == nullptr || *path == '\0') return ok();
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << text;
  file.flush();
  if (file) return ok();
  return Error{.message = fmt::format("{}: cannot be appended to ({})", path, variable), .code = errno};
}

/// What is left of the summary's limit by those who wrote before.
std::size_t room_for_summary() {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  std::error_code error;
  const std::uintmax_t used = path == nullptr ? 0 : fs::file_size(path, error);
  if (error) return reports::kSummaryLimit;
  return used > reports::kSummaryLimit ? 0 : reports::kSummaryLimit - static_cast<std::size_t>(used);
}

/// A line that no text of the report can hold.
std::string random_token() {
  std::array<std::byte, 16> bytes{};
  random_bytes(bytes);
  return "assay-" + hex(bytes);
}

Status tell_github(const reports::CheckReport& report, bool json) {
  std::fputs(reports::github_annotations(report).c_str(), json ? stderr : stdout);
  if (const Status told = append_to("GITHUB_STEP_SUMMARY", reports::github_summary(report, room_for_summary())); !told)
    return told;
  return append_to("GITHUB_OUTPUT", reports::github_outputs(report));
}

void print(const reports::CheckReport& report, const Options& options, Exit exit) {
  if (options.json) {
    Json document = reports::to_json(report);
    document["exit"] = static_cast<int>(exit);
    if (const auto text = pretty_json(document)) fmt::print("{}", *text);
    return;
  }
  const std::string text =
      check_text(report, static_cast<int>(exit), columns_of(STDOUT_FILENO, 160), takes_colour(STDOUT_FILENO));
  fmt::print("{}", options.github ? reports::github_fenced(text, random_token()) : text);
}

Exit check(const Options& options) {
  Exit end = Exit::done;
  const auto judged = open_judged("check", options.bundle, options.trust, end);
  if (!judged) return end;
  Check check(options, *judged);
  if (const auto refusal = check.run())
    return refusal->error.message.empty() ? refusal->exit : complain("check", refusal->error, refusal->exit);

  const Exit exit = exit_of(reports::conclude(check.report().rows));
  print(check.report(), options, exit);
  if (!options.junit.empty())
    if (const Status written = write_file(options.junit, reports::to_junit(check.report())); !written)
      return complain("check", written.error(), blame(written.error()));
  if (options.github)
    if (const Status told = tell_github(check.report(), options.json); !told)
      return complain("check", told.error(), blame(told.error()));
  return exit;
}

}  // namespace

Exit run_check(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("BUNDLE", options.bundle, "Folder that a run left")->required();
  app.add_option("--require", options.require, "Policy that must hold (policy/1)");
  app.add_option("--baseline", options.baseline, "Bundle of an earlier run: nothing may be lost, gone or slower");
  app.add_option("--against-env", options.against,
                 "Bundle or environment.json of where the claims would be used: stale if it differs");
  app.add_option("--waivers", options.waivers, "What may fail for now, by whose word and until when (waivers/1)");
  app.add_option("--trust", options.trust, "Trust file: bundle and baseline must be signed by an operator of it");
  app.add_option("--junit", options.junit, "Write JUnit XML to this file");
  app.add_flag("--github", options.github, "Annotations, step summary and outputs of GitHub Actions");
  app.add_flag("--json", options.json, "Report as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("check"), end)) return end;
  if (options.require.empty() && options.baseline.empty() && options.against.empty())
    return complain("check", Error{"nothing to hold the bundle against: name --require, --baseline or --against-env"},
                    Exit::usage);
  return check(options);
}

}  // namespace assay::cli
