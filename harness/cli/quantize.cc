// `assay quantize`: a BF16, F16 or F32 checkpoint in, an NVFP4 artifact that others' loaders read out.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/build_info.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/conversion_report.h"
#include "harness/cli/progress_bar.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "kernels/artifact/finish.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

/// The words of an option with what they mean, the default first.
template <class Meaning>
using Words = std::vector<std::pair<std::string, Meaning>>;

Words<nvfp4::Method> methods() {
  return {{"sweep", nvfp4::Method::sweep}, {"4o6", nvfp4::Method::four_over_six}, {"rtn", nvfp4::Method::rtn}};
}
Words<nvfp4::TensorScale> tensor_scales() {
  return {{"pow2", nvfp4::TensorScale::pow2}, {"amax", nvfp4::TensorScale::amax}};
}
Words<artifact::Algo> algos() { return {{"w4a16", artifact::Algo::w4a16}, {"w4a4", artifact::Algo::w4a4}}; }
Words<artifact::Dialect> dialects() {
  return {{"modelopt", artifact::Dialect::modelopt}, {"compressed-tensors", artifact::Dialect::compressed_tensors}};
}

/// An option that takes one of the words.
template <class Meaning>
void add_choice(CLI::App& app, const std::string& name, std::string& chosen, const Words<Meaning>& words,
                const std::string& help) {
  std::vector<std::string> all;
  for (const auto& [word, meaning] : words) all.push_back(word);
  chosen = all.front();
  app.add_option(name, chosen, help)->check(CLI::IsMember(all))->capture_default_str();
}

template <class Meaning>
Meaning meaning_of(const std::string& chosen, const Words<Meaning>& words) {
  return std::ranges::find(words, chosen, &Words<Meaning>::value_type::first)->second;
}

struct Options {
  std::string source, out, policy;
  std::string method, tensor_scale, algo, format;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  double file_gigabytes = 5;
  bool dry_run = false, json = false, quiet = false;

  artifact::ConvertOptions conversion() const {
    return {.method = meaning_of(method, methods()),
            .tensor_scale = meaning_of(tensor_scale, tensor_scales()),
            .algo = meaning_of(algo, algos()),
            .dialect = meaning_of(format, dialects()),
            .threads = threads,
            .file_bytes = static_cast<std::uint64_t>(file_gigabytes * 1e9)};
  }
};

Result<artifact::Policy> policy_of(const Options& options) {
  if (options.policy.empty()) return artifact::builtin_policy();
  const auto text = read_file(options.policy);
  if (!text) return text.error();
  return artifact::parse_policy(*text, options.policy);
}

bool is_float(artifact::Dtype type) {
  return type == artifact::Dtype::F32 || type == artifact::Dtype::F16 || type == artifact::Dtype::BF16;
}

std::vector<artifact::MasterTensor> tensors_of(const artifact::Checkpoint& master) {
  std::vector<artifact::MasterTensor> tensors;
  for (const artifact::TensorPlace place : master.tensors()) {
    const artifact::TensorInfo& info = master.info(place);
    tensors.push_back({info.name, {info.shape.begin(), info.shape.end()}, is_float(info.dtype)});
  }
  return tensors;
}

/// Masters that a conversion would take and spoil.
Status check_model(const artifact::Checkpoint& master) {
  if (!master.config()) return ok();
  const Json& config = master.config()->value;
  if (config.contains("quantization_config"))
    return Error{"config.json: has a quantization_config: the model is quantised already; name its master"};
  if (config.contains("model_type") && config["model_type"] == "gpt_oss")
    return Error{
        "config.json: model_type gpt_oss: its gate and up lie column by column in one tensor, which this version does "
        "not take apart; split the experts first"};
  return ok();
}

std::optional<std::int64_t> hidden_size(const artifact::Checkpoint& master) {
  if (!master.config() || !master.config()->value.contains("hidden_size")) return std::nullopt;
  const Json& value = master.config()->value["hidden_size"];
  return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

void print(const ConversionReport& report, const Options& options) {
  if (!options.json) {
    fmt::print("{}", to_text(report, columns_of(STDOUT_FILENO, 120), takes_colour(STDOUT_FILENO)));
    return;
  }
  const auto text = pretty_json(to_json(report));
  if (text) fmt::print("{}", *text);
}

void print_plan(const artifact::Plan& plan) {
  for (const artifact::PlannedModule& one : plan.modules)
    fmt::print("quantise  {}  {} x {}  scale of {}\n", one.module, one.source.outputs(), one.source.inputs(),
               one.group);
  for (const artifact::KeptTensor& one : plan.kept)
    fmt::print("leave     {}  {}: {}\n", one.name, one.reason.rule, one.reason.text);
}

/// The last part of the path: "model" of "models/model/" too.
std::string name_of(const fs::path& source) {
  return (source.has_filename() ? source : source.parent_path()).filename().string();
}

/// Texts that lie beside the artifact; loaders look at neither.
std::map<std::string, std::string> reports_of(const ConversionReport& report) {
  std::map<std::string, std::string> files{{"conversion.html", to_page(report)}};
  if (const auto text = pretty_json(to_json(report))) files.emplace("conversion.json", *text);
  return files;
}

Exit convert(const artifact::Checkpoint& master, const artifact::Plan& plan, const std::string& policy,
             const Options& options) {
  ProgressBar bar(options.quiet);
  const artifact::ConvertOptions conversion = options.conversion();
  auto done = artifact::convert_tensors(master, plan, conversion, options.out,
                                        [&](std::uint64_t at, std::uint64_t of) { bar.show(at, of); });
  bar.end();
  if (!done) return complain("quantize", done.error(), guilty(done.error()));
  if (done->files_resumed > 0 && !options.quiet)
    fmt::print(stderr, "assay quantize: {} of {} files were there from a conversion that had been stopped\n",
               done->files_resumed, done->files);
  const ConversionReport report{.source = name_of(options.source),
                                .policy = policy,
                                .tool = fmt::format("assay {}", build_info().version),
                                .method = options.method,
                                .tensor_scale = options.tensor_scale,
                                .algorithm = options.algo,
                                .format = options.format,
                                .conversion = *std::move(done),
                                .kept = plan.kept};
  const Status finished =
      artifact::finish_artifact(master, plan, conversion, build_info().version, reports_of(report), options.out);
  if (!finished) return complain("quantize", finished.error(), guilty(finished.error()));
  print(report, options);
  return Exit::done;
}

}  // namespace

Exit run_quantize(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("SRC", options.source, "The master: a folder with safetensors, or one such file")->required();
  auto* out = app.add_option("-o,--out", options.out, "The artifact's folder, which must not be there yet");
  add_choice(app, "--method", options.method, methods(), "How a block's scale is chosen");
  add_choice(app, "--tensor-scale", options.tensor_scale, tensor_scales(), "A power of two, or amax / 2688 as it is");
  add_choice(app, "--algo", options.algo, algos(), "Weights alone, or with an input scale for activations in FP4");
  add_choice(app, "--format", options.format, dialects(), "Whose names and configuration the artifact has");
  app.add_option("--policy", options.policy,
                 "What is left alone, and why (docs/quantize.md); else the built-in policy");
  app.add_option("--threads", options.threads, "How many at a time")->check(CLI::Range(1u, 1024u));
  app.add_option("--file-size", options.file_gigabytes, "Largest file, in GB")->check(CLI::Range(0.001, 1000.0));
  auto* dry = app.add_flag("--dry-run", options.dry_run, "Print what would become of every tensor, and why");
  app.add_flag("--json", options.json, "The report as JSON on standard output");
  app.add_flag("-q,--quiet", options.quiet, "No progress on standard error");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("quantize"), end)) return end;
  // NaN is between any two numbers.
  if (std::isnan(options.file_gigabytes))
    return complain("quantize", Error{"--file-size: nan is no size"}, Exit::usage);
  if (out->empty() && dry->empty())
    return complain("quantize", Error{"name the artifact's folder with --out, or ask for --dry-run"}, Exit::usage);
  std::error_code unreadable;
  if (!options.out.empty() && fs::exists(options.out, unreadable))
    return complain("quantize", Error{fmt::format("{}: is there already; name a folder that is not", options.out)},
                    Exit::usage);

  const auto policy = policy_of(options);
  if (!policy) return complain("quantize", policy.error(), Exit::usage);
  if (!fs::exists(options.source, unreadable))
    return complain("quantize", Error{fmt::format("{}: no such file or folder", options.source)}, Exit::usage);
  const auto master = artifact::Checkpoint::open(options.source);
  if (!master) return complain("quantize", master.error(), Exit::integrity);
  if (const Status fit = check_model(*master); !fit) return complain("quantize", fit.error(), Exit::integrity);
  const auto plan = artifact::plan_conversion(*policy, tensors_of(*master), hidden_size(*master));
  if (!plan) return complain("quantize", plan.error(), Exit::integrity);
  if (options.dry_run) {
    print_plan(*plan);
    return Exit::done;
  }
  return convert(*master, *plan, policy->id, options);
}

}  // namespace assay::cli
