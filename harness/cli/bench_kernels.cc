#include "harness/cli/bench_kernels.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/child.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/admission.h"
#include "harness/cli/bench_child.h"
#include "harness/cli/bench_figure.h"
#include "harness/cli/bench_request.h"
#include "harness/cli/self.h"
#include "harness/cli/terminal.h"
#include "harness/gate/runner.h"
#include "kernels/bench/choice.h"
#include "kernels/bench/manifest.h"
#include "kernels/bench/problems.h"
#include "kernels/catalogue.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

namespace bench = kernels::bench;

struct Options {
  std::string what, manifest, driver, device = "0";
  std::vector<std::string> rows, shapes;
  std::vector<std::int64_t> tokens;
  std::int64_t samples = 15;
  int limit_seconds = 300;
  bool no_peer = false, no_cache = false, json = false, quiet = false;
};

/// A kernel that was asked for, with the gates that it needs.
struct Asked {
  std::string name;
  std::int64_t version = 1;
  std::vector<gate::Prerequisite> needs;
  const kernels::Kernel* row = nullptr;  ///< Null: a manifest.
  kernels::Problem problem;              ///< Of a manifest that claims a product.
  std::vector<std::string> ids;          ///< Of a manifest's needs, which `needs` points into.
};

Result<Asked> asked_manifest(const std::string& file) {
  const Result<bench::Manifest> manifest = bench::read_manifest(file);
  if (!manifest) return manifest.error();
  Asked asked{.name = manifest->name, .version = manifest->version, .ids = manifest->needs};
  for (const std::string& id : asked.ids) {
    if (gate::find_gate(probes::gates(), id) == nullptr)
      return Error{fmt::format("{}: needs: no gate is called '{}'; see 'assay gates'", file, id)};
  }
  if (const auto* claim = std::get_if<bench::ProductClaim>(&manifest->operation)) asked.problem = claim->problem;
  return asked;
}

/// Gate ids of a manifest by the verdict that a gate can have.
evidence::Verdict needed(const gate::Gate& gate) {
  return std::holds_alternative<gate::DeviceQuestion>(gate.method) ? evidence::Verdict::reported
                                                                   : evidence::Verdict::proven;
}

std::vector<gate::Prerequisite> needs_of(const Asked& asked) {
  if (asked.row != nullptr) return asked.needs;
  std::vector<gate::Prerequisite> needs;
  for (const std::string& id : asked.ids) {
    const gate::Gate& row = *gate::find_gate(probes::gates(), id);
    needs.push_back({.gate = row.id, .needs = needed(row)});
  }
  return needs;
}

bool is_product(const kernels::Kernel& row) { return row.operation == kernels::Operation::w4a16_product; }

Result<std::vector<Asked>> asked_rows(const std::vector<std::string>& ids) {
  std::vector<Asked> asked;
  const auto add = [&asked](const kernels::Kernel& row) {
    asked.push_back({.name = std::string(row.id),
                     .version = row.version,
                     .needs = {row.needs.begin(), row.needs.end()},
                     .row = &row});
  };
  for (const std::string& id : ids) {
    const kernels::Kernel* row = kernels::find_kernel(id);
    if (row == nullptr || !is_product(*row)) return Error{fmt::format("--kernel-row: no kernel '{}' can be timed", id)};
    add(*row);
  }
  if (!ids.empty()) return asked;
  for (const kernels::Kernel& row : kernels::catalogue())
    if (is_product(row)) add(row);
  if (asked.empty()) return Error{"no kernel of this build can be timed; time one of your own with --kernel"};
  return asked;
}

Result<std::vector<bench::Shape>> asked_shapes(const Options& options) {
  std::vector<bench::Shape> shapes;
  for (const std::string& text : options.shapes) {
    const Result<bench::Shape> shape = bench::parse_shape(text);
    if (!shape) return shape.error();
    shapes.push_back(*shape);
  }
  if (shapes.empty()) shapes.assign(bench::default_shapes().begin(), bench::default_shapes().end());
  return shapes;
}

/// Of a row that `assay run` asks for few tokens alone, few; of others, many.
std::vector<std::int64_t> asked_tokens(const Options& options, const kernels::Kernel* row) {
  if (!options.tokens.empty()) return options.tokens;
  const auto few = bench::decode_tokens(), many = bench::prefill_tokens();
  return row != nullptr && bench::decodes(*row) ? std::vector(few.begin(), few.end())
                                                : std::vector(many.begin(), many.end());
}

BenchRequest request_of(const Options& options) {
  BenchRequest request{.driver = options.driver,
                       .device = options.device,
                       .cache = options.no_cache ? "" : (cache_folder() / "compiled").string(),
                       .manifest = options.manifest,
                       .samples = options.samples,
                       .peer = !options.no_peer};
  return request;
}

/// The lines of one child as figures, each told of as it comes.
class Listener {
 public:
  explicit Listener(bool quiet) : quiet_(quiet) {}
  void hear(std::string_view line) {
    const Result<Json> json = parse_json(line, "bench-attempt");
    if (!json || !json->contains("figure")) return;
    Result<BenchFigure> figure = bench_figure_from_json((*json)["figure"], "bench-attempt");
    if (!figure) return;
    if (!quiet_)
      fmt::print(stderr, "  {} {}x{} M {}: {}\n", figure->kernel, figure->n, figure->k, figure->m,
                 word(figure->verdict));
    figures.push_back(*std::move(figure));
  }
  std::vector<BenchFigure> figures;

 private:
  bool quiet_;
};

/// Times a request's problems; `problems` says which figures there must be, in order.
Result<std::vector<BenchFigure>> time_in_child(const BenchRequest& request, std::vector<BenchFigure> problems,
                                               const Options& options) {
  const Result<std::string> input = canonical_json(to_json(request));
  if (!input) return input.error();
  Listener listener(options.quiet);
  const ChildRequest child{.command = {own_path(), "bench-attempt"},
                           .input = *input,
                           .environment = {},
                           .limit = std::chrono::hours(24),
                           .line_limit = std::chrono::seconds(options.limit_seconds),
                           .on_line = [&listener](std::string_view line) { listener.hear(line); }};
  const Result<ChildResult> ended = run_child(child);
  if (!ended) return ended.error();
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (i < listener.figures.size())
      problems[i] = std::move(listener.figures[i]);
    else
      problems[i].why =
          i == listener.figures.size() ? how_it_ended(*ended) : "not reached: an earlier problem ended it";
  }
  return problems;
}

BenchFigure blank(const Asked& asked, std::int64_t m, const bench::Shape& shape) {
  return {.kernel = asked.name, .version = asked.version, .m = m, .n = shape.n, .k = shape.k};
}

BenchFigure blank_of_own(const Asked& asked) {
  const bool product = asked.problem.n != 0;
  return blank(asked, product ? asked.problem.m : 0, {asked.problem.n, asked.problem.k});
}

/// Every figure, kernel by kernel and weight by weight.
class Session {
 public:
  Session(const Options& options, const Admission& admission) : options_(options), admission_(admission) {}

  Status time(const Asked& asked, const std::vector<bench::Shape>& shapes, const std::vector<std::int64_t>& tokens) {
    const std::string unmet = admission_.unmet(needs_of(asked));
    if (asked.row == nullptr) return time_problems(request_of(options_), {blank_of_own(asked)}, unmet);
    for (const bench::Shape& shape : shapes) {
      BenchRequest request = request_of(options_);
      request.kernel = asked.name;
      request.n = shape.n;
      request.k = shape.k;
      request.tokens = tokens;
      std::vector<BenchFigure> problems;
      for (const std::int64_t m : tokens) problems.push_back(blank(asked, m, shape));
      if (Status s = time_problems(request, std::move(problems), unmet); !s) return s;
      if (interrupt_requested() != 0) return ok();
    }
    return ok();
  }

  std::vector<BenchFigure> figures;

 private:
  Status time_problems(const BenchRequest& request, std::vector<BenchFigure> problems, const std::string& unmet) {
    if (!unmet.empty()) {
      for (BenchFigure& one : problems) {
        one.verdict = BenchVerdict::unproven;
        one.why = unmet;
      }
    } else {
      Result<std::vector<BenchFigure>> timed = time_in_child(request, std::move(problems), options_);
      if (!timed) return timed.error();
      problems = *std::move(timed);
    }
    for (BenchFigure& one : problems) figures.push_back(std::move(one));
    return ok();
  }

  const Options& options_;
  const Admission& admission_;
};

Exit exit_of(const std::vector<BenchFigure>& figures) {
  const auto any = [&figures](BenchVerdict verdict) {
    return std::ranges::find(figures, verdict, &BenchFigure::verdict) != figures.end();
  };
  if (any(BenchVerdict::wrong) || any(BenchVerdict::failed)) return Exit::failed;
  if (any(BenchVerdict::unproven)) return Exit::unproven;
  return any(BenchVerdict::right) ? Exit::done : Exit::skipped;
}

void print_text(const Admission& admission, const std::vector<BenchFigure>& figures) {
  const bool colour = takes_colour(STDOUT_FILENO);
  fmt::print("{}", heading(admission, colour));
  const auto timed = std::ranges::find_if(figures, [](const BenchFigure& one) { return one.performance.has_value(); });
  if (timed != figures.end())
    fmt::print("read {:.3f} TB/s, copy {:.3f} TB/s (read and written), each in the same run as the figures\n",
               static_cast<double>(timed->read_bytes_per_second) / 1e12,
               static_cast<double>(timed->copy_bytes_per_second) / 1e12);
  fmt::print("\n{}", to_text(figures, columns_of(STDOUT_FILENO, 200), colour));
}

void print_json(const Admission& admission, const std::vector<BenchFigure>& figures, Exit exit) {
  Json lines = Json::array(), document = heading_json(admission);
  for (const BenchFigure& one : figures) lines.push_back(to_json(one));
  document["schema"] = "bench-kernels/1";
  document["figures"] = std::move(lines);
  document["exit"] = static_cast<int>(exit);
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

AdmissionRequest admission_request(const Options& options) {
  return {.command = "bench",
          .driver = options.driver,
          .device = options.device,
          .nonce = fresh_nonce(),
          .cache = !options.no_cache,
          .quiet = options.quiet};
}

Exit time_all(const Options& options, const std::vector<Asked>& asked, const std::vector<bench::Shape>& shapes) {
  watch_for_interrupt();
  std::vector<gate::Prerequisite> needs;
  for (const Asked& one : asked)
    for (const gate::Prerequisite& need : needs_of(one)) needs.push_back(need);
  Exit end = Exit::environment;
  const std::optional<Admission> admission = admit(admission_request(options), needs, end);
  if (!admission) return end;
  Session session(options, *admission);
  for (const Asked& one : asked) {
    if (const Status s = session.time(one, shapes, asked_tokens(options, one.row)); !s)
      return complain("bench", s.error(), Exit::environment);
    if (const int signal = interrupt_requested(); signal != 0) return interrupted("bench", signal);
  }
  const Exit exit = exit_of(session.figures);
  options.json ? print_json(*admission, session.figures, exit) : print_text(*admission, session.figures);
  return exit;
}

void declare(CLI::App& app, Options& options) {
  app.add_option("WHAT", options.what, "kernels: rows of the catalogue, beside a plain read and cuBLAS")
      ->check(CLI::IsMember({"kernels"}));
  app.add_option("--kernel", options.manifest, "A kernel of your own: its manifest (docs/ci/kernel)");
  app.add_option("--kernel-row", options.rows, "Only this row; may be repeated");
  app.add_option("--shape", options.shapes, "Only this weight, NxK; may be repeated");
  app.add_option("--m", options.tokens, "Only this number of tokens; may be repeated")->check(CLI::Range(1, 1 << 20));
  app.add_option("--samples", options.samples, "Replays of each graph")
      ->check(CLI::Range(9, 10'000))
      ->capture_default_str();
  app.add_option("--limit", options.limit_seconds, "Seconds that one problem may take")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--device", options.device, "Index or UUID")->capture_default_str();
  app.add_option("--driver", options.driver, "system, or a library's path");
  app.add_flag("--no-peer", options.no_peer, "Without cuBLAS");
  app.add_flag("--no-cache", options.no_cache, "Compile everything again");
  app.add_flag("--quiet", options.quiet, "No progress");
  app.add_flag("--json", options.json, "As JSON on standard output, with every sample");
}

/// What is asked for at once, but cannot be: empty if all of it can.
std::string contradiction(const Options& options) {
  const bool rows = !options.rows.empty() || !options.shapes.empty() || !options.tokens.empty();
  if (!options.manifest.empty() && (rows || !options.what.empty()))
    return "--kernel: a manifest says what is timed; leave out 'kernels', --kernel-row, --shape and --m";
  return {};
}

}  // namespace

Exit run_bench_kernels(Arguments arguments) {
  CLI::App app;
  Options options;
  declare(app, options);
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("bench"), end)) return end;
  if (const std::string wrong = contradiction(options); !wrong.empty())
    return complain("bench", Error{wrong}, Exit::usage);
  const Result<std::vector<bench::Shape>> shapes = asked_shapes(options);
  if (!shapes) return complain("bench", shapes.error(), Exit::usage);
  if (options.manifest.empty()) {
    const Result<std::vector<Asked>> asked = asked_rows(options.rows);
    return asked ? time_all(options, *asked, *shapes) : complain("bench", asked.error(), Exit::usage);
  }
  const Result<Asked> asked = asked_manifest(options.manifest);
  return asked ? time_all(options, {*asked}, *shapes) : complain("bench", asked.error(), guilty(asked.error()));
}

}  // namespace assay::cli
