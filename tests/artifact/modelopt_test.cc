#include "kernels/artifact/modelopt.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/message.h"

namespace assay::artifact {
namespace {

using test::message;

std::string text_or_refusal(const Result<std::string>& text) { return text ? *text : text.error().message; }

JsonFile json_file(std::string text) {
  Result<JsonFile> file = parse_config(std::move(text), "f");
  if (!file) ADD_FAILURE() << file.error().message;
  return file ? *std::move(file) : JsonFile{};
}

const Quantization kW4a16 = {.excluded = {"lm_head", "model.layers.0.mlp.gate"}};
const Quantization kW4a4 = {.algo = Algo::w4a4, .fp8_kv_cache = true, .excluded = {"lm_head"}};

Quantization compressed(Quantization q) {
  q.dialect = Dialect::compressed_tensors;
  return q;
}

// --- Names ---

TEST(NamesTest, EachDialectHasItsOwn) {
  const auto names = [](Dialect dialect) {
    std::string line;
    for (const Part part : {Part::codes, Part::block_scale, Part::tensor_scale, Part::input_scale})
      line += tensor_name(dialect, "m.q_proj", part) + " ";
    return line;
  };
  EXPECT_EQ(names(Dialect::modelopt),
            "m.q_proj.weight m.q_proj.weight_scale m.q_proj.weight_scale_2 m.q_proj.input_scale ");
  EXPECT_EQ(names(Dialect::compressed_tensors),
            "m.q_proj.weight_packed m.q_proj.weight_scale m.q_proj.weight_global_scale m.q_proj.input_global_scale ");
  EXPECT_TRUE(scalar_shape(Dialect::modelopt).empty());
  EXPECT_EQ(scalar_shape(Dialect::compressed_tensors), std::vector<std::uint64_t>{1});
}

TEST(StoredScaleTest, CompressedTensorsDivides) {
  EXPECT_EQ(stored_scale(Dialect::modelopt, 0.003f), 0.003f);
  EXPECT_EQ(stored_scale(Dialect::compressed_tensors, 0.003f), 1.0f / 0.003f);
}

/// Why a power of two is the default: its reciprocal is exact. Others do not all come back.
TEST(StoredScaleTest, PowersOfTwoComeBackBitForBit) {
  for (int exponent = -126; exponent <= 126; ++exponent) {
    const float scale = std::ldexp(1.0f, exponent);
    EXPECT_EQ(stored_scale(Dialect::compressed_tensors, stored_scale(Dialect::compressed_tensors, scale)), scale);
  }
  int lost = 0;
  for (int i = 1; i <= 1000; ++i) {
    const float scale = static_cast<float>(i) / 2688.0f;
    lost += stored_scale(Dialect::compressed_tensors, stored_scale(Dialect::compressed_tensors, scale)) != scale;
  }
  EXPECT_GT(lost, 0);
}

TEST(FusionGroupTest, MembersOfOneMatrixHaveOneName) {
  EXPECT_EQ(fusion_group("m.0.self_attn.q_proj"), "m.0.self_attn.qkv_proj");
  EXPECT_EQ(fusion_group("m.0.self_attn.k_proj"), "m.0.self_attn.qkv_proj");
  EXPECT_EQ(fusion_group("m.0.self_attn.v_proj"), "m.0.self_attn.qkv_proj");
  EXPECT_EQ(fusion_group("m.experts.3.gate_proj"), fusion_group("m.experts.3.up_proj"));
  EXPECT_NE(fusion_group("m.experts.3.gate_proj"), fusion_group("m.experts.4.gate_proj"));
  EXPECT_EQ(fusion_group("m.experts.3.w1"), fusion_group("m.experts.3.w3"));
  EXPECT_EQ(fusion_group("m.q_a_proj"), fusion_group("m.kv_a_proj_with_mqa"));
  EXPECT_EQ(fusion_group("q_proj"), "qkv_proj");
  for (const char* alone : {"m.o_proj", "m.down_proj", "m.experts.3.w2", "m.q_b_proj", "lm_head", "m.my_q_proj"})
    EXPECT_EQ(fusion_group(alone), std::nullopt) << alone;
}

// --- Modules left alone ---

TEST(NamesModuleTest, MatchesWholeNamesAndPatterns) {
  EXPECT_TRUE(names_module("lm_head", "lm_head"));
  EXPECT_FALSE(names_module("lm_head", "lm_head2"));
  EXPECT_FALSE(names_module("lm_head", "x.lm_head"));
  EXPECT_TRUE(names_module("*lm_head", "x.lm_head"));
  EXPECT_TRUE(names_module("model.*.gate*", "model.layers.0.mlp.gate"));
  EXPECT_FALSE(names_module("model.*.gate*", "model.layers.0.mlp.up"));
  EXPECT_TRUE(names_module("layers.?.q", "layers.7.q"));
  EXPECT_FALSE(names_module("layers.?.q", "layers.17.q"));
  EXPECT_TRUE(names_module("*", ""));
  EXPECT_TRUE(names_module("", ""));
  EXPECT_FALSE(names_module("", "a"));
  EXPECT_TRUE(names_module("a**b*", "axxbxx"));
  EXPECT_TRUE(names_module("*ab", "aab"));
}

/// Patterns that make a backtracking matcher take time without end.
TEST(NamesModuleTest, HostilePatternsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  EXPECT_FALSE(names_module(pattern + "b", std::string(5000, 'a')));
}

TEST(CheckExclusionsTest, RefusesWhatLoadersWouldReadOtherwise) {
  const auto refusal = [](std::vector<std::string> excluded, std::vector<std::string> quantized) {
    return message(check_exclusions(excluded, quantized));
  };
  EXPECT_EQ(refusal({"lm_head", "m.1.mlp.gate"}, {"m.1.mlp.experts.0.gate_proj", "m.11.mlp.up_proj"}), "accepted");
  EXPECT_EQ(refusal({"a"}, {"b", "a"}), "module 'a' is both quantised and left alone");
  EXPECT_EQ(
      refusal({"m.1.mlp.gate"}, {"m.1.mlp.gate_up_proj"}),
      "module 'm.1.mlp.gate' left alone: its name is a part of that of the quantised 'm.1.mlp.gate_up_proj', which "
      "loaders that compare parts would not read as quantised; quantise both or none");
  EXPECT_EQ(refusal({"m.*"}, {}), "module 'm.*' left alone: expected a full name, not a pattern");
  EXPECT_EQ(refusal({""}, {}), "module '' left alone: expected a full name, not a pattern");
}

// --- Configurations that are written ---

TEST(HfQuantConfigTest, TheTextIsTheSameWhole) {
  EXPECT_EQ(text_or_refusal(hf_quant_config_json(kW4a16, "0.1.0")), R"({
  "producer": {
    "name": "modelopt",
    "version": "0.1.0"
  },
  "quantization": {
    "exclude_modules": [
      "lm_head",
      "model.layers.0.mlp.gate"
    ],
    "group_size": 16,
    "kv_cache_quant_algo": null,
    "quant_algo": "W4A16_NVFP4"
  }
}
)");
  const JsonFile w4a4 = json_file(*hf_quant_config_json(kW4a4, "0.1.0"));
  EXPECT_EQ(w4a4.value["quantization"]["quant_algo"], "NVFP4");
  EXPECT_EQ(w4a4.value["quantization"]["kv_cache_quant_algo"], "FP8");
}

TEST(QuantizationConfigTest, TheValuesAreTheSameWhole) {
  const Json four_bits = {{"num_bits", 4}, {"type", "float"}, {"group_size", 16}, {"dynamic", false}};
  const Json eight_bits = {{"num_bits", 8}, {"type", "float"}, {"dynamic", false}};
  const Json producer = {{"name", "modelopt"}, {"version", "v"}};
  EXPECT_EQ(quantization_config(kW4a16, "v"),
            (Json{{"quant_method", "modelopt"},
                  {"quant_algo", "W4A16_NVFP4"},
                  {"producer", producer},
                  {"ignore", {"lm_head", "model.layers.0.mlp.gate"}},
                  {"config_groups", {{"group_0", {{"targets", {"Linear"}}, {"weights", four_bits}}}}}}));
  EXPECT_EQ(
      quantization_config(kW4a4, "v"),
      (Json{{"quant_method", "modelopt"},
            {"quant_algo", "NVFP4"},
            {"producer", producer},
            {"ignore", {"lm_head"}},
            {"kv_cache_scheme", eight_bits},
            {"config_groups",
             {{"group_0", {{"targets", {"Linear"}}, {"weights", four_bits}, {"input_activations", four_bits}}}}}}));
  Json weights = {{"num_bits", 4},    {"type", "float"},   {"strategy", "tensor_group"},
                  {"group_size", 16}, {"symmetric", true}, {"dynamic", false}};
  Json local = weights;
  local["dynamic"] = "local";
  Json group = {
      {"targets", {"Linear"}}, {"weights", weights}, {"input_activations", local}, {"output_activations", nullptr}};
  Json expected = {{"quant_method", "compressed-tensors"},
                   {"format", "nvfp4-pack-quantized"},
                   {"quantization_status", "compressed"},
                   {"kv_cache_scheme", eight_bits},
                   {"ignore", {"lm_head"}},
                   {"config_groups", {{"group_0", group}}}};
  EXPECT_EQ(quantization_config(compressed(kW4a4), "v"), expected);
  group["input_activations"] = nullptr;
  expected["config_groups"]["group_0"] = group;
  expected["kv_cache_scheme"] = nullptr;
  expected["ignore"] = kW4a16.excluded;
  EXPECT_EQ(quantization_config(compressed(kW4a16), "v"), expected);
}

TEST(WithQuantizationConfigTest, AddsAndChangesNothingElse) {
  const auto added = [](std::string text) {
    return text_or_refusal(with_quantization_config(json_file(std::move(text)), "config.json", {{"a", 1}}));
  };
  EXPECT_EQ(
      added("{\n    \"rms_norm_eps\": 1e-05,\n    \"limits\": [0.0, Infinity]\n}\n"),
      "{\n    \"rms_norm_eps\": 1e-05,\n    \"limits\": [0.0, Infinity],\n  \"quantization_config\": {\n    \"a\": "
      "1\n  }\n}\n");
  EXPECT_EQ(added("{}"), "{\n  \"quantization_config\": {\n    \"a\": 1\n  }\n}");
  EXPECT_EQ(added("{\"x\":{}}"), "{\"x\":{},\n  \"quantization_config\": {\n    \"a\": 1\n  }\n}");
  EXPECT_EQ(added(R"({"quantization_config":{}})"),
            "config.json: has a quantization_config: the model is quantised already");
}

// --- Configurations that are read ---

Result<Quantization> read(const std::string& config, const std::string& quant_config = "") {
  const JsonFile first = json_file(config.empty() ? "{}" : config),
                 second = json_file(quant_config.empty() ? "{}" : quant_config);
  return read_quantization(config.empty() ? nullptr : &first, quant_config.empty() ? nullptr : &second, "DIR");
}

void expect_same(const Result<Quantization>& read, const Quantization& q) {
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->dialect, q.dialect);
  EXPECT_EQ(read->algo, q.algo);
  EXPECT_EQ(read->fp8_kv_cache, q.fp8_kv_cache);
  EXPECT_EQ(read->excluded, q.excluded);
  EXPECT_EQ(read->layers, q.layers);
}

TEST(ReadQuantizationTest, WhatIsWrittenIsRead) {
  for (const Quantization& q : {kW4a16, kW4a4}) {
    const std::string config = *with_quantization_config(json_file("{}"), "c", quantization_config(q, "v"));
    const std::string quant_config = *hf_quant_config_json(q, "v");
    expect_same(read(config), q);
    expect_same(read("", quant_config), q);
    expect_same(read("{}", quant_config), q);
    expect_same(read(config, quant_config), q);
    const Quantization other = compressed(q);
    expect_same(read(*with_quantization_config(json_file("{}"), "c", quantization_config(other, "v"))), other);
  }
}

TEST(ReadQuantizationTest, ReadsMixedPrecision) {
  const auto q =
      read("", R"({"quantization":{"quant_algo":"MIXED_PRECISION","kv_cache_quant_algo":"FP8","exclude_modules":[],)"
               R"("quantized_layers":{"a":{"quant_algo":"NVFP4","group_size":16},"b":{"quant_algo":"FP8"},)"
               R"("c":{"quant_algo":"W4A16_NVFP4"}}}})");
  ASSERT_TRUE(q) << q.error().message;
  EXPECT_TRUE(q->has_input_scale("a"));
  EXPECT_FALSE(q->has_input_scale("c"));
  EXPECT_FALSE(q->has_input_scale("d"));
  EXPECT_EQ(q->layers.size(), 3u);
}

struct Refusal {
  std::string config, quant_config, expected;
};

TEST(ReadQuantizationTest, RefusesOtherFormatsAndContradictions) {
  const std::string in = "DIR/config.json: quantization_config", hf = "DIR/hf_quant_config.json";
  const auto config = [](std::string_view value) { return "{\"quantization_config\":" + std::string(value) + "}"; };
  const auto quantization = [](std::string_view value) { return "{\"quantization\":" + std::string(value) + "}"; };
  const std::string kGood =
      R"({"quant_algo":"NVFP4","kv_cache_quant_algo":null,"group_size":16,"exclude_modules":["a"]})";
  const std::string packed = R"("quant_method":"compressed-tensors","format":"nvfp4-pack-quantized")";
  const Refusal refusals[] = {
      {"{}", "", "DIR: no quantization_config in config.json and no hf_quant_config.json; this model is not quantised"},
      {config("[]"), "", in + ": quant_method null; modelopt and compressed-tensors are read"},
      {config(R"({"quant_method":"awq"})"), "", in + ": quant_method 'awq'; modelopt and compressed-tensors are read"},
      {config(R"({"quant_method":"modelopt","quant_algo":"FP8"})"), "",
       in + ": quant_algo 'FP8'; NVFP4, W4A16_NVFP4 and MIXED_PRECISION are read"},
      {config(R"({"quant_method":"modelopt"})"), "",
       in + ": quant_algo null; NVFP4, W4A16_NVFP4 and MIXED_PRECISION are read"},
      {"", quantization(R"({"quant_algo":"NVFP4_AWQ"})"),
       hf + ": quant_algo 'NVFP4_AWQ'; NVFP4, W4A16_NVFP4 and MIXED_PRECISION are read"},
      {"", "{}", hf + ": no object 'quantization'"},
      {"", quantization(R"({"quant_algo":"NVFP4","group_size":32})"), hf + ": group_size 32; NVFP4 has blocks of 16"},
      {"", quantization(R"({"quant_algo":"NVFP4","kv_cache_quant_algo":"NVFP4"})"),
       hf + ": a KV cache of another format than FP8"},
      {"", quantization(R"({"quant_algo":"NVFP4","exclude_modules":"lm_head"})"),
       hf + ": exclude_modules: expected an array of names, found string"},
      {"", quantization(R"({"quant_algo":"NVFP4","exclude_modules":[1]})"),
       hf + ": exclude_modules: expected a name, found number"},
      {"", quantization(R"({"quant_algo":"MIXED_PRECISION"})"), hf + ": MIXED_PRECISION without 'quantized_layers'"},
      {"", quantization(R"({"quant_algo":"MIXED_PRECISION","quantized_layers":{"a":{}}})"),
       hf + ": quantized_layers: 'a': no quant_algo"},
      {config(R"({"quant_method":"compressed-tensors","format":"pack-quantized"})"), "",
       in + ": format 'pack-quantized'; nvfp4-pack-quantized is read"},
      {config("{" + packed + "}"), "", in + ": expected one config group, found 0"},
      {config("{" + packed + R"(,"config_groups":{"g":{"weights":{"num_bits":8,"type":"float"}}}})"), "",
       in + ": weights are not 4-bit floating point in tensor_group strategy"},
      {config("{" + packed + R"(,"config_groups":{"g":{"weights":{"num_bits":4,"type":"float","group_size":32}}}})"),
       "", in + ": group_size 32; NVFP4 has blocks of 16"},
      {config(R"({"quant_method":"modelopt","quant_algo":"W4A16_NVFP4","ignore":["a"]})"), quantization(kGood),
       "DIR: config.json and hf_quant_config.json differ in quant_algo; loaders differ on which counts"},
      {config(R"({"quant_method":"modelopt","quant_algo":"NVFP4","ignore":["b"]})"), quantization(kGood),
       "DIR: config.json and hf_quant_config.json differ in the modules left alone; loaders differ on which counts"},
      {config(
           R"({"quant_method":"modelopt","quant_algo":"NVFP4","ignore":["a"],"kv_cache_scheme":{"num_bits":8,"type":"float"}})"),
       quantization(kGood),
       "DIR: config.json and hf_quant_config.json differ in the format of the KV cache; loaders differ on which "
       "counts"},
      {config("{" + packed + R"(,"config_groups":{"g":{"weights":{"num_bits":4,"type":"float"}}}})"),
       quantization(kGood),
       "DIR: config.json and hf_quant_config.json differ in quant_method; loaders differ on which counts"},
  };
  for (const auto& [first, second, expected] : refusals) EXPECT_EQ(message(read(first, second)), expected);
}

}  // namespace
}  // namespace assay::artifact
