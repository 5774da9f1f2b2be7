#include "kernels/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "harness/base/file_system.h"
#include "tests/artifact/model.h"

namespace assay::kernels {
namespace {

using ::testing::ElementsAre;

/// An artifact in a folder of its own, read.
struct Opened {
  explicit Opened(const artifact::Model& model) {
    artifact::write(model, folder.path());
    checkpoint.emplace(*artifact::Checkpoint::open(folder.path()));
    read = *artifact::check_artifact(*checkpoint);
  }
  TemporaryFolder folder;
  std::optional<artifact::Checkpoint> checkpoint;
  artifact::Artifact read;
};

/// Attention, and a gate and an up matrix of which every byte is known.
artifact::Model small() {
  artifact::Model model;
  for (const char* name : {"l.q_proj", "l.w1", "l.w3"}) model.add_module(name, 4, 32);
  const auto count_up = [&model](const std::string& name, int from) {
    for (std::byte& byte : model.tensors[name].bytes) byte = static_cast<std::byte>(from++);
  };
  count_up("l.w1.weight", 0);
  count_up("l.w3.weight", 100);
  count_up("l.w1.weight_scale", 1);
  count_up("l.w3.weight_scale", 50);
  return model;
}

gate::Seed seed() { return gate::derive_seed({}, "layers", "test"); }

TEST(LayersTest, EveryModuleAloneAndAPairBehindItsGate) {
  const Opened opened(artifact::good());
  std::vector<std::string> names, in_pairs;
  for (const Layer& layer : layers_of(opened.read)) {
    if (!layer.name.starts_with("l.mlp.experts.0") && !layer.name.starts_with("l.attn")) continue;
    names.push_back(layer.name);
    if (layer.in_pair) in_pairs.push_back(layer.name);
    EXPECT_EQ(layer.gated(), layer.name.find('+') != std::string::npos);
  }
  EXPECT_THAT(names,
              ElementsAre("l.attn.k_proj", "l.attn.q_proj", "l.attn.v_proj", "l.mlp.experts.0.down_proj",
                          "l.mlp.experts.0.gate_proj", "l.mlp.experts.0.gate_proj+up_proj", "l.mlp.experts.0.up_proj"));
  EXPECT_THAT(in_pairs, ElementsAre("l.mlp.experts.0.gate_proj", "l.mlp.experts.0.up_proj"));
}

TEST(LayersTest, UnequalShapesAreNoPair) {
  artifact::Model model = small();
  model.add_module("l.w3", 8, 32);
  const Opened opened(model);
  for (const Layer& layer : layers_of(opened.read)) {
    EXPECT_FALSE(layer.gated()) << layer.name;
    EXPECT_FALSE(layer.in_pair) << layer.name;
  }
}

TEST(LayersTest, APairHasTheBytesOfBothTheGateFirst) {
  const Opened opened(small());
  const std::vector<Layer> layers = layers_of(opened.read);
  const auto pair = std::ranges::find(layers, "l.w1+w3", &Layer::name);
  ASSERT_NE(pair, layers.end());
  const Problem problem = pair->problem(3);
  EXPECT_EQ(problem.n, 4);
  EXPECT_EQ(problem.k, 32);
  EXPECT_TRUE(problem.gated);
  const auto inputs = layer_inputs(*opened.checkpoint, *pair, 3, seed());
  ASSERT_TRUE(inputs) << inputs.error().message;
  std::vector<std::uint8_t> gate(64), up(64);
  std::iota(gate.begin(), gate.end(), std::uint8_t{0});
  std::iota(up.begin(), up.end(), std::uint8_t{100});
  gate.insert(gate.end(), up.begin(), up.end());
  EXPECT_EQ(inputs->codes, gate);
  EXPECT_THAT(inputs->scales, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 50, 51, 52, 53, 54, 55, 56, 57));
  EXPECT_THAT(inputs->tensor_scale, ElementsAre(0.25f, 0.25f));
  EXPECT_EQ(inputs->x.size(), 3U * 32);
}

TEST(LayersTest, ActivationsAreTheChallengesAndAnotherLayersAreOthers) {
  const Opened opened(small());
  const std::vector<Layer> layers = layers_of(opened.read);
  std::set<std::vector<std::uint16_t>> drawn;
  for (const char* nonce : {"a", "b"})
    for (const Layer& layer : layers) {
      const gate::Seed own = layer_seed(std::as_bytes(std::span(nonce, 1)), layer, 2);
      const auto inputs = layer_inputs(*opened.checkpoint, layer, 2, own);
      ASSERT_TRUE(inputs);
      EXPECT_EQ(inputs->x, layer_inputs(*opened.checkpoint, layer, 2, own)->x);
      drawn.insert(inputs->x);
    }
  EXPECT_EQ(drawn.size(), 2 * layers.size());
}

TEST(LayersTest, AFileThatWasCutIsAnError) {
  const Opened opened(small());
  std::filesystem::resize_file(opened.folder.path() / "model.safetensors", 64);
  const auto inputs = layer_inputs(*opened.checkpoint, layers_of(opened.read).front(), 1, seed());
  ASSERT_FALSE(inputs);
  EXPECT_THAT(inputs.error().message, ::testing::HasSubstr("model.safetensors"));
}

TEST(LayersTest, AllTokensOfAShareOfTheRowsAreCompared) {
  for (const Problem problem : {Problem{.m = 1, .n = 40960, .k = 16}, Problem{.m = 16, .n = 4096, .k = 16},
                                Problem{.m = 3, .n = 100, .k = 16}}) {
    const std::vector<Element> elements = layer_elements(problem, seed());
    std::set<std::int64_t> columns;
    for (const Element& one : elements) columns.insert(one.column);
    EXPECT_EQ(std::ssize(elements), std::ssize(columns) * problem.m);
    EXPECT_GE(std::ssize(elements), std::min(problem.m * problem.n, kFewestCompared));
    EXPECT_GE(std::ssize(columns) * kRowsOfOneCompared, problem.n);
    EXPECT_LT(*columns.rbegin(), problem.n);
    EXPECT_TRUE(std::ranges::is_sorted(elements, {}, &Element::column));
    // No stretch without one: two neighbours are never further apart than two stretches.
    std::int64_t before = -1;
    const std::int64_t stretch = (problem.n + std::ssize(columns) - 1) / std::ssize(columns);
    for (const std::int64_t column : columns) {
      EXPECT_LE(column - before, 2 * stretch);
      before = column;
    }
  }
  EXPECT_NE(layer_elements({.m = 1, .n = 40960, .k = 16}, seed()).front().column,
            layer_elements({.m = 1, .n = 40960, .k = 16}, gate::derive_seed({}, "another", "test")).front().column);
}

TEST(LayersTest, OfASmallLayerEveryElementIsCompared) {
  EXPECT_EQ(layer_elements({.m = 2, .n = 300, .k = 16}, seed()).size(), 600U);
}

}  // namespace
}  // namespace assay::kernels
