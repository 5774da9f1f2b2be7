// `assay publish`: a report of what a bundle carries, and of what it does not.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/image_check.h"
#include "harness/cli/publication.h"
#include "harness/cli/recompute.h"
#include "harness/cli/subcommand.h"
#include "harness/evidence/trust.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string bundle, out, trust, formats;
};

/// "runs/today" and "runs/today/" are one folder.
fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

fs::path folder_of(const Options& options) {
  if (!options.out.empty()) return options.out;
  fs::path beside = without_slash(fs::weakly_canonical(options.bundle));
  beside += "-report";
  return beside;
}

/// A bundle is a closed world: a file more in it, and it is no longer intact.
bool is_within(const fs::path& inner, const fs::path& outer) {
  const fs::path in = without_slash(fs::weakly_canonical(inner)), out = without_slash(fs::weakly_canonical(outer));
  return std::mismatch(out.begin(), out.end(), in.begin(), in.end()).first == out.end();
}

/// What a signed statement must claim; of a catalogue that cannot be read it claims nothing.
Json claims_again(const evidence::VerifiedBundle& bundle) {
  const Result<std::vector<reports::Claim>> catalogue = reports::builtin_claims();
  if (!catalogue) return nullptr;
  return reports::to_json(reports::Guardrail(*catalogue).judge(bundle), reports::catalogue_sha256(*catalogue));
}

/// All that can be checked is, oracles too: what is published is read by those who check nothing.
evidence::VerifyOptions everything(std::optional<evidence::TrustFile> trust) {
  evidence::VerifyOptions verify;
  verify.recompute = recompute;
  verify.compare_images = compare_images;
  verify.check_image = check_native_image;
  verify.gate_set = probes::gate_set;
  verify.claims = claims_again;
  verify.trust = std::move(trust);
  return verify;
}

Exit publish(const Options& options, const std::vector<std::string>& formats,
             std::optional<evidence::TrustFile> trust) {
  const evidence::VerifyOptions verify = everything(std::move(trust));
  const Result<evidence::VerifiedBundle> bundle = evidence::VerifiedBundle::open(options.bundle, verify);
  if (!bundle) return complain("publish", Error{bundle.error().message}, Exit::integrity);
  const Result<reports::Report> report = reports::make_report(*bundle);
  if (!report) return complain("publish", report.error(), Exit::environment);
  const auto files = render_files(*report, formats);
  if (!files) return complain("publish", files.error(), Exit::integrity);
  const fs::path folder = folder_of(options);
  if (const Status written = write_files(folder, *files); !written)
    return complain("publish", written.error(), Exit::environment);
  for (const RenderedFile& file : *files) fmt::print("{}\n", (folder / file.name).string());
  const reports::Judgement& judgement = report->judgement;
  fmt::print("{} sentences supported, {} claims refused; {}\n", judgement.supported.size(), judgement.refused.size(),
             report->attestation_line);
  if (!judgement.supported.empty()) return Exit::done;
  return complain("publish", Error{"no claim is supported by this bundle; the report says so"}, Exit::unproven);
}

}  // namespace

Exit run_publish(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("BUNDLE", options.bundle, "Folder that a run left")->required();
  app.add_option("--out", options.out, "Folder of the report (default: BUNDLE-report); never in the bundle");
  app.add_option("--trust", options.trust, "Trust file: whose signatures count");
  app.add_option("--format", options.formats, "html, md and json, joined by commas (default: all)");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("publish"), end)) return end;

  std::error_code unreadable;
  if (!fs::is_directory(options.bundle, unreadable))
    return complain("publish",
                    Error{fmt::format("{}: no such folder; name the folder that a run left", options.bundle)},
                    Exit::usage);
  if (is_within(folder_of(options), options.bundle))
    return complain("publish",
                    Error{fmt::format("--out {}: lies in the bundle, which takes no other file", options.out)},
                    Exit::usage);
  const Result<std::vector<std::string>> formats = parse_formats(options.formats);
  if (!formats) return complain("publish", formats.error(), Exit::usage);
  std::optional<evidence::TrustFile> trust;
  if (!options.trust.empty()) {
    Result<evidence::TrustFile> file = evidence::load_trust(options.trust);
    if (!file) return complain("publish", file.error(), Exit::usage);
    trust = *std::move(file);
  }
  return publish(options, *formats, std::move(trust));
}

}  // namespace assay::cli
