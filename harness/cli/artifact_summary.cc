#include "harness/cli/artifact_summary.h"

#include <map>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"
#include "kernels/artifact/artifact.h"
#include "kernels/artifact/module_name.h"

namespace assay::cli {
namespace {

using artifact::Checkpoint;
using artifact::QuantizedModule;
using artifact::TensorInfo;

std::string hexadecimal(float value) { return fmt::format("{:a}", value); }

Json module_json(const QuantizedModule& one) {
  Json json{{"module", one.name},
            {"outputs", one.rows},
            {"inputs", one.columns},
            {"tensor_scale", hexadecimal(one.tensor_scale)}};
  if (one.input_scale) json["input_scale"] = hexadecimal(*one.input_scale);
  return json;
}

std::uint64_t bytes_of(const Checkpoint& checkpoint) {
  std::uint64_t bytes = 0;
  for (const artifact::TensorPlace place : checkpoint.tensors()) bytes += checkpoint.info(place).bytes();
  return bytes;
}

}  // namespace

Result<Json> summarize_artifact(const std::string& folder) {
  const auto checkpoint = Checkpoint::open(folder);
  if (!checkpoint) return checkpoint.error();
  const auto artifact = artifact::check_artifact(*checkpoint);
  if (!artifact) return artifact.error();
  Json modules = Json::array(), others = Json::array();
  std::uint64_t weights = 0;
  for (const QuantizedModule& one : artifact->modules) {
    modules.push_back(module_json(one));
    weights += one.rows * one.columns;
  }
  for (const artifact::TensorPlace place : artifact->others) {
    const TensorInfo& info = checkpoint->info(place);
    others.push_back({{"tensor", info.name}, {"dtype", to_string(info.dtype)}, {"shape", info.shape}});
  }
  const artifact::Quantization& told = artifact->quantization;
  return Json{{"schema", "artifact/1"},
              {"format", told.dialect == artifact::Dialect::modelopt ? "modelopt" : "compressed-tensors"},
              {"algorithm", told.algo == artifact::Algo::w4a16 ? "w4a16" : "w4a4"},
              {"excluded", told.excluded},
              {"bytes", bytes_of(*checkpoint)},
              {"quantised_weights", weights},
              {"modules", std::move(modules)},
              {"others", std::move(others)}};
}

std::string artifact_text(const Json& summary, std::size_t columns, bool colour) {
  std::string text = fmt::format(
      "NVFP4 {} in {} layout: {} matrices of {:.1f} M weights, {} other tensors, {:.1f} MB; every rule holds\n\n",
      summary.at("algorithm").get<std::string>(), summary.at("format").get<std::string>(), summary.at("modules").size(),
      summary.at("quantised_weights").get<double>() / 1e6, summary.at("others").size(),
      summary.at("bytes").get<double>() / 1e6);
  // Matrices of one role and one shape are one line: a model has hundreds.
  std::map<std::tuple<std::string, std::uint64_t, std::uint64_t>, std::vector<std::string>> groups;
  for (const Json& one : summary.at("modules")) {
    const std::string name = one.at("module");
    groups[{std::string(artifact::split_module(name).last), one.at("outputs"), one.at("inputs")}].push_back(name);
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto& [key, names] : groups)
    rows.push_back({{std::to_string(names.size())},
                    {fmt::format("{} x {}", std::get<1>(key), std::get<2>(key))},
                    {names.front() + (names.size() > 1 ? ", ..." : "")}});
  return text + table({"matrices", "shape", "module"}, rows, columns, colour);
}

}  // namespace assay::cli
