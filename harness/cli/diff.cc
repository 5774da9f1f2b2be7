// `assay diff`: what differs between two bundles. Like git diff it ends with 0 whatever it shows, and with
// --exit-code with 1 where anything was lost, gained or changed.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/diff_text.h"
#include "harness/cli/judged_bundle.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "reports/baseline.h"

namespace assay::cli {
namespace {

/// Values that a device question measures move from run to run (clocks, free memory); they are shown, not counted.
bool differ(const reports::Comparison& comparison) {
  const auto other = [](const reports::Difference& one) {
    return one.change != reports::Change::same && one.change != reports::Change::ambiguous;
  };
  return !comparison.not_compared.empty() || !comparison.environment.empty() ||
         std::ranges::any_of(comparison.gates, other) || std::ranges::any_of(comparison.performance, other) ||
         !comparison.claims_gained.empty() || !comparison.claims_lost.empty();
}

}  // namespace

Exit run_diff(Arguments arguments) {
  CLI::App app;
  std::string before, after;
  bool json = false, exit_code = false;
  app.add_option("BEFORE", before, "Folder that an earlier run left")->required();
  app.add_option("NOW", after, "Folder that a later run left")->required();
  app.add_flag("--json", json, "Differences as JSON on standard output");
  app.add_flag("--exit-code", exit_code, "End with 1 if gates, speeds, claims or environments differ");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("diff"), end)) return end;

  const auto was = open_judged("diff", before, "", end);
  if (!was) return end;
  const auto is = open_judged("diff", after, "", end);
  if (!is) return end;
  const reports::Comparison comparison =
      reports::compare({was->bundle.report(), was->claims}, {is->bundle.report(), is->claims});
  if (json) {
    if (const auto text = pretty_json(reports::to_json(comparison))) fmt::print("{}", *text);
  } else {
    fmt::print("{}", diff_text(comparison, columns_of(STDOUT_FILENO, 160), takes_colour(STDOUT_FILENO)));
  }
  return exit_code && differ(comparison) ? Exit::failed : Exit::done;
}

}  // namespace assay::cli
