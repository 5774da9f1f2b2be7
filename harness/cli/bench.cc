// `assay bench`: how fast, always beside a floor and a peer in the same run.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/bench_kernels.h"
#include "harness/cli/bench_quantize.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"

namespace assay::cli {

namespace {

/// Kernels are timed in children of their own, with options of their own.
bool asks_for_kernels(Arguments arguments) {
  return std::ranges::any_of(arguments, [](const std::string& word) {
    return word == "kernels" || word == "--kernel" || word.starts_with("--kernel=");
  });
}

Exit run_bench_quantize(Arguments arguments) {
  CLI::App app;
  BenchQuantizeOptions options{.threads = std::max(1u, std::thread::hardware_concurrency())};
  std::string what;
  bool json = false;
  app.add_option("WHAT", what, "quantize: weights to NVFP4 on the CPU; kernels: see 'assay bench kernels --help'")
      ->required()
      ->check(CLI::IsMember({"quantize", "kernels"}));
  app.add_option("--outputs", options.outputs, "Rows of the weight")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--inputs", options.inputs, "Columns, a multiple of 16")
      ->check(CLI::Range(16, 1 << 20))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "How many at a time")->check(CLI::Range(1u, 1024u));
  app.add_option("--runs", options.runs, "How often each is timed")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  app.add_option("--peer", options.peer, "A Python interpreter that has compressed-tensors and torch");
  app.add_flag("--json", json, "As JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("bench"), end)) return end;
  if (options.inputs % 16 != 0)
    return complain("bench", Error{fmt::format("--inputs: {} is no multiple of 16, the block", options.inputs)},
                    Exit::usage);

  const auto bench = bench_quantize(options);
  if (!bench) return complain("bench", bench.error(), Exit::environment);
  if (!json) {
    fmt::print("{}", to_text(*bench, takes_colour(STDOUT_FILENO)));
    return Exit::done;
  }
  const auto text = pretty_json(to_json(*bench));
  if (text) fmt::print("{}", *text);
  return Exit::done;
}

}  // namespace

Exit run_bench(Arguments arguments) {
  return asks_for_kernels(arguments) ? run_bench_kernels(arguments) : run_bench_quantize(arguments);
}

}  // namespace assay::cli
