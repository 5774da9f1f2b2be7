// `assay layer-attempt`: measures layers of an artifact for a parent `assay run --artifact`. The request is on standard
// input.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "harness/cli/bench_child.h"
#include "harness/cli/layer_request.h"
#include "harness/cli/subcommand.h"
#include "kernels/bench/layer.h"
#include "kernels/bench/rotation.h"
#include "kernels/catalogue.h"
#include "kernels/layers.h"

namespace assay::cli {
namespace {

namespace bench = kernels::bench;
using Bytes = std::vector<std::byte>;

/// Layers of one shape have one text: each is compiled once.
bench::Compile remembering(bench::Compile compile) {
  return [compile = std::move(compile), known = std::map<std::string, Bytes, std::less<>>()](
             std::string_view source, std::string_view name) mutable -> Result<Bytes> {
    if (const auto found = known.find(source); found != known.end()) return found->second;
    Result<Bytes> image = compile(source, name);
    if (image) known.emplace(source, *image);
    return image;
  };
}

/// An artifact with its layers and the device that they are measured on.
class LayerServer {
 public:
  static Result<LayerServer> open(const LayerRequest& request, const LayerBench& on) {
    Result<artifact::Checkpoint> checkpoint = artifact::Checkpoint::open(request.artifact);
    if (!checkpoint) return checkpoint.error();
    Result<artifact::Artifact> artifact = artifact::read_artifact(*checkpoint);
    if (!artifact) return artifact.error();
    const Result<Digest> nonce = digest_from_hex(request.nonce);
    if (!nonce) return nonce.error();
    return LayerServer(request, on, *nonce, *std::move(checkpoint), *std::move(artifact));
  }

  Result<LayerFigure> measure(const LayerJob& job) {
    const auto layer = std::ranges::find(layers_, job.layer, &kernels::Layer::name);
    if (layer == layers_.end()) return Error{fmt::format("{}: has no layer '{}'", request_.artifact, job.layer)};
    const kernels::Problem problem = layer->problem(job.m);
    LayerFigure one{.layer = layer->name,
                    .gated = layer->gated(),
                    .in_pair = layer->in_pair,
                    .figure = {.m = problem.m, .n = problem.n, .k = problem.k}};
    const Result<bench::Choice> choice = bench::choose(on_.rows, problem, on_.limits);
    if (choice)
      measure(*layer, job, *choice, one);
    else
      end(BenchVerdict::refused, choice.error(), one);
    return one;
  }

 private:
  LayerServer(const LayerRequest& request, const LayerBench& on, Digest nonce, artifact::Checkpoint checkpoint,
              artifact::Artifact artifact)
      : request_(request),
        on_(on),
        nonce_(nonce),
        checkpoint_(std::move(checkpoint)),
        artifact_(std::move(artifact)),
        layers_(kernels::layers_of(artifact_)) {}

  static void end(BenchVerdict verdict, const Error& why, LayerFigure& one) {
    one.figure.verdict = verdict;
    one.figure.why = clean_utf8(why.message);
  }
  /// A layer whose prepared bytes are wrong is wrong, whatever was made of them.
  static void note_preparation(const bench::Measured& prepared, LayerFigure& one) {
    if (!prepared.why_not.empty()) {
      one.figure.performance.reset();
      return end(BenchVerdict::wrong, Error{"prepared weights: " + prepared.why_not}, one);
    }
    one.prepare_ns = prepared.spread.median;
    one.prepare_read_ns = prepared.plain_read.spread.median;
  }
  void measure(const kernels::Layer& layer, const LayerJob& job, const bench::Choice& choice, LayerFigure& one) {
    one.figure.kernel = std::string(choice.product->id);
    one.figure.version = choice.product->version;
    std::optional<bench::TurnOptions> turns;
    if (job.timed && !timed_.contains(one.shape())) turns = bench::TurnOptions{.samples = request_.samples};
    const Result<bench::LayerOutcome> outcome = bench::measure_layer(
        checkpoint_, layer, job.m, kernels::layer_seed(nonce_, layer, job.m), choice, on_.limits, on_.tools, turns);
    if (!outcome) return end(BenchVerdict::failed, outcome.error(), one);
    one.compared = outcome->compared;
    one.figure.choice = outcome->choice;
    fill_in(outcome->measured, one.figure);
    if (outcome->prepared) note_preparation(*outcome->prepared, one);
    if (one.figure.performance) timed_.insert(one.shape());
  }

  const LayerRequest& request_;
  const LayerBench& on_;
  Digest nonce_;
  artifact::Checkpoint checkpoint_;
  artifact::Artifact artifact_;
  std::vector<kernels::Layer> layers_;  // Of modules whose place a move of their vector does not change.
  std::set<decltype(LayerFigure{}.shape())> timed_;
};

std::vector<const kernels::Kernel*> rows_of(const LayerRequest& request) {
  std::vector<const kernels::Kernel*> rows;
  for (const std::string& id : request.rows)
    if (const kernels::Kernel* row = kernels::find_kernel(id)) rows.push_back(row);
  return rows;
}

Status serve_on_device(const LayerRequest& request) {
  const Result<OpenBench> opened = open_bench(request.driver, request.device, request.cache);
  if (!opened) return opened.error();
  const std::vector<const kernels::Kernel*> rows = rows_of(request);
  const LayerBench on{.limits = opened->limits(),
                      .tools = {.device = *opened->device,
                                .nvml = opened->nvml.get(),
                                .rotate_bytes = bench::rotated_bytes(opened->limits().l2_bytes),
                                .compile = remembering(compile_for(*opened)),
                                .with_peer = false},
                      .rows = rows};
  return serve_layers(request, on, print_line);
}

Json jobs_json(const std::vector<LayerJob>& jobs) {
  Json list = Json::array();
  for (const LayerJob& job : jobs) list.push_back({{"layer", job.layer}, {"m", job.m}, {"timed", job.timed}});
  return list;
}

Result<LayerJob> job_from_json(const Json& json) {
  ObjectReader reader(json, "layer request: job");
  LayerJob job{.layer = reader.string("layer"), .m = reader.integer("m", 1, 1 << 20), .timed = reader.boolean("timed")};
  if (Status read = reader.finish(); !read) return read.error();
  return job;
}

}  // namespace

Json to_json(const LayerRequest& request) {
  return {{"driver", request.driver},     {"device", request.device},       {"cache", request.cache},
          {"artifact", request.artifact}, {"nonce", request.nonce},         {"rows", request.rows},
          {"samples", request.samples},   {"jobs", jobs_json(request.jobs)}};
}

Result<LayerRequest> layer_request_from_json(const Json& json) {
  LayerRequest request;
  ObjectReader reader(json, "layer request");
  request.driver = reader.string("driver");
  request.device = reader.string("device");
  request.cache = reader.string("cache");
  request.artifact = reader.string("artifact");
  request.nonce = reader.sha256("nonce");
  request.samples = reader.integer("samples", 1, 10'000);
  for (const Json& one : reader.array("rows"))
    if (one.is_string()) request.rows.push_back(one.get<std::string>());
  const Json& jobs = reader.array("jobs");
  if (Status read = reader.finish(); !read) return read.error();
  for (const Json& one : jobs) {
    const Result<LayerJob> job = job_from_json(one);
    if (!job) return job.error();
    request.jobs.push_back(*job);
  }
  return request;
}

Status serve_layers(const LayerRequest& request, const LayerBench& on,
                    const std::function<void(std::string_view line)>& print) {
  Result<LayerServer> server = LayerServer::open(request, on);
  if (!server) return server.error();
  for (const LayerJob& job : request.jobs) {
    const Result<LayerFigure> one = server->measure(job);
    if (!one) return one.error();
    const Result<std::string> line = canonical_json({{"layer", to_json(*one)}});
    if (!line) return line.error();
    print(*line);
    if (one->figure.verdict == BenchVerdict::failed) return ok();
  }
  return ok();
}

Exit run_layer_attempt(Arguments arguments) {
  CLI::App app;
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("layer-attempt"), end)) return end;
  const Result<Json> json = parse_json(read_bench_request(), "layer request", {.bytes = kLongestBenchRequest});
  if (!json) return complain("layer-attempt", json.error(), Exit::usage);
  const Result<LayerRequest> request = layer_request_from_json(*json);
  if (!request) return complain("layer-attempt", request.error(), Exit::usage);
  const Status served = serve_on_device(*request);
  return served ? Exit::done : complain("layer-attempt", served.error(), Exit::environment);
}

}  // namespace assay::cli
