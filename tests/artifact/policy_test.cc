// The built-in policy on the module names that real checkpoints have, and every refusal of a policy file.
#include "kernels/artifact/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <fmt/format.h>

namespace assay::artifact {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr std::string_view kQuantised = "quantised";

/// The built-in policy; a test without it must fail by itself.
const Policy& builtin() {
  static const Result<Policy> policy = builtin_policy();
  if (!policy) ADD_FAILURE() << policy.error().message;
  static const Policy none;
  return policy ? *policy : none;
}

std::string fate(const Policy& policy, std::string_view module, const Shape& shape) {
  const std::optional<Reason> reason = why_kept(policy, module, shape);
  return reason ? reason->rule : std::string(kQuantised);
}

/// A module as a real checkpoint names it, the shape of its weight, and the rule that keeps it.
struct Row {
  std::string_view module;
  Shape shape;
  std::string_view fate;
};

void expect_fates(std::span<const Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(fate(builtin(), row.module, row.shape), row.fate) << row.module;
}

// --- The built-in policy, by architecture ---

TEST(BuiltinPolicyTest, Llama) {
  const std::vector<Row> rows = {
      {"model.embed_tokens", {128256, 4096}, "embeddings"},
      {"model.layers.0.input_layernorm", {4096}, "norms"},
      {"model.layers.0.self_attn.q_proj", {4096, 4096}, kQuantised},
      {"model.layers.0.self_attn.k_proj", {1024, 4096}, kQuantised},
      {"model.layers.0.self_attn.v_proj", {1024, 4096}, kQuantised},
      {"model.layers.0.self_attn.o_proj", {4096, 4096}, kQuantised},
      {"model.layers.0.post_attention_layernorm", {4096}, "norms"},
      {"model.layers.0.mlp.gate_proj", {14336, 4096}, kQuantised},
      {"model.layers.0.mlp.up_proj", {14336, 4096}, kQuantised},
      {"model.layers.0.mlp.down_proj", {4096, 14336}, kQuantised},
      {"model.norm", {4096}, "norms"},
      {"lm_head", {128256, 4096}, "head"},
      {"score", {2, 4096}, "head"},  // LlamaForSequenceClassification
      {"language_model.lm_head", {128256, 4096}, "head"},
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, Qwen3Moe) {
  const std::vector<Row> rows = {
      {"model.layers.0.self_attn.q_norm", {128}, "norms"},
      {"model.layers.0.self_attn.k_norm", {128}, "norms"},
      {"model.layers.0.mlp.gate", {128, 2048}, "router"},
      {"model.layers.0.mlp.experts.127.gate_proj", {768, 2048}, kQuantised},
      {"model.layers.0.mlp.experts.127.up_proj", {768, 2048}, kQuantised},
      {"model.layers.0.mlp.experts.127.down_proj", {2048, 768}, kQuantised},
      {"model.layers.0.mlp.shared_expert_gate", {1, 2048}, "router"},  // Qwen2-MoE, Qwen3-Next
      {"model.layers.0.mlp.shared_expert.gate_proj", {512, 2048}, kQuantised},
      {"model.layers.0.linear_attn.in_proj_qkvz", {12288, 2048}, "ssm"},  // Qwen3-Next
      {"model.layers.0.linear_attn.in_proj_ba", {64, 2048}, "ssm"},
      {"model.layers.0.linear_attn.out_proj", {2048, 4096}, "ssm"},
      {"model.layers.0.linear_attn.norm", {128}, "norms"},
      {"mtp.layers.0.mlp.experts.0.up_proj", {512, 2048}, "extra-heads"},
      {"visual.blocks.0.attn.qkv", {3840, 1280}, "extra-heads"},  // Qwen2.5-VL
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, Mixtral) {
  const std::vector<Row> rows = {
      {"model.layers.31.block_sparse_moe.gate", {8, 4096}, "router"},
      {"model.layers.31.block_sparse_moe.experts.7.w1", {14336, 4096}, kQuantised},
      {"model.layers.31.block_sparse_moe.experts.7.w2", {4096, 14336}, kQuantised},
      {"model.layers.31.block_sparse_moe.experts.7.w3", {14336, 4096}, kQuantised},
      {"model.layers.0.feed_forward.router", {16, 5120}, "router"},  // Llama 4
      {"model.layers.0.mlp.router", {32, 2880}, "router"},           // gpt-oss
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, DeepSeekV3) {
  const std::vector<Row> rows = {
      {"model.layers.0.self_attn.q_a_proj", {1536, 7168}, kQuantised},
      {"model.layers.0.self_attn.q_a_layernorm", {1536}, "norms"},
      {"model.layers.0.self_attn.q_b_proj", {24576, 1536}, kQuantised},
      {"model.layers.0.self_attn.kv_a_proj_with_mqa", {576, 7168}, kQuantised},
      {"model.layers.0.self_attn.kv_a_layernorm", {512}, "norms"},
      {"model.layers.0.self_attn.kv_b_proj", {32768, 512}, kQuantised},
      {"model.layers.0.self_attn.o_proj", {7168, 16384}, kQuantised},
      {"model.layers.3.mlp.gate", {256, 7168}, "router"},
      {"model.layers.3.mlp.gate.e_score_correction_bias", {256}, "vector"},
      {"model.layers.3.mlp.experts.255.down_proj", {7168, 2048}, kQuantised},
      {"model.layers.3.mlp.shared_experts.gate_proj", {2048, 7168}, kQuantised},
      {"model.layers.61.eh_proj", {7168, 14336}, "extra-heads"},
      {"model.layers.61.enorm", {7168}, "norms"},
      {"model.layers.61.hnorm", {7168}, "norms"},
      {"model.layers.61.embed_tokens", {129280, 7168}, "embeddings"},
      {"model.layers.61.shared_head.norm", {7168}, "norms"},
      {"model.layers.61.shared_head.head", {129280, 7168}, "head"},
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, SparseAttentionIndexer) {
  const std::vector<Row> rows = {
      {"model.layers.0.self_attn.indexer.wq_b", {8192, 1536}, "indexer"},  // DeepSeek-V3.2
      {"model.layers.0.self_attn.indexer.wk", {128, 7168}, "indexer"},
      {"model.layers.0.self_attn.indexer.weights_proj", {64, 7168}, "indexer"},
      {"model.layers.0.self_attn.weights_proj", {64, 7168}, "indexer"},
      {"model.layers.0.self_attn.indexer.k_norm", {128}, "norms"},
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, MambaHybrids) {
  const std::vector<Row> rows = {
      {"backbone.embeddings", {131072, 4480}, "embeddings"},  // Nemotron-H
      {"backbone.layers.0.norm", {4480}, "norms"},
      {"backbone.layers.0.mixer.in_proj", {22656, 4480}, "ssm"},
      {"backbone.layers.0.mixer.out_proj", {4480, 10240}, "ssm"},
      {"backbone.layers.0.mixer.conv1d", {12288, 1, 4}, "ssm"},
      {"backbone.layers.0.mixer.A_log", {128}, "ssm"},
      {"backbone.layers.0.mixer.D", {128}, "vector"},
      {"backbone.layers.0.mixer.dt_bias", {128}, "vector"},
      {"backbone.layers.0.mixer.norm", {10240}, "norms"},
      {"backbone.layers.1.mixer.up_proj", {15680, 4480}, kQuantised},
      {"backbone.layers.1.mixer.down_proj", {4480, 15680}, kQuantised},
      {"backbone.layers.14.mixer.q_proj", {5120, 4480}, kQuantised},
      {"backbone.layers.14.mixer.o_proj", {4480, 5120}, kQuantised},
      {"backbone.layers.1.mixer.gate", {128, 2688}, "router"},  // Nemotron-3
      {"backbone.layers.1.mixer.experts.0.up_proj", {1856, 2688}, kQuantised},
      {"backbone.layers.1.mixer.shared_experts.down_proj", {2688, 3712}, kQuantised},
      {"backbone.norm_f", {4480}, "norms"},
      {"model.layers.0.mamba.in_proj", {16384, 4096}, "ssm"},  // Jamba, Bamba, Falcon-H1
      {"model.layers.0.mamba.x_proj", {288, 8192}, "ssm"},
      {"model.layers.0.mamba.dt_proj", {8192, 256}, "ssm"},
      {"model.layers.0.mamba.dt_layernorm", {256}, "norms"},
      {"model.layers.0.ssm.in_proj", {4096, 4096}, "ssm"},
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, BertAndMiniLm) {
  const std::vector<Row> rows = {
      {"embeddings.word_embeddings", {30522, 384}, "embeddings"},
      {"embeddings.position_embeddings", {512, 384}, "embeddings"},
      {"embeddings.token_type_embeddings", {2, 384}, "embeddings"},
      {"embeddings.LayerNorm", {384}, "embeddings"},
      {"encoder.layer.0.attention.self.query", {384, 384}, kQuantised},
      {"encoder.layer.0.attention.self.key", {384, 384}, kQuantised},
      {"encoder.layer.0.attention.self.value", {384, 384}, kQuantised},
      {"encoder.layer.0.attention.output.dense", {384, 384}, kQuantised},
      {"encoder.layer.0.attention.output.LayerNorm", {384}, "norms"},
      {"encoder.layer.0.intermediate.dense", {1536, 384}, kQuantised},
      {"encoder.layer.0.output.dense", {384, 1536}, kQuantised},
      {"pooler.dense", {384, 384}, "head"},
      {"classifier", {3, 768}, "head"},
      {"classifier.out_proj", {3, 768}, "head"},  // RoBERTa
  };
  expect_fates(rows);
}

TEST(BuiltinPolicyTest, OlderNames) {
  const std::vector<Row> rows = {
      {"transformer.wte", {50257, 768}, "embeddings"},  // GPT-2
      {"transformer.wpe", {1024, 768}, "embeddings"},
      {"transformer.h.0.ln_1", {768}, "norms"},
      {"transformer.ln_f", {768}, "norms"},
      {"ln_f", {768}, "norms"},
      {"transformer.output_layer", {65024, 4096}, "head"},  // ChatGLM
      {"embed_out", {50432, 6144}, "embeddings"},           // GPT-NeoX: its name is of both rules, and the first counts
      {"proj_out", {51866, 1280}, "head"},                  // Whisper
      {"model.layers.0.mlp.experts.w1", {8, 128, 128}, "dimensions"},
  };
  expect_fates(rows);
}

/// Names that hold a word of a rule without being what the rule means.
TEST(BuiltinPolicyTest, NamesThatOnlyLookAlike) {
  const std::vector<Row> rows = {
      {"model.layers.0.mlp.gate_proj", {256, 256}, kQuantised},
      {"model.layers.0.mlp.gate_up_proj", {256, 256}, kQuantised},
      {"model.layers.0.mixer.q_proj", {256, 256}, kQuantised},
      {"model.layers.0.self_attn.out_proj", {256, 256}, kQuantised},
      {"model.layers.0.self_attn.in_proj", {256, 256}, kQuantised},
      {"gate", {256, 256}, kQuantised},
  };
  expect_fates(rows);
}

/// Whether a kept matrix is a Linear's: exclusion lists name those.
TEST(BuiltinPolicyTest, TablesAndNormsAreNoLinears) {
  const auto linear = [](std::string_view module) { return why_kept(builtin(), module, Shape{256, 256})->linear; };
  for (const char* module : {"model.embed_tokens", "model.norm"}) EXPECT_FALSE(linear(module)) << module;
  for (const char* module : {"lm_head", "model.layers.0.mlp.gate", "model.layers.0.mamba.in_proj",
                             "model.layers.0.self_attn.indexer.wk", "visual.blocks.0.attn.qkv"})
    EXPECT_TRUE(linear(module)) << module;
  EXPECT_TRUE(why_kept(builtin(), "x", Shape{64, 64})->linear);
  EXPECT_FALSE(why_kept(builtin(), "x", Shape{64})->linear);
}

/// A rule that no name above meets would be a rule that no test holds.
TEST(BuiltinPolicyTest, HoldsTheseRulesAndNoOthers) {
  std::vector<std::string> ids;
  for (const KeepRule& rule : builtin().keep) ids.push_back(rule.id);
  EXPECT_THAT(ids, ::testing::ElementsAre("embeddings", "head", "norms", "router", "ssm", "indexer", "extra-heads"));
  EXPECT_EQ(builtin().id, "default");
  EXPECT_EQ(builtin().shape.k_multiple, 64);
  EXPECT_EQ(builtin().shape.n_multiple, 32);
  EXPECT_EQ(builtin().shape.smallest_side, 128);
}

// --- Shapes ---

TEST(WhyKeptTest, NamesTheShapeRule) {
  const auto text = [](const Shape& shape) {
    const auto reason = why_kept(builtin(), "layers.0.dense", shape);
    return reason ? fmt::format("{}: {}", reason->rule, reason->text) : std::string(kQuantised);
  };
  EXPECT_EQ(text({128, 128}), kQuantised);
  EXPECT_EQ(text({}), "vector: it has one dimension, so it is no matrix");
  EXPECT_EQ(text({4096}), "vector: it has one dimension, so it is no matrix");
  EXPECT_EQ(text({8, 256, 256}), "dimensions: it has 3 dimensions, so it is no matrix");
  EXPECT_EQ(text({256, 200}), "shape: K = 200 is not whole blocks of 16");
  EXPECT_EQ(text({256, 208}), "shape: K = 208 is no multiple of 64");
  EXPECT_EQ(text({144, 256}), "shape: N = 144 is no multiple of 32");
  EXPECT_EQ(text({96, 256}), "shape: 96 x 256 is small: a side is below 128");
  EXPECT_EQ(text({256, 64}), "shape: 256 x 64 is small: a side is below 128");
  EXPECT_EQ(text({256, 0}), "shape: 256 x 0 is small: a side is below 128");
}

/// The first rule of the list counts, and names before shapes.
TEST(WhyKeptTest, NamesComeBeforeShapes) {
  EXPECT_EQ(fate(builtin(), "model.embed_tokens", {7}), "embeddings");
  EXPECT_EQ(fate(builtin(), "lm_head", {2, 3, 4}), "head");
}

TEST(FusionGroupTest, IsTheSetBelowOneParent) {
  const auto group = [](std::string_view module) { return fusion_group(builtin(), module); };
  for (const char* last : {"q_proj", "k_proj", "v_proj"})
    EXPECT_EQ(group(fmt::format("m.0.self_attn.{}", last)), "m.0.self_attn.q_proj+k_proj+v_proj");
  for (const char* last : {"query", "key", "value"})
    EXPECT_EQ(group(fmt::format("l.0.attention.self.{}", last)), "l.0.attention.self.query+key+value");
  for (const char* last : {"gate_proj", "up_proj"})
    EXPECT_EQ(group(fmt::format("m.0.mlp.experts.3.{}", last)), "m.0.mlp.experts.3.gate_proj+up_proj");
  for (const char* last : {"w1", "w3"}) EXPECT_EQ(group(fmt::format("e.3.{}", last)), "e.3.w1+w3");
  for (const char* last : {"q_a_proj", "kv_a_proj_with_mqa"})
    EXPECT_EQ(group(fmt::format("a.{}", last)), "a.q_a_proj+kv_a_proj_with_mqa");
  for (const char* alone : {"m.0.self_attn.o_proj", "e.3.w2", "m.0.mlp.down_proj", "a.q_b_proj", "q_proj_2"})
    EXPECT_EQ(group(alone), alone);
  EXPECT_EQ(group("up_proj"), "gate_proj+up_proj");
}

// --- The parser ---

constexpr std::string_view kShape = R"("shape":{"k_multiple":64,"n_multiple":32,"smallest_side":128})";

std::string refusal(std::string_view text) {
  const Result<Policy> policy = parse_policy(text, "p.json");
  return policy ? "accepted" : policy.error().message;
}

/// A policy with this list of rules and this one of fused sets.
std::string refusal(std::string_view keep, std::string_view fused) {
  return refusal(
      fmt::format(R"({{"schema":"quantization-policy/1","id":"x","keep":{},{},"fused":{}}})", keep, kShape, fused));
}
std::string refusal_of_rule(std::string_view fields) { return refusal(fmt::format("[{{{}}}]", fields), "[]"); }
std::string refusal_of_shape(std::string_view fields) {
  return refusal(
      fmt::format(R"({{"schema":"quantization-policy/1","id":"x","keep":[],"shape":{{{}}},"fused":[]}})", fields));
}

TEST(ParsePolicyTest, ReadsAWholeOne) {
  const Result<Policy> policy = parse_policy(
      R"({"schema":"quantization-policy/1","id":"mine","keep":[)"
      R"({"id":"a","modules":["*.x","y"],"reason":"because"},{"id":"b","linear":false,"modules":["z"],"reason":"so"}],)"
      R"("shape":{"k_multiple":16,"n_multiple":8,"smallest_side":4},"fused":[["l","r"]]})",
      "p.json");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->id, "mine");
  ASSERT_EQ(policy->keep.size(), 2u);
  EXPECT_EQ(policy->keep[0].modules, (std::vector<std::string>{"*.x", "y"}));
  EXPECT_TRUE(policy->keep[0].linear);
  EXPECT_FALSE(policy->keep[1].linear);
  EXPECT_EQ(policy->keep[1].reason, "so");
  EXPECT_EQ(policy->fused, (std::vector<std::vector<std::string>>{{"l", "r"}}));
  EXPECT_EQ(fate(*policy, "m.x", {16, 16}), "a");
  EXPECT_EQ(fate(*policy, "m.y", {16, 16}), kQuantised);  // a pattern is of the whole name
  EXPECT_EQ(fate(*policy, "m.w", {8, 16}), kQuantised);
  EXPECT_EQ(fate(*policy, "m.w", {12, 16}), "shape");
}

TEST(ParsePolicyTest, RefusesAWrongWhole) {
  EXPECT_EQ(refusal("{"), "p.json:1:2 (offset 1): not JSON: the text ends too early");
  EXPECT_EQ(refusal("[]"), "p.json: expected an object, found array");
  EXPECT_EQ(refusal("{}"), "p.json: field 'schema': missing");
  EXPECT_EQ(refusal(R"({"schema":"quantization-policy/2"})"), "p.json: field 'schema': must be quantization-policy/1");
  EXPECT_EQ(refusal(R"({"schema":"quantization-policy/1"})"), "p.json: field 'id': missing");
  EXPECT_EQ(refusal(R"({"schema":"quantization-policy/1","id":"x","keep":{}})"),
            "p.json: field 'keep': expected array, found object");
  EXPECT_EQ(refusal(R"({"schema":"quantization-policy/1","id":"x","keep":[]})"), "p.json: field 'shape': missing");
  EXPECT_EQ(refusal(fmt::format(R"({{"schema":"quantization-policy/1","id":"x","keep":[],{}}})", kShape)),
            "p.json: field 'fused': missing");
  EXPECT_EQ(
      refusal(fmt::format(R"({{"schema":"quantization-policy/1","id":"x","keep":[],{},"fused":[],"also":1}})", kShape)),
      "p.json: field 'also': unknown");
}

TEST(ParsePolicyTest, RefusesAWrongRule) {
  EXPECT_EQ(refusal("[1]", "[]"), "p.json: keep[0]: expected an object, found number");
  EXPECT_EQ(refusal_of_rule(R"("modules":["a"],"reason":"r")"), "p.json: keep[0]: field 'id': missing");
  EXPECT_EQ(refusal_of_rule(R"("id":"","modules":["a"],"reason":"r")"),
            "p.json: keep[0]: field 'id': must not be empty");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":["a"])"), "p.json: keep[0]: field 'reason': missing");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":["a"],"reason":"")"),
            "p.json: keep[0]: field 'reason': must not be empty: whoever reads the report asks why");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":["a"],"reason":"r","linear":1)"),
            "p.json: keep[0]: field 'linear': expected boolean, found number");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":"a","reason":"r")"),
            "p.json: keep[0]: field 'modules': expected array, found string");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":[],"reason":"r")"), "p.json: keep[0].modules: must not be empty");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":["a",""],"reason":"r")"),
            "p.json: keep[0].modules: each must be a string that is not empty");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":[1],"reason":"r")"),
            "p.json: keep[0].modules: each must be a string that is not empty");
  EXPECT_EQ(refusal_of_rule(R"("id":"a","modules":["a"],"reason":"r","why":"")"),
            "p.json: keep[0]: field 'why': unknown");
  EXPECT_EQ(refusal(R"([{"id":"a","modules":["a"],"reason":"r"},{"id":"a","modules":["b"],"reason":"s"}])", "[]"),
            "p.json: the rule 'a' is there twice");
}

TEST(ParsePolicyTest, RefusesAWrongShape) {
  EXPECT_EQ(refusal_of_shape(""), "p.json: shape: field 'k_multiple': missing");
  EXPECT_EQ(refusal_of_shape(R"("k_multiple":24,"n_multiple":1,"smallest_side":1)"),
            "p.json: shape: field 'k_multiple': must be a multiple of 16, the block");
  EXPECT_EQ(refusal_of_shape(R"("k_multiple":0,"n_multiple":1,"smallest_side":1)"),
            "p.json: shape: field 'k_multiple': 0 is not in 16 to 9223372036854775807");
  EXPECT_EQ(refusal_of_shape(R"("k_multiple":16,"n_multiple":0,"smallest_side":1)"),
            "p.json: shape: field 'n_multiple': 0 is not in 1 to 9223372036854775807");
  EXPECT_EQ(refusal_of_shape(R"("k_multiple":16,"n_multiple":1,"smallest_side":-1)"),
            "p.json: shape: field 'smallest_side': -1 is not in 1 to 9223372036854775807");
  EXPECT_EQ(refusal_of_shape(R"("k_multiple":16,"n_multiple":1,"smallest_side":1,"depth":2)"),
            "p.json: shape: field 'depth': unknown");
}

TEST(ParsePolicyTest, RefusesAWrongFusedSet) {
  EXPECT_EQ(refusal("[]", R"(["q"])"), "p.json: fused[0]: must be an array");
  EXPECT_EQ(refusal("[]", "[[]]"), "p.json: fused[0]: must not be empty");
  EXPECT_EQ(refusal("[]", R"([["q",""]])"), "p.json: fused[0]: each must be a string that is not empty");
  EXPECT_EQ(refusal("[]", R"([["q","k"],["k","v"]])"), "p.json: fused[1]: 'k' is in two fused sets, or in one twice");
  EXPECT_EQ(refusal("[]", R"([["q","q"]])"), "p.json: fused[0]: 'q' is in two fused sets, or in one twice");
  EXPECT_EQ(refusal("[]", "[]"), "accepted");
}

}  // namespace
}  // namespace assay::artifact
