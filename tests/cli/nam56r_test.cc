// A hybrid of every kind of layer, in the shapes of a model that is trained (scripts/make-nam56r): what becomes of each
// of its tensors, that every rule of the built-in policy is met, and a conversion of it there and back.
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "kernels/artifact/policy.h"
#include "tests/artifact/masters.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using artifact::files_below;
using Fates = std::map<std::string, std::string>;

const std::string kQuantised = "quantised";

class Nam56rTest : public ProcessTest {
 protected:
  void make(const std::string& folder, std::vector<std::string> more) {
    test::Sandbox scripts(ASSAY_SOURCE_DIR "/scripts/make-nam56r");
    more.insert(more.begin(), at(folder));
    const Ended ended = scripts.run(more);
    ASSERT_EQ(ended.code, 0) << ended.err;
  }
  /// What a dry run says: modules that are quantised, and the rule that keeps each other tensor.
  Fates fates_of(const std::string& folder) {
    const Ended ended = assay({"quantize", at(folder), "--dry-run"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    Fates fates;
    std::istringstream lines(ended.out);
    for (std::string verb, name, rule, rest; lines >> verb >> name >> rule && std::getline(lines, rest);)
      fates[verb == "leave" ? name : name + ".weight"] = verb == "leave" ? rule.substr(0, rule.find(':')) : kQuantised;
    return fates;
  }
};

/// The fate of a gated MLP's three matrices.
void add_mlp(Fates& fates, const std::string& prefix, const std::string& fate) {
  for (const char* last : {"gate_proj", "up_proj", "down_proj"}) fates[prefix + "." + last + ".weight"] = fate;
}

/// What is the same in every size, as matrices of these kinds stay for what they are.
Fates kept_by_name() {
  Fates fates{{"model.embed_tokens.weight", "embeddings"},
              {"lm_head.weight", "head"},
              {"model.norm.weight", "norms"},
              {"model.mtp.eh_proj.weight", "extra-heads"}};
  for (int layer = 0; layer < 4; ++layer) fates[fmt::format("model.layers.{}.input_layernorm.weight", layer)] = "norms";
  const std::string attention = "model.layers.0.", mamba = "model.layers.1.mamba.", experts = "model.layers.2.mlp.",
                    latent = "model.layers.3.self_attn.";
  fates[attention + "post_attention_layernorm.weight"] = "norms";
  fates[attention + "self_attn.q_proj.bias"] = "bias";
  for (const char* name : {"in_proj.weight", "out_proj.weight", "conv1d.weight", "A_log", "D", "dt_bias"})
    fates[mamba + name] = "ssm";
  fates[mamba + "conv1d.bias"] = "bias";
  fates[mamba + "norm.weight"] = "norms";
  fates[experts + "gate.weight"] = "router";
  fates[experts + "gate.e_score_correction_bias"] = "vector";
  fates[experts + "shared_expert_gate.weight"] = "router";
  for (const char* name : {"q_a_layernorm.weight", "kv_a_layernorm.weight", "indexer.k_norm.weight"})
    fates[latent + name] = "norms";
  for (const char* name : {"wq_b", "wk", "weights_proj"})
    fates[fmt::format("{}indexer.{}.weight", latent, name)] = "indexer";
  return fates;
}

/// At its own size all large matrices are quantised; the latent ranks of 64 are below the size that pays.
TEST_F(Nam56rTest, EveryTensorHasItsFate) {
  make("master", {"--zeros"});
  Fates expected = kept_by_name();
  for (const char* last : {"q_proj", "k_proj", "v_proj", "o_proj"})
    expected[fmt::format("model.layers.0.self_attn.{}.weight", last)] = kQuantised;
  add_mlp(expected, "model.layers.0.mlp", kQuantised);
  for (int expert = 0; expert < 16; ++expert)
    add_mlp(expected, fmt::format("model.layers.2.mlp.experts.{}", expert), kQuantised);
  add_mlp(expected, "model.layers.2.mlp.shared_expert", kQuantised);
  const std::string latent = "model.layers.3.self_attn.";
  for (const char* last : {"q_a_proj", "q_b_proj", "kv_b_proj"}) expected[latent + last + ".weight"] = "shape";
  expected[latent + "kv_a_proj_with_mqa.weight"] = "fused";  // of 128 outputs, but served with q_a_proj, of 64
  expected[latent + "o_proj.weight"] = kQuantised;
  EXPECT_EQ(fates_of("master"), expected);

  std::set<std::string> met;
  for (const auto& [tensor, fate] : expected) met.insert(fate);
  const Result<artifact::Policy> policy = artifact::builtin_policy();
  ASSERT_TRUE(policy);
  for (const artifact::KeepRule& rule : policy->keep) EXPECT_TRUE(met.contains(rule.id)) << rule.id;
  for (const char* rule : {"shape", "fused", "vector", "bias"}) EXPECT_TRUE(met.contains(rule)) << rule;
}

/// At an eighth k and v are below the size that pays, and q with them; so are the experts.
TEST_F(Nam56rTest, IsConvertedAtAnEighthThereAndBack) {
  make("master", {"--scale", "1/8"});
  Fates expected = kept_by_name();
  for (const char* last : {"k_proj", "v_proj"})
    expected[fmt::format("model.layers.0.self_attn.{}.weight", last)] = "shape";
  expected["model.layers.0.self_attn.q_proj.weight"] = "fused";
  expected["model.layers.0.self_attn.o_proj.weight"] = kQuantised;
  add_mlp(expected, "model.layers.0.mlp", kQuantised);
  for (int expert = 0; expert < 16; ++expert)
    add_mlp(expected, fmt::format("model.layers.2.mlp.experts.{}", expert), "shape");
  add_mlp(expected, "model.layers.2.mlp.shared_expert", kQuantised);
  for (const char* last : {"q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj"})
    expected[fmt::format("model.layers.3.self_attn.{}.weight", last)] = "shape";
  expected["model.layers.3.self_attn.o_proj.weight"] = kQuantised;
  EXPECT_EQ(fates_of("master"), expected);

  ASSERT_EQ(assay({"quantize", at("master"), "-o", at("nvfp4")}).code, 0);
  ASSERT_EQ(assay({"dequantize", at("nvfp4"), "-o", at("back")}).code, 0);
  const Result<artifact::Checkpoint> before = artifact::Checkpoint::open(at("master")),
                                     after = artifact::Checkpoint::open(at("back"));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->tensors().size(), expected.size());
  for (const artifact::TensorPlace place : before->tensors()) {
    const artifact::TensorInfo& info = before->info(place);
    const auto found = after->find(info.name);
    ASSERT_TRUE(found) << info.name;
    std::vector<std::byte> was(info.bytes()), is(info.bytes());
    ASSERT_TRUE(before->file(place).read(info, 0, was));
    ASSERT_TRUE(after->file(*found).read(after->info(*found), 0, is));
    EXPECT_EQ(was == is, expected.at(info.name) != kQuantised) << info.name;
  }
}

TEST_F(Nam56rTest, IsTheSameEveryTime) {
  make("one", {"--scale", "1/16"});
  make("two", {"--scale", "1/16"});
  make("other", {"--scale", "1/16", "--seed", "2"});
  EXPECT_TRUE(files_below(at("one")) == files_below(at("two")));
  EXPECT_FALSE(files_below(at("one")) == files_below(at("other")));
}

}  // namespace
}  // namespace assay::cli
