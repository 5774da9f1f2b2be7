// `assay bench-attempt`: times one kernel's problems for a parent `assay bench kernels`. The request is on standard
// input.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/bench_child.h"
#include "harness/cli/bench_figure.h"
#include "harness/cli/bench_request.h"
#include "harness/cli/subcommand.h"
#include "harness/cuda/assembler.h"
#include "kernels/bench/own_kernel.h"
#include "kernels/bench/product.h"
#include "kernels/bench/rotation.h"
#include "kernels/catalogue.h"

namespace assay::cli {
namespace {

namespace bench = kernels::bench;
using Bytes = std::vector<std::byte>;

Result<Bytes> assemble(std::string_view ptx, const OpenBench& bench, std::string_view name) {
  const Result<std::unique_ptr<cuda::PtxAssembler>> assembler = cuda::open_ptx_assembler();
  if (!assembler) return assembler.error();
  return accepted((*assembler)->assemble(ptx, bench.target()), name);
}

bench::MakeImage image_for(const OpenBench& bench) {
  return [&bench](const bench::Manifest& manifest, std::string_view content) -> Result<Bytes> {
    if (manifest.kind == bench::SourceKind::ptx) return assemble(content, bench, manifest.source);
    if (manifest.kind == bench::SourceKind::cuda) return compile_for(bench)(content, manifest.source);
    const auto bytes = std::as_bytes(std::span(content));
    return Bytes(bytes.begin(), bytes.end());
  };
}

bench::BenchTools tools_of(const OpenBench& bench, const BenchRequest& request) {
  return {.device = *bench.device,
          .nvml = bench.nvml.get(),
          .rotate_bytes = bench::rotated_bytes(bench.limits().l2_bytes),
          .compile = compile_for(bench),
          .with_peer = request.peer};
}

bench::TurnOptions options_of(const BenchRequest& request) { return {.samples = request.samples}; }

/// The row that brings weights into fragment order.
const kernels::Kernel& prepare_row() {
  return *std::ranges::find(kernels::catalogue(), kernels::Operation::prepare_weights, &kernels::Kernel::operation);
}

/// What was measured, or why nothing was.
void conclude(const Result<bench::Measured>& measured, BenchFigure& figure) {
  if (measured) return fill_in(*measured, figure);
  figure.verdict = BenchVerdict::failed;
  figure.why = clean_utf8(measured.error().message);
}

Result<bench::Measured> measure_row(const kernels::Kernel& row, const kernels::Problem& problem, const OpenBench& bench,
                                    const BenchRequest& request, BenchFigure& figure) {
  const kernels::DeviceLimits limits = bench.limits();
  const kernels::Plan plan = row.plan(problem, limits);
  figure.choice = plan.choice;
  const kernels::Plan prepare = prepare_row().plan(problem, limits);
  const bench::Inputs inputs = bench::draw_inputs(problem);
  const bench::BenchTools tools = tools_of(bench, request);
  const auto work = bench::product_workload(plan, &prepare, problem, inputs, compile_for(bench));
  if (!work) return work.error();
  return bench::measure_product(*work, inputs, problem, bench::bounds_of(problem), tools, options_of(request));
}

BenchFigure time_row(const kernels::Kernel& row, std::int64_t tokens, const OpenBench& bench,
                     const BenchRequest& request) {
  const kernels::Problem problem{.m = tokens, .n = request.n, .k = request.k};
  BenchFigure figure{
      .kernel = std::string(row.id), .version = row.version, .m = problem.m, .n = problem.n, .k = problem.k};
  if (const auto why = row.refuses(problem, bench.limits())) {
    figure.verdict = BenchVerdict::refused;
    figure.why = *why;
    return figure;
  }
  conclude(measure_row(row, problem, bench, request, figure), figure);
  return figure;
}

BenchFigure time_own(const bench::Manifest& manifest, const OpenBench& bench, const BenchRequest& request) {
  BenchFigure figure{.kernel = manifest.name, .version = manifest.version};
  if (const auto* claim = std::get_if<bench::ProductClaim>(&manifest.operation)) {
    figure.m = claim->problem.m;
    figure.n = claim->problem.n;
    figure.k = claim->problem.k;
  }
  conclude(bench::measure_own(manifest, image_for(bench), tools_of(bench, request), options_of(request)), figure);
  return figure;
}

void print_figure(const BenchFigure& figure, const std::function<void(std::string_view)>& print) {
  const Result<std::string> line = canonical_json({{"figure", to_json(figure)}});
  print(line ? *line : spelled(Json{{"error", line.error().message}}));
}

}  // namespace

Json to_json(const BenchRequest& request) {
  return {{"driver", request.driver}, {"device", request.device},     {"cache", request.cache},
          {"kernel", request.kernel}, {"manifest", request.manifest}, {"n", request.n},
          {"k", request.k},           {"tokens", request.tokens},     {"samples", request.samples},
          {"peer", request.peer}};
}

Result<BenchRequest> bench_request_from_json(const Json& json) {
  BenchRequest request;
  ObjectReader reader(json, "bench request");
  request.driver = reader.string("driver");
  request.device = reader.string("device");
  request.cache = reader.string("cache");
  request.kernel = reader.string("kernel");
  request.manifest = reader.string("manifest");
  request.n = reader.integer("n", 0, 1 << 20);
  request.k = reader.integer("k", 0, 1 << 20);
  for (const Json& one : reader.array("tokens"))
    if (one.is_number_integer()) request.tokens.push_back(one.get<std::int64_t>());
  request.samples = reader.integer("samples", 1, 10'000);
  request.peer = reader.boolean("peer");
  if (Status read = reader.finish(); !read) return read.error();
  return request;
}

Status serve_bench(const BenchRequest& request, const std::function<void(std::string_view line)>& print) {
  const kernels::Kernel* row = kernels::find_kernel(request.kernel);
  if (row == nullptr && request.manifest.empty()) return Error{fmt::format("no kernel '{}'", request.kernel)};
  std::optional<bench::Manifest> manifest;
  if (!request.manifest.empty()) {
    Result<bench::Manifest> read = bench::read_manifest(request.manifest);
    if (!read) return read.error();
    manifest = *std::move(read);
  }
  const Result<OpenBench> opened = open_bench(request.driver, request.device, request.cache);
  if (!opened) return opened.error();
  if (manifest) print_figure(time_own(*manifest, *opened, request), print);
  for (const std::int64_t tokens : request.tokens)
    if (row != nullptr) print_figure(time_row(*row, tokens, *opened, request), print);
  return ok();
}

Exit run_bench_attempt(Arguments arguments) {
  CLI::App app;
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("bench-attempt"), end)) return end;
  const Result<Json> json = parse_json(read_bench_request(), "bench request", {.bytes = kLongestBenchRequest});
  if (!json) return complain("bench-attempt", json.error(), Exit::usage);
  const Result<BenchRequest> request = bench_request_from_json(*json);
  if (!request) return complain("bench-attempt", request.error(), Exit::usage);
  const Status served = serve_bench(*request, print_line);
  return served ? Exit::done : complain("bench-attempt", served.error(), Exit::environment);
}

}  // namespace assay::cli
