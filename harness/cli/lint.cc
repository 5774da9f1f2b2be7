// `assay lint`: does a document say more than its bundles carry?
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/build_info.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/verify_options.h"
#include "reports/lint/bundles.h"
#include "reports/lint/sarif.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> paths, bundles = {"docs/results"};
  std::string sarif;
  bool write = false;
};

bool is_document(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending == ".md" || ending == ".markdown" || ending == ".txt";
}

/// Documents of a folder, without those of hidden folders, in the order of their names.
Result<std::vector<fs::path>> documents_under(const fs::path& folder) {
  std::set<fs::path> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().filename().string().starts_with('.'))
      at.disable_recursion_pending();
    else if (at->is_regular_file(failed) && is_document(at->path()))
      found.insert(at->path());
  }
  if (failed) return Error{fmt::format("{}: {}", folder.string(), failed.message())};
  return std::vector<fs::path>(found.begin(), found.end());
}

Result<std::vector<fs::path>> documents_of(const std::vector<std::string>& paths) {
  std::vector<fs::path> all;
  const auto add = [&](const fs::path& file) {
    if (std::ranges::find(all, file) == all.end()) all.push_back(file);
  };
  for (const std::string& path : paths) {
    std::error_code unreadable;
    if (!fs::is_directory(path, unreadable)) {
      add(path);
      continue;
    }
    const Result<std::vector<fs::path>> found = documents_under(path);
    if (!found) return found.error();
    for (const fs::path& file : *found) add(file);
  }
  return all;
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::now())); }

Status lint_file(const lint::Linter& linter, const fs::path& path, bool write, std::vector<lint::Finding>& findings) {
  Result<std::string> text = read_file(path);
  if (!text) return text.error();
  if (write) {
    std::string written = linter.write(path.string(), *text);
    if (written != *text)
      if (Status s = write_file(path, written); !s) return s;
    *text = std::move(written);
  }
  for (lint::Finding& finding : linter.lint(path.generic_string(), *text)) findings.push_back(std::move(finding));
  return ok();
}

Status put_sarif(const std::vector<lint::Finding>& findings, const std::string& where) {
  const Result<std::string> text = pretty_json(lint::to_sarif(findings, build_info().version));
  if (!text) return text.error();
  if (where != "-") return write_file(where, *text);
  fmt::print("{}", *text);
  return ok();
}

}  // namespace

Exit run_lint(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("FILE", options.paths, "Documents (.md, .txt), or folders of them")->required();
  app.add_option("--sarif", options.sarif, "Write the findings as SARIF 2.1.0; - is standard output");
  app.add_option("--bundles", options.bundles, "Folders below which the bundles of claim markers are looked for");
  app.add_flag("--write", options.write, "Write the sentence behind each claim's marker as its bundle carries it");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("lint"), end)) return end;

  Result<lint::Lexicon> lexicon = lint::Lexicon::builtin();
  if (!lexicon) return complain("lint", lexicon.error(), Exit::integrity);
  Result<std::vector<reports::Claim>> catalogue = reports::builtin_claims();
  if (!catalogue) return complain("lint", catalogue.error(), Exit::integrity);
  lint::BundleIndex bundles({options.bundles.begin(), options.bundles.end()}, *std::move(catalogue),
                            verify_options(true));
  const lint::Linter linter(*std::move(lexicon), {.today = today(), .claims = [&](const std::string& digest) {
                                                    return bundles.claims_of(digest);
                                                  }});
  const Result<std::vector<fs::path>> documents = documents_of(options.paths);
  if (!documents) return complain("lint", documents.error(), Exit::usage);
  std::vector<lint::Finding> findings;
  for (const fs::path& path : *documents)
    if (Status s = lint_file(linter, path, options.write, findings); !s)
      return complain("lint", s.error(), Exit::usage);

  if (!options.sarif.empty())
    if (Status s = put_sarif(findings, options.sarif); !s) return complain("lint", s.error(), Exit::usage);
  bool clean = true;
  for (const lint::Finding& finding : findings) {
    if (finding.suppressed()) continue;
    clean = false;
    if (options.sarif != "-") fmt::print("{}\n", lint::to_string(finding));
  }
  return clean ? Exit::done : Exit::failed;
}

}  // namespace assay::cli
