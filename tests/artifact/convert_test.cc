// Whole conversions of small masters, and back: every byte against block.h, for any number of threads and files.
#include "kernels/artifact/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "kernels/artifact/artifact.h"
#include "kernels/artifact/dequantize.h"
#include "tests/artifact/convert_test.h"
#include "tests/artifact/malformed.h"

namespace assay::artifact {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

// --- What the bytes must be, by block.h ---

/// A module's weights [outputs, inputs], gathered from the master by rows and columns.
struct Expected {
  std::string module, group;
  std::size_t outputs = 0, inputs = 0;
  std::vector<float> weights;
};

Expected plain(const Master& master, const std::string& module, const std::string& group) {
  const std::vector<std::uint64_t>& shape = master.spec(module + ".weight").shape;
  return {module, group, shape[0], shape[1], master.values(module + ".weight")};
}

/// `first`: the first output that is taken, of those that the tensor holds of one expert.
Expected of_expert(const Master& master, const std::string& tensor, std::size_t expert, bool transposed,
                   std::size_t first, std::size_t outputs, const std::string& module, const std::string& group) {
  const std::vector<std::uint64_t>& shape = master.spec(tensor).shape;
  const std::vector<float> all = master.values(tensor);
  const std::size_t inputs = transposed ? shape[1] : shape[2], begin = expert * shape[1] * shape[2];
  Expected expected{module, group, outputs, inputs, std::vector<float>(outputs * inputs)};
  for (std::size_t n = 0; n < outputs; ++n)
    for (std::size_t k = 0; k < inputs; ++k)
      expected.weights[n * inputs + k] =
          all[begin + (transposed ? k * shape[2] + first + n : (first + n) * shape[2] + k)];
  return expected;
}

std::vector<Expected> expected_of_small_master(const Master& master) {
  std::vector<Expected> all = {
      plain(master, "m.0.self_attn.q_proj", "qkv"), plain(master, "m.0.self_attn.k_proj", "qkv"),
      plain(master, "m.0.self_attn.v_proj", "qkv"), plain(master, "m.0.self_attn.o_proj", "o.0"),
      plain(master, "m.1.self_attn.o_proj", "o.1"), plain(master, "m.2.mlp.down_proj", "down.2")};
  for (const int layer : {0, 1})
    for (const std::size_t expert : {0u, 1u}) {
      const bool transposed = layer == 0;
      const std::string folder = fmt::format("m.{}.mlp.experts.", layer), one = fmt::format("{}{}.", folder, expert);
      all.push_back(of_expert(master, folder + "gate_up_proj", expert, transposed, 0, 256, one + "gate_proj", one));
      all.push_back(of_expert(master, folder + "gate_up_proj", expert, transposed, 256, 256, one + "up_proj", one));
      all.push_back(
          of_expert(master, folder + "down_proj", expert, transposed, 0, 128, one + "down_proj", one + "down"));
    }
  return all;
}

std::vector<std::uint8_t> bytes_in(const Checkpoint& checkpoint, const std::string& name) {
  const auto place = checkpoint.find(name);
  if (!place) return {};
  std::vector<std::uint8_t> bytes(checkpoint.info(*place).bytes());
  const Status done =
      checkpoint.file(*place).read(checkpoint.info(*place), 0, std::as_writable_bytes(std::span(bytes)));
  return done ? bytes : std::vector<std::uint8_t>();
}

float float_in(const Checkpoint& checkpoint, const std::string& name) {
  const std::vector<std::uint8_t> bytes = bytes_in(checkpoint, name);
  float value = kNan;
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// The tensor scale of each group.
std::map<std::string, float> scales_of(const std::vector<Expected>& all, const ConvertOptions& options) {
  std::map<std::string, float> amax;
  for (const Expected& one : all)
    for (const float weight : one.weights) amax[one.group] = std::max(amax[one.group], std::abs(weight));
  for (auto& [group, value] : amax) value = nvfp4::tensor_scale(value, options.method, options.tensor_scale);
  return amax;
}

struct Coded {
  std::vector<std::uint8_t> codes, scales;
  std::vector<float> values;
};

/// Block by block.
Coded coded(const Expected& one, float s2, nvfp4::Method method) {
  Coded all;
  for (std::size_t at = 0; at < one.weights.size(); at += nvfp4::kBlock) {
    const std::span<const float, nvfp4::kBlock> weights(&one.weights[at], nvfp4::kBlock);
    const nvfp4::Block block = nvfp4::quantize_block(weights, s2, method);
    std::array<float, nvfp4::kBlock> back{};
    nvfp4::dequantize_block(block, s2, back);
    all.scales.push_back(block.scale);
    all.codes.insert(all.codes.end(), block.codes.begin(), block.codes.end());
    all.values.insert(all.values.end(), back.begin(), back.end());
  }
  return all;
}

const std::vector<std::string> kCopied = {
    "m.embed_tokens.weight", "m.0.self_attn.q_proj.bias", "m.norm.weight", "m.position_ids", "m.scalar", "m.none",
    "lm_head.weight"};

/// The same bytes, type and shape as in the master.
void expect_copied(const Master& master, const Checkpoint& out) {
  for (const std::string& name : kCopied) {
    const auto place = out.find(name);
    ASSERT_TRUE(place) << name;
    EXPECT_EQ(out.info(*place).dtype, master.spec(name).dtype) << name;
    EXPECT_EQ(out.info(*place).shape, master.spec(name).shape) << name;
    const std::vector<std::uint8_t> bytes = bytes_in(out, name);
    ASSERT_EQ(bytes.size(), master.bytes(name).size()) << name;
    EXPECT_TRUE(bytes.empty() || std::memcmp(bytes.data(), master.bytes(name).data(), bytes.size()) == 0) << name;
  }
}

class SmallMasterTest : public ConvertTest {
 protected:
  /// Every tensor of the artifact, and that there is no other.
  void expect_artifact(const std::string& out, const ConvertOptions& options) {
    const Checkpoint artifact = open(at(out));
    const auto name = [&](const Expected& one, Part part) { return tensor_name(options.dialect, one.module, part); };
    const std::vector<Expected> all = expected_of_small_master(master_);
    const std::map<std::string, float> scales = scales_of(all, options);
    for (const Expected& one : all) {
      const float s2 = scales.at(one.group);
      const Coded want = coded(one, s2, options.method);
      EXPECT_TRUE(bytes_in(artifact, name(one, Part::codes)) == want.codes) << one.module;
      EXPECT_TRUE(bytes_in(artifact, name(one, Part::block_scale)) == want.scales) << one.module;
      EXPECT_EQ(float_in(artifact, name(one, Part::tensor_scale)), stored_scale(options.dialect, s2)) << one.module;
      if (options.algo == Algo::w4a16) continue;
      EXPECT_EQ(float_in(artifact, name(one, Part::input_scale)), stored_scale(options.dialect, 0x1p-4f));
    }
    expect_copied(master_, artifact);
    EXPECT_EQ(artifact.tensors().size(), all.size() * (options.algo == Algo::w4a4 ? 4 : 3) + kCopied.size());
    const Result<Artifact> checked = check_artifact(artifact);
    ASSERT_EQ(message(checked), "accepted");
    EXPECT_EQ(checked->modules.size(), all.size());
  }
};

TEST_F(SmallMasterTest, EveryMethodAndScaleIsBlockByBlockThatOfBlockH) {
  using nvfp4::Method, nvfp4::TensorScale;
  for (const Method method : {Method::rtn, Method::four_over_six, Method::sweep})
    for (const TensorScale scale : {TensorScale::amax, TensorScale::pow2}) {
      const std::string out = fmt::format("out-{}-{}", static_cast<int>(method), static_cast<int>(scale));
      SCOPED_TRACE(out);
      const ConvertOptions options{.method = method, .tensor_scale = scale};
      convert(out, options);
      expect_artifact(out, options);
    }
}

TEST_F(SmallMasterTest, BothDialectsAndAlgorithms) {
  for (const Dialect dialect : {Dialect::modelopt, Dialect::compressed_tensors})
    for (const Algo algo : {Algo::w4a16, Algo::w4a4}) {
      const std::string out = fmt::format("out-{}-{}", static_cast<int>(dialect), static_cast<int>(algo));
      SCOPED_TRACE(out);
      const ConvertOptions options{.method = nvfp4::Method::rtn, .algo = algo, .dialect = dialect};
      convert(out, options);
      expect_artifact(out, options);
      EXPECT_EQ(fs::exists(at(out) / "hf_quant_config.json"), dialect == Dialect::modelopt);
    }
}

TEST_F(SmallMasterTest, TheBytesAreTheSameForAnyNumberOfThreads) {
  for (const std::uint64_t file_bytes : {5'000'000'000ul, 200'000ul, 20'000ul}) {
    convert(fmt::format("one-{}", file_bytes), {.threads = 1, .file_bytes = file_bytes});
    for (const unsigned threads : {2u, 5u}) {
      const std::string out = fmt::format("{}-{}", threads, file_bytes);
      convert(out, {.threads = threads, .file_bytes = file_bytes});
      EXPECT_TRUE(files_below(at(out)) == files_below(at(fmt::format("one-{}", file_bytes)))) << out;
    }
  }
}

/// q, k and v in files of their own still share a scale.
TEST_F(SmallMasterTest, TheValuesAreTheSameForAnySizeOfFiles) {
  for (const std::uint64_t file_bytes : {200'000u, 20'000u, 1u}) {
    SCOPED_TRACE(file_bytes);
    const ConvertOptions options{.threads = 3, .file_bytes = file_bytes};
    const std::string out = fmt::format("out-{}", file_bytes);
    const Conversion done = convert(out, options);
    EXPECT_GT(done.files, 2u);
    EXPECT_EQ(open(at(out)).shards().size(), done.files);
    EXPECT_TRUE(fs::exists(at(out) / "model.safetensors.index.json"));
    expect_artifact(out, options);
  }
}

TEST_F(SmallMasterTest, AConversionTellsWhatItDid) {
  std::uint64_t last = 0, all = 0;
  int calls = 0;
  const Result<Conversion> done = tensors_into("out", {.threads = 3}, [&](std::uint64_t at, std::uint64_t of) {
    EXPECT_GE(at, last);
    last = at, all = of, ++calls;
  });
  ASSERT_TRUE(done) << done.error().message;
  std::uint64_t elements = 0, before = 0;
  for (const TensorSpec& spec : master_.specs()) {
    before += master_.bytes(spec.name).size();
    elements += master_.bytes(spec.name).size() / (bits_of(spec.dtype) / 8);
  }
  EXPECT_EQ(all, elements);
  EXPECT_EQ(last, elements);
  EXPECT_GT(calls, 10);
  EXPECT_EQ(done->bytes_before, before);
  EXPECT_EQ(done->files, 1u);
  EXPECT_EQ(done->files_resumed, 0u);
  std::uint64_t after = 0;
  const Checkpoint written = open(part_of(at("out")) / "model.safetensors");
  for (const TensorPlace place : written.tensors()) after += written.info(place).bytes();
  EXPECT_EQ(done->bytes_after, after);
  const std::vector<Expected> all_expected = expected_of_small_master(master_);
  const std::map<std::string, float> scales = scales_of(all_expected, {});
  ASSERT_EQ(done->modules.size(), all_expected.size());
  for (const ConvertedModule& module : done->modules) {
    const auto one = std::ranges::find(all_expected, module.module, &Expected::module);
    ASSERT_NE(one, all_expected.end()) << module.module;
    EXPECT_EQ(module.outputs, static_cast<std::int64_t>(one->outputs));
    EXPECT_EQ(module.inputs, static_cast<std::int64_t>(one->inputs));
    EXPECT_EQ(module.tensor_scale, scales.at(one->group));
    const Coded want = coded(*one, module.tensor_scale, nvfp4::Method::sweep);
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < one->weights.size(); ++i) {
      const double off = static_cast<double>(want.values[i]) - static_cast<double>(one->weights[i]);
      signal += static_cast<double>(one->weights[i]) * static_cast<double>(one->weights[i]);
      noise += off * off;
    }
    EXPECT_NEAR(module.noise.signal, signal, 1e-6 * signal) << module.module;
    EXPECT_NEAR(module.noise.noise, noise, 1e-6 * noise) << module.module;
  }
}

// --- The files beside ---

TEST_F(SmallMasterTest, WhatTheMasterCameWithIsCopied) {
  put(at("master") / "config.json", R"({"hidden_size": 128, "rope": 1e-05})");
  put(at("master") / "tokenizer.json", "{ \"as it is\" }");
  fs::create_directory(at("master") / "1_Pooling");
  put(at("master") / "1_Pooling" / "config.json", "{}");
  convert("out", {});
  std::vector<std::string> names;
  for (const auto& [name, content] : files_below(at("out"))) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("1_Pooling/config.json", "config.json", "hf_quant_config.json", "model.safetensors",
                                 "report.txt", "tokenizer.json"));
  const auto files = files_below(at("out"));
  EXPECT_EQ(files.at("tokenizer.json"), "{ \"as it is\" }");
  EXPECT_EQ(files.at("report.txt"), "text");
  EXPECT_THAT(files.at("config.json"), ::testing::StartsWith(R"({"hidden_size": 128, "rope": 1e-05,)"));
}

TEST_F(SmallMasterTest, AnArtifactThatIsThereIsNotOverwritten) {
  fs::create_directory(at("out"));
  put(at("out") / "mine", "mine");
  ASSERT_TRUE(tensors_into("out", {}));
  EXPECT_EQ(message(finish("out", {})), at("out").string() + ": is there already; name a folder that is not");
  EXPECT_FALSE(fs::exists(at("out.part")));
  EXPECT_THAT(files_below(at("out")), ElementsAre(::testing::Pair("mine", "mine")));
}

TEST_F(SmallMasterTest, AMasterThatIsQuantisedAlreadyLeavesNothing) {
  put(at("master") / "config.json", R"({"quantization_config": {}})");
  ASSERT_TRUE(tensors_into("out", {}));
  EXPECT_EQ(message(finish("out", {})), "config.json: has a quantization_config: the model is quantised already");
  EXPECT_TRUE(nothing_left("out"));
}

TEST(PartOfTest, LiesBesideTheArtifactHoweverItIsSpelled) {
  EXPECT_EQ(part_of("a/out"), "a/out.part");
  EXPECT_EQ(part_of("a/out/"), "a/out.part");
  EXPECT_EQ(part_of("out//"), "out.part");
  EXPECT_EQ(part_of("/out"), "/out.part");
}

// --- Weights that are no numbers ---

struct BadWeight {
  std::string_view tensor;
  std::size_t element;
  std::string_view place;
  float value;
  std::string_view spelled;
};

TEST_F(SmallMasterTest, AWeightThatIsNotFiniteIsRefusedWithItsPlace) {
  const std::vector<BadWeight> all = {
      {"m.0.self_attn.q_proj.weight", 0, "0, 0", kNan, "nan"},
      {"m.0.self_attn.k_proj.weight", 3 * 128 + 5, "3, 5", kInfinity, "inf"},
      {"m.0.self_attn.v_proj.weight", 160 * 128 - 1, "159, 127", -kInfinity, "-inf"},
      {"m.0.mlp.experts.gate_up_proj", (128 + 17) * 512 + 300, "1, 17, 300", kInfinity, "inf"},
      {"m.1.mlp.experts.down_proj", 127 * 256 + 1, "0, 127, 1", kNan, "nan"},
      {"m.2.mlp.down_proj.weight", 8223 * 128 + 127, "8223, 127", kNan, "nan"},
  };
  for (const BadWeight& bad : all) {
    SCOPED_TRACE(bad.tensor);
    Master master = master_;
    master.set(bad.tensor, bad.element, bad.value);
    fs::remove_all(at("master"));
    master.write(at("master"));
    for (const unsigned threads : {1u, 4u}) {
      EXPECT_EQ(message(tensors_into("out", {.threads = threads, .file_bytes = 100'000})),
                fmt::format("{}: tensor {}[{}] is {}: a master with such a weight has no scale; mend the checkpoint",
                            (at("master") / "model.safetensors").string(), bad.tensor, bad.place, bad.spelled));
      EXPECT_TRUE(nothing_left("out"));
    }
  }
}

/// Of many, always the same one is named.
TEST_F(SmallMasterTest, TheWeightThatIsNamedIsTheSameForAnyNumberOfThreads) {
  for (const TensorSpec& spec : master_.specs())
    if (spec.shape.size() == 3) master_.set(spec.name, 7, kNan);
  master_.write(at("master"), 300'000);
  const std::string first = message(tensors_into("out", {.threads = 1}));
  EXPECT_THAT(first, ::testing::HasSubstr("tensor m.0.mlp.experts.down_proj[0, 0, 7] is nan"));
  for (unsigned threads = 2; threads <= 8; ++threads)
    EXPECT_EQ(message(tensors_into("out", {.threads = threads})), first) << threads;
}

// --- And back ---

class DequantizeTest : public SmallMasterTest {
 protected:
  void back(const std::string& from, const std::string& to, const DequantizeOptions& options) {
    const Checkpoint checkpoint = open(at(from));
    const Result<Artifact> artifact = check_artifact(checkpoint);
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(message(dequantize(checkpoint, *artifact, options, at(to), {})), "accepted");
  }

  /// The value of each weight, from the artifact that the options made.
  void expect_values(const std::string& out, const ConvertOptions& made, Dtype dtype) {
    const Checkpoint checkpoint = open(at(out));
    const std::vector<Expected> all = expected_of_small_master(master_);
    const std::map<std::string, float> scales = scales_of(all, made);
    for (const Expected& one : all) {
      const Coded want = coded(one, scales.at(one.group), made.method);
      const auto place = checkpoint.find(one.module + ".weight");
      ASSERT_TRUE(place) << one.module;
      const TensorInfo& info = checkpoint.info(*place);
      EXPECT_EQ(info.dtype, dtype);
      EXPECT_EQ(info.shape, (std::vector<std::uint64_t>{one.outputs, one.inputs}));
      std::vector<float> values(info.elements());
      ASSERT_TRUE(checkpoint.file(*place).read_floats(info, 0, values));
      std::size_t differ = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] != rounded(want.values[i], made, dtype)) ++differ;
      EXPECT_EQ(differ, 0u) << one.module;
    }
    expect_copied(master_, checkpoint);
    EXPECT_EQ(checkpoint.tensors().size(), all.size() + kCopied.size());
  }

  /// A power of two as tensor scale makes every value exact in bf16.
  static float rounded(float value, const ConvertOptions& made, Dtype dtype) {
    const bool exact = dtype == Dtype::F32 || made.tensor_scale == nvfp4::TensorScale::pow2;
    return exact ? value : nvfp4::bf16_value(nvfp4::bf16_nearest(value));
  }
};

TEST_F(DequantizeTest, GivesTheValuesOfBlockH) {
  using nvfp4::TensorScale;
  for (const TensorScale scale : {TensorScale::pow2, TensorScale::amax})
    for (const Dialect dialect : {Dialect::modelopt, Dialect::compressed_tensors})
      for (const Dtype dtype : {Dtype::BF16, Dtype::F32}) {
        // A file of compressed-tensors holds 1 / s2, of which only a power of two comes back to the last bit.
        if (dialect == Dialect::compressed_tensors && scale == TensorScale::amax) continue;
        const std::string name =
            fmt::format("{}-{}-{}", static_cast<int>(scale), static_cast<int>(dialect), to_string(dtype));
        SCOPED_TRACE(name);
        const ConvertOptions options{.tensor_scale = scale, .algo = Algo::w4a4, .dialect = dialect};
        convert(name, options);
        back(name, name + "-back", {.dtype = dtype});
        expect_values(name + "-back", options, dtype);
      }
}

TEST_F(DequantizeTest, IsTheSameForAnyNumberOfThreadsAndAnySizeOfFiles) {
  convert("out", {.file_bytes = 200'000});
  for (const std::uint64_t file_bytes : {5'000'000'000ul, 60'000ul}) {
    back("out", fmt::format("one-{}", file_bytes), {.threads = 1, .file_bytes = file_bytes});
    back("out", fmt::format("four-{}", file_bytes), {.threads = 4, .file_bytes = file_bytes});
    EXPECT_TRUE(files_below(at(fmt::format("one-{}", file_bytes))) ==
                files_below(at(fmt::format("four-{}", file_bytes))));
    expect_values(fmt::format("four-{}", file_bytes), {}, Dtype::BF16);
  }
  EXPECT_GT(open(at("four-60000")).shards().size(), 5u);
}

TEST_F(DequantizeTest, LeavesAPlainCheckpoint) {
  put(at("master") / "config.json", R"({"hidden_size": 128, "eps": 1e-05, "a": "b"})");
  put(at("master") / "tokenizer.json", "{}");
  convert("out", {});
  back("out", "back", {});
  const auto files = files_below(at("back"));
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("config.json", "model.safetensors", "report.txt", "tokenizer.json"));
  EXPECT_FALSE(read_artifact(open(at("back"))));
}

/// Wherever it stands, what is said of quantisation is all that goes.
TEST_F(DequantizeTest, KeepsTheConfigurationAsItIsSpelled) {
  convert("out", {.dialect = Dialect::compressed_tensors});
  const std::string config = files_below(at("out")).at("config.json");
  const std::string said = config.substr(1, config.rfind('}') - 1);  // "\"quantization_config\": {...}"
  const std::vector<std::pair<std::string, std::string>> all = {
      {R"({"time_step_limit": [0.0, Infinity], "eps": 1.00e-05,)" + said + "}",
       "{\"time_step_limit\": [0.0, Infinity], \"eps\": 1.00e-05\n}"},
      {"{" + said + R"(, "a": {"quantization_config": 1, "}": [{}, "\"]"]}})",
       R"({ "a": {"quantization_config": 1, "}": [{}, "\"]"]}})"},
      {"{ \"a\": 1,\n" + said + ",\n\"b\": \"\\\\\" }\n", "{ \"a\": 1,\n\"b\": \"\\\\\" }\n"},
  };
  for (const auto& [before, after] : all) {
    SCOPED_TRACE(after);
    put(at("out") / "config.json", before);
    fs::remove_all(at("back"));
    back("out", "back", {});
    EXPECT_EQ(files_below(at("back"))["config.json"], after);
  }
  put(at("out") / "config.json", config);
  fs::remove_all(at("back"));
  back("out", "back", {});
  EXPECT_FALSE(fs::exists(at("back") / "config.json")) << "the master had none";
}

/// Python's Infinity, which the configurations of Nemotron-H hold, goes there and back.
TEST_F(DequantizeTest, AConfigurationGoesThereAndBack) {
  const std::string config = "{\n  \"time_step_limit\": [0.0, Infinity],\n  \"hidden_size\": 128\n}\n";
  put(at("master") / "config.json", config);
  convert("out", {});
  back("out", "back", {});
  EXPECT_EQ(files_below(at("back")).at("config.json"), config);
}

TEST_F(DequantizeTest, DoesNotOverwriteAndLeavesNothing) {
  convert("out", {});
  fs::create_directory(at("back"));
  const Checkpoint checkpoint = open(at("out"));
  const Result<Artifact> artifact = check_artifact(checkpoint);
  ASSERT_TRUE(artifact);
  EXPECT_EQ(message(dequantize(checkpoint, *artifact, {}, at("back"), {})),
            at("back").string() + ": is there already; name a folder that is not");
  EXPECT_FALSE(fs::exists(at("back.part")));
  EXPECT_TRUE(fs::is_empty(at("back")));
}

}  // namespace
}  // namespace assay::artifact
