#include "kernels/layers.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernels/artifact/module_name.h"
#include "kernels/fast_stream.h"

namespace assay::kernels {
namespace {

using artifact::Artifact;
using artifact::Checkpoint;
using artifact::QuantizedModule;

/// Last parts of names, as in kernels/artifact/modelopt.h's fusion_group.
struct GatedNames {
  std::string_view gate, up;
};
constexpr std::array kGated = {GatedNames{"gate_proj", "up_proj"}, GatedNames{"w1", "w3"}};

const QuantizedModule* find_module(const Artifact& artifact, std::string_view name) {
  const auto found = std::ranges::lower_bound(artifact.modules, name, {}, &QuantizedModule::name);
  return found != artifact.modules.end() && found->name == name ? &*found : nullptr;
}

bool same_shape(const QuantizedModule& a, const QuantizedModule& b) {
  return a.rows == b.rows && a.columns == b.columns;
}

/// The module that stands beside this one under the other of the two names, if it has the same shape.
const QuantizedModule* partner(const Artifact& artifact, const QuantizedModule& module,
                               std::string_view GatedNames::*mine, std::string_view GatedNames::*other) {
  const auto [parent, last] = artifact::split_module(module.name);
  const auto names = std::ranges::find(kGated, last, mine);
  if (names == kGated.end()) return nullptr;
  const QuantizedModule* found = find_module(artifact, fmt::format("{}{}", parent, (*names).*other));
  return found != nullptr && same_shape(module, *found) ? found : nullptr;
}

Status append(const Checkpoint& checkpoint, artifact::TensorPlace place, std::vector<std::uint8_t>& bytes) {
  const artifact::TensorInfo& tensor = checkpoint.info(place);
  const std::size_t before = bytes.size();
  bytes.resize(before + tensor.bytes());
  return checkpoint.file(place).read(tensor, 0, std::as_writable_bytes(std::span(bytes)).subspan(before));
}

std::int64_t rows_compared(const Problem& problem) {
  const std::int64_t of_share = (problem.n + kRowsOfOneCompared - 1) / kRowsOfOneCompared;
  const std::int64_t of_count = (kFewestCompared + problem.m - 1) / problem.m;
  return std::min(problem.n, std::max(of_share, of_count));
}

}  // namespace

Problem Layer::problem(std::int64_t m) const {
  return {.m = m,
          .n = static_cast<std::int64_t>(members.front()->rows),
          .k = static_cast<std::int64_t>(members.front()->columns),
          .gated = gated()};
}

std::vector<Layer> layers_of(const Artifact& artifact) {
  std::vector<Layer> layers;
  for (const QuantizedModule& module : artifact.modules) {
    const QuantizedModule* up = partner(artifact, module, &GatedNames::gate, &GatedNames::up);
    const QuantizedModule* gate = partner(artifact, module, &GatedNames::up, &GatedNames::gate);
    layers.push_back({.name = module.name, .members = {&module}, .in_pair = up != nullptr || gate != nullptr});
    if (up == nullptr) continue;
    layers.push_back(
        {.name = fmt::format("{}+{}", module.name, artifact::split_module(up->name).last), .members = {&module, up}});
  }
  return layers;
}

gate::Seed layer_seed(std::span<const std::byte> nonce, const Layer& layer, std::int64_t m) {
  return gate::derive_seed(nonce, "layer", layer.name, fmt::format("m{}", m));
}

Result<Inputs> layer_inputs(const Checkpoint& checkpoint, const Layer& layer, std::int64_t m, const gate::Seed& seed) {
  Inputs inputs;
  for (std::size_t i = 0; i < layer.members.size(); ++i) {
    const QuantizedModule& one = *layer.members[i];
    if (Status s = append(checkpoint, one.codes, inputs.codes); !s) return s.error();
    if (Status s = append(checkpoint, one.block_scale, inputs.scales); !s) return s.error();
    inputs.tensor_scale[i] = one.tensor_scale;
  }
  const Problem problem = layer.problem(m);
  inputs.x = wide_activations(m * problem.k, problem.activation, FastStream(seed, "x"));
  return inputs;
}

std::vector<Element> layer_elements(const Problem& problem, const gate::Seed& seed) {
  FastStream stream(seed, "compared");
  const std::int64_t rows = rows_compared(problem);
  std::vector<Element> elements;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t begin = i * problem.n / rows, end = (i + 1) * problem.n / rows;
    const std::int64_t column = begin + stream.below(static_cast<std::uint32_t>(end - begin));
    for (std::int64_t token = 0; token < problem.m; ++token) elements.push_back({.row = token, .column = column});
  }
  return elements;
}

}  // namespace assay::kernels
