// `assay publish`: a report of what a bundle carries, and of what it does not.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/publication.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/verify_options.h"

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

/// All that can be checked is, oracles too: what is published is read by those who check nothing.
Exit publish(const Options& options, const std::vector<std::string>& formats, const evidence::VerifyOptions& verify) {
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
  evidence::VerifyOptions verify = verify_options(true);
  if (const Status added = add_trust(verify, options.trust); !added)
    return complain("publish", added.error(), Exit::usage);
  return publish(options, *formats, verify);
}

}  // namespace assay::cli
