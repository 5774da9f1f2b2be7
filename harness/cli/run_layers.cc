#include "harness/cli/run_layers.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/child.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/admission.h"
#include "harness/cli/bench_child.h"
#include "harness/cli/self.h"
#include "harness/cli/terminal.h"
#include "kernels/catalogue.h"
#include "kernels/layers.h"

namespace assay::cli {
namespace {

struct Options {
  std::string artifact, driver, device = "0";
  std::vector<std::string> layers;
  std::vector<std::int64_t> tokens;
  std::int64_t samples = 15;
  int limit_seconds = 300;
  bool no_cache = false, json = false, quiet = false;
};

/// Rows that multiply, and the one that prepares what they read.
bool takes_part(const kernels::Kernel& row) {
  return row.operation == kernels::Operation::w4a16_product || row.operation == kernels::Operation::prepare_weights;
}

bool is_asked(const Options& options, const kernels::Layer& layer) {
  return options.layers.empty() || std::ranges::any_of(options.layers, [&](const std::string& pattern) {
           return artifact::names_module(pattern, layer.name);
         });
}

/// What there must be a figure of: every layer that is asked for, with every number of tokens.
std::vector<LayerFigure> blanks_of(const Options& options, const artifact::Artifact& artifact) {
  std::vector<LayerFigure> blanks;
  for (const kernels::Layer& layer : kernels::layers_of(artifact)) {
    if (!is_asked(options, layer)) continue;
    for (const std::int64_t m : options.tokens) {
      const kernels::Problem problem = layer.problem(m);
      blanks.push_back({.layer = layer.name,
                        .gated = layer.gated(),
                        .in_pair = layer.in_pair,
                        .figure = {.m = problem.m, .n = problem.n, .k = problem.k}});
    }
  }
  return blanks;
}

/// The rows whose needs hold, and of each other one why not.
struct Admitted {
  std::vector<std::string> rows;
  bool product = false;
  std::string why_not;
};
Admitted admitted_rows(const Admission& admission) {
  Admitted admitted;
  for (const kernels::Kernel& row : kernels::catalogue()) {
    if (!takes_part(row)) continue;
    if (const std::string unmet = admission.unmet(row.needs); !unmet.empty()) {
      admitted.why_not += fmt::format("{}{} {}", admitted.why_not.empty() ? "" : "; ", row.id, unmet);
      continue;
    }
    admitted.rows.emplace_back(row.id);
    admitted.product = admitted.product || row.operation == kernels::Operation::w4a16_product;
  }
  return admitted;
}

LayerRequest request_of(const Options& options, const std::string& nonce, std::vector<std::string> rows) {
  return {.driver = options.driver,
          .device = options.device,
          .cache = options.no_cache ? "" : (cache_folder() / "compiled").string(),
          .artifact = options.artifact,
          .nonce = nonce,
          .rows = std::move(rows),
          .jobs = {},
          .samples = options.samples};
}

/// Figures as children hand them out.
class Session {
 public:
  Session(const std::vector<LayerFigure>& blanks, const AskLayers& ask, bool quiet)
      : blanks_(blanks), ask_(ask), quiet_(quiet) {}

  Result<std::vector<LayerFigure>> measure() {
    while (!complete() && interrupt_requested() == 0)
      if (Status s = next_child(); !s) return s.error();
    return std::move(figures_);
  }

 private:
  bool complete() const { return figures_.size() == blanks_.size(); }

  Status next_child() {
    const std::size_t before = figures_.size();
    const Result<ChildResult> ended = ask_(next_jobs(blanks_, figures_), [this](std::string_view line) { hear(line); });
    if (!ended) return ended.error();
    const bool exited = ended->signal == 0 && !ended->timed_out, served = exited && ended->exit_code == 0;
    if (ended->interrupted || complete() || (served && figures_.size() > before)) return ok();
    fail_next(how_it_ended(*ended));
    if (!exited || served || figures_.size() > before + 1) return ok();
    // A child that ends itself before its first layer could not open what the next one could not open either.
    if (before == 0) return Error{how_it_ended(*ended)};
    while (!complete()) fail_next("not reached: " + how_it_ended(*ended));
    return ok();
  }

  void fail_next(std::string why) {
    LayerFigure one = blanks_[figures_.size()];
    one.figure.why = std::move(why);
    keep(std::move(one));
  }

  /// A line counts if it is of the layer that is due.
  void hear(std::string_view line) {
    const Result<Json> json = parse_json(line, "layer-attempt");
    if (!json || !json->contains("layer") || complete()) return;
    Result<LayerFigure> one = layer_figure_from_json((*json)["layer"], "layer-attempt");
    const LayerFigure& due = blanks_[figures_.size()];
    if (one && one->layer == due.layer && one->shape() == due.shape()) keep(*std::move(one));
  }

  void keep(LayerFigure one) {
    if (!quiet_)
      fmt::print(stderr, "  {} of {}: {} M {}: {}\n", figures_.size() + 1, blanks_.size(), one.layer, one.figure.m,
                 word(one.figure.verdict));
    figures_.push_back(std::move(one));
  }

  const std::vector<LayerFigure>& blanks_;
  const AskLayers& ask_;
  bool quiet_;
  std::vector<LayerFigure> figures_;
};

AskLayers ask_children(const Options& options, const LayerRequest& about) {
  return
      [&options, request = about](std::vector<LayerJob> jobs,
                                  const std::function<void(std::string_view)>& on_line) mutable -> Result<ChildResult> {
        request.jobs = std::move(jobs);
        const Result<std::string> input = canonical_json(to_json(request));
        if (!input) return input.error();
        return run_child({.command = {own_path(), "layer-attempt"},
                          .input = *input,
                          .environment = {},
                          .limit = std::chrono::hours(24),
                          .line_limit = std::chrono::seconds(options.limit_seconds),
                          .on_line = on_line});
      };
}

Exit show(const Options& options, const Admission& admission, const std::string& nonce,
          const std::vector<LayerFigure>& figures) {
  const Exit exit = exit_of(figures);
  if (!options.json) {
    const bool colour = takes_colour(STDOUT_FILENO);
    fmt::print("{}\n{}", heading(admission, colour), to_text(figures, columns_of(STDOUT_FILENO, 240), colour));
    return exit;
  }
  Json document = heading_json(admission), layers = Json::array(), totals = Json::array();
  for (const LayerFigure& one : figures) layers.push_back(to_json(one));
  for (const LayerTotal& one : totals_of(figures)) totals.push_back(to_json(one));
  document["schema"] = "run-artifact/1";
  document["artifact"] = options.artifact;
  document["nonce"] = nonce;
  document["layers"] = std::move(layers);
  document["totals"] = std::move(totals);
  document["exit"] = static_cast<int>(exit);
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
  return exit;
}

/// A person reads the reason once, a machine with every layer.
Exit no_row(const Options& options, const Admission& admission, const std::string& nonce,
            std::vector<LayerFigure> blanks, const std::string& why) {
  if (!options.json)
    return complain("run", Error{fmt::format("no layer was measured, for no row may run here: {}", why)},
                    Exit::unproven);
  for (LayerFigure& one : blanks) {
    one.figure.verdict = BenchVerdict::unproven;
    one.figure.why = why;
  }
  return show(options, admission, nonce, blanks);
}

Exit measure_on_device(const Options& options, std::vector<LayerFigure> blanks) {
  watch_for_interrupt();
  std::vector<gate::Prerequisite> needs;
  for (const kernels::Kernel& row : kernels::catalogue())
    if (takes_part(row)) needs.insert(needs.end(), row.needs.begin(), row.needs.end());
  const std::string nonce = fresh_nonce();
  Exit end = Exit::environment;
  const auto admission = admit({.command = "run",
                                .driver = options.driver,
                                .device = options.device,
                                .nonce = nonce,
                                .cache = !options.no_cache,
                                .quiet = options.quiet},
                               needs, end);
  if (!admission) return end;
  const Admitted admitted = admitted_rows(*admission);
  if (!admitted.product) return no_row(options, *admission, nonce, std::move(blanks), admitted.why_not);
  const AskLayers ask = ask_children(options, request_of(options, nonce, admitted.rows));
  const auto figures = measure_layers(blanks, ask, options.quiet);
  if (!figures) return complain("run", figures.error(), Exit::environment);
  if (const int signal = interrupt_requested(); signal != 0) return interrupted("run", signal);
  return show(options, *admission, nonce, *figures);
}

void declare(CLI::App& app, Options& options) {
  app.add_option("--artifact", options.artifact, "The folder of an NVFP4 artifact, or its only file")->required();
  app.add_option("--m", options.tokens, "Tokens; may be repeated (default: 1 and 16)")->check(CLI::Range(1, 8192));
  app.add_option("--layer", options.layers, "Only layers of this name, with * and ?; may be repeated");
  app.add_option("--samples", options.samples, "Replays of each graph")
      ->check(CLI::Range(9, 10'000))
      ->capture_default_str();
  app.add_option("--limit", options.limit_seconds, "Seconds that one layer may take")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--device", options.device, "Index or UUID")->capture_default_str();
  app.add_option("--driver", options.driver, "system, or a library's path");
  app.add_flag("--no-cache", options.no_cache, "Compile everything again");
  app.add_flag("--quiet", options.quiet, "No progress");
  app.add_flag("--json", options.json, "As JSON on standard output, with every sample");
}

}  // namespace

std::vector<LayerJob> next_jobs(const std::vector<LayerFigure>& blanks, const std::vector<LayerFigure>& done) {
  std::set<decltype(LayerFigure{}.shape())> timed;
  for (const LayerFigure& one : done)
    if (one.figure.performance) timed.insert(one.shape());
  std::vector<LayerJob> jobs;
  for (std::size_t i = done.size(); i < blanks.size() && jobs.size() < kMostLayerJobs; ++i)
    jobs.push_back({.layer = blanks[i].layer, .m = blanks[i].figure.m, .timed = !timed.contains(blanks[i].shape())});
  return jobs;
}

Result<std::vector<LayerFigure>> measure_layers(const std::vector<LayerFigure>& blanks, const AskLayers& ask,
                                                bool quiet) {
  return Session(blanks, ask, quiet).measure();
}

Exit exit_of(const std::vector<LayerFigure>& figures) {
  const auto any = [&figures](BenchVerdict verdict) {
    return std::ranges::any_of(figures, [&](const LayerFigure& one) { return one.figure.verdict == verdict; });
  };
  if (any(BenchVerdict::wrong) || any(BenchVerdict::failed)) return Exit::failed;
  return any(BenchVerdict::unproven) || any(BenchVerdict::refused) ? Exit::unproven : Exit::done;
}

bool asks_for_layers(Arguments arguments) {
  return std::ranges::any_of(
      arguments, [](const std::string& word) { return word == "--artifact" || word.starts_with("--artifact="); });
}

Exit run_layers(Arguments arguments) {
  CLI::App app;
  Options options;
  declare(app, options);
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("run"), end)) return end;
  if (options.tokens.empty()) options.tokens = {1, 16};
  std::error_code unreadable;
  if (!std::filesystem::exists(options.artifact, unreadable))
    return complain("run", Error{fmt::format("{}: no such file or folder", options.artifact)}, Exit::usage);
  const auto checkpoint = artifact::Checkpoint::open(options.artifact);
  if (!checkpoint) return complain("run", checkpoint.error(), Exit::integrity);
  const auto artifact = artifact::check_artifact(*checkpoint);
  if (!artifact) return complain("run", artifact.error(), Exit::integrity);
  std::vector<LayerFigure> blanks = blanks_of(options, *artifact);
  if (artifact->modules.empty())
    return complain("run", Error{fmt::format("{}: holds no quantised module", options.artifact)}, Exit::skipped);
  if (blanks.empty())
    return complain("run", Error{fmt::format("--layer: {} has no layer of that name", options.artifact)}, Exit::usage);
  return measure_on_device(options, std::move(blanks));
}

}  // namespace assay::cli
