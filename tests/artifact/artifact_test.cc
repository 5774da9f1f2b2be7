// A small good artifact, and one damage a test: every refusal with its whole line.
#include "kernels/artifact/artifact.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "harness/base/file_system.h"
#include "kernels/artifact/safetensors_writer.h"
#include "tests/artifact/model.h"

namespace assay::artifact {
namespace {

using ::testing::ElementsAre;

/// What check_artifact says, with DIR for the folder and FILE for its only file.
std::string answer(const Model& model, FusedScales fused = FusedScales::must_be_equal) {
  const TemporaryFolder folder;
  write(model, folder.path());
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder.path());
  if (!checkpoint) return checkpoint.error().message;
  const Result<Artifact> artifact = check_artifact(*checkpoint, fused);
  if (artifact) return fmt::format("{} modules, {} others", artifact->modules.size(), artifact->others.size());
  std::string line = artifact.error().message;
  const std::string path = folder.path();
  for (const auto& [what, with] : {std::pair{path + "/model.safetensors", "FILE"}, {path, "DIR"}})
    if (const std::size_t at = line.find(what); at != line.npos) line.replace(at, what.size(), with);
  return line;
}

const std::string kExpert = "FILE: module 'l.mlp.experts.1.up_proj': ";
const std::string kUp = "l.mlp.experts.1.up_proj";

// --- Good ones ---

TEST(ArtifactTest, ReadsBothDialectsAndAlgorithms) {
  for (const Dialect dialect : {Dialect::modelopt, Dialect::compressed_tensors})
    for (const Algo algo : {Algo::w4a16, Algo::w4a4}) EXPECT_EQ(answer(good(dialect, algo)), "12 modules, 3 others");
}

TEST(ArtifactTest, AModuleHasItsShapeAndMultipliers) {
  for (const Dialect dialect : {Dialect::modelopt, Dialect::compressed_tensors}) {
    const TemporaryFolder folder;
    write(good(dialect), folder.path());
    const Result<Checkpoint> checkpoint = Checkpoint::open(folder.path());
    ASSERT_TRUE(checkpoint);
    const Result<Artifact> artifact = check_artifact(*checkpoint);
    ASSERT_TRUE(artifact) << artifact.error().message;
    const QuantizedModule& module = artifact->modules[3];
    EXPECT_EQ(module.name, "l.mlp.experts.0.down_proj");
    EXPECT_EQ(module.rows, 16u);
    EXPECT_EQ(module.columns, 48u);
    EXPECT_EQ(module.tensor_scale, 0.25f);
    EXPECT_EQ(module.input_scale, 0.0625f);
    EXPECT_EQ(checkpoint->info(module.codes).name, tensor_name(dialect, module.name, Part::codes));
    EXPECT_EQ(checkpoint->info(module.block_scale).name, module.name + ".weight_scale");
    std::vector<std::string> others;
    for (const TensorPlace place : artifact->others) others.push_back(checkpoint->info(place).name);
    EXPECT_THAT(others, ElementsAre("l.mlp.gate.weight", "l.norm", "lm_head.weight"));
  }
}

TEST(ArtifactTest, AcceptsAZeroBlockAndAScaleOfOneDimension) {
  Model model = good();
  model.tensors[kUp + ".weight_scale"].bytes[5] = std::byte{0x00};
  model.tensors[kUp + ".weight_scale"].bytes[6] = std::byte{0x7e};
  model.tensors[kUp + ".weight_scale_2"].shape = {1};
  EXPECT_EQ(answer(model), "12 modules, 3 others");
}

// --- Missing, mixed, misshapen ---

TEST(ArtifactTest, RefusesMissingTensors) {
  for (const char* part : {"weight", "weight_scale", "weight_scale_2"}) {
    Model model = good();
    model.tensors.erase(kUp + "." + part);
    EXPECT_EQ(answer(model), kExpert + part + " is missing");
  }
  Model model = good();
  model.tensors.erase(kUp + ".input_scale");
  EXPECT_EQ(answer(model), kExpert + "input_scale is missing, which every module of W4A4 needs");
}

TEST(ArtifactTest, RefusesADivisorWhereAMultiplierIsDue) {
  Model model = good(Dialect::compressed_tensors);
  model.quantization.dialect = Dialect::modelopt;
  EXPECT_EQ(answer(model),
            "FILE: module 'l.attn.k_proj': weight_packed is a name of compressed-tensors, but the configuration is of "
            "ModelOpt: a scale would be read as its reciprocal");
  model = good();
  model.quantization.dialect = Dialect::compressed_tensors;
  EXPECT_EQ(
      answer(model),
      "FILE: module 'l.attn.k_proj': weight is a name of ModelOpt, but the configuration is of compressed-tensors: a "
      "scale would be read as its reciprocal");
  model = good();
  model.tensors[kUp + ".weight_global_scale"] = model.tensors[kUp + ".weight_scale_2"];
  model.tensors.erase(kUp + ".weight_scale_2");
  EXPECT_EQ(answer(model),
            kExpert +
                "weight_global_scale is a name of compressed-tensors, but the configuration is of ModelOpt: a "
                "scale would be read as its reciprocal");
}

TEST(ArtifactTest, RefusesVariantsThatNeedMore) {
  Model model = good();
  model.add(kUp + ".pre_quant_scale", Dtype::BF16, {48});
  EXPECT_EQ(answer(model), kExpert + "has pre_quant_scale; the AWQ and SVD variants are not read");
}

TEST(ArtifactTest, RefusesOtherDtypes) {
  Model model = good();
  model.add(kUp + ".weight", Dtype::F4, {16, 48});
  EXPECT_EQ(answer(model), kExpert + "weight is F4, expected U8");
  model = good();
  model.add(kUp + ".weight_scale", Dtype::U8, {16, 3});
  EXPECT_EQ(answer(model), kExpert + "weight_scale is U8, expected F8_E4M3");
  model = good();
  model.add(kUp + ".weight_scale_2", Dtype::BF16, {});
  EXPECT_EQ(answer(model), kExpert + "weight_scale_2 is BF16 [], expected one F32");
  model.add(kUp + ".weight_scale_2", Dtype::F32, {2});
  EXPECT_EQ(answer(model), kExpert + "weight_scale_2 is F32 [2], expected one F32");
  model.add(kUp + ".weight_scale_2", Dtype::F32, {1, 1});
  EXPECT_EQ(answer(model), kExpert + "weight_scale_2 is F32 [1, 1], expected one F32");
}

TEST(ArtifactTest, RefusesShapesThatDisagree) {
  Model model = good();
  model.add(kUp + ".weight", Dtype::U8, {2, 16, 24});
  EXPECT_EQ(answer(model), kExpert + "weight has shape [2, 16, 24], expected [N, K/2]; experts are stored one by one");
  model.add(kUp + ".weight", Dtype::U8, {16, 20});
  EXPECT_EQ(answer(model), kExpert + "weight has shape [16, 20]: K = 40 is not whole blocks of 16");
  model.add(kUp + ".weight", Dtype::U8, {24, 16});
  EXPECT_EQ(answer(model), kExpert + "weight_scale has shape [16, 3], expected [24, 2]");
  model = good();
  model.add(kUp + ".weight_scale", Dtype::F8_E4M3, {3, 16});
  EXPECT_EQ(answer(model), kExpert + "weight_scale has shape [3, 16], expected [16, 3]");
}

TEST(ArtifactTest, RefusesScalesThatLookSwizzled) {
  for (const std::vector<std::uint64_t>& shape :
       {std::vector<std::uint64_t>{128, 4}, {512}, {1, 1, 32, 4, 4}, {1, 512}}) {
    Model model = good();
    model.add(kUp + ".weight_scale", Dtype::F8_E4M3, shape);
    EXPECT_EQ(answer(model), kExpert + "weight_scale has shape " + shape_text(shape) +
                                 ", expected [16, 3]: it looks like 128x4 tiles, but scales are stored in rows");
  }
}

// --- Values ---

TEST(ArtifactTest, RefusesTensorScalesThatAreNoScales) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const char* part : {"weight_scale_2", "input_scale"})
    for (const auto& [value, text] : {std::pair{std::nanf(""), "nan"}, {inf, "inf"}, {0.0f, "0"}, {-0.25f, "-0.25"}}) {
      Model model = good();
      model.add_scale(kUp + "." + part, value);
      EXPECT_EQ(answer(model), fmt::format("{}{} is {}, expected a positive finite number", kExpert, part, text));
    }
  Model model = good(Dialect::compressed_tensors);
  model.add_scale(kUp + ".weight_global_scale", 0.0f);
  EXPECT_EQ(answer(model), kExpert + "weight_global_scale is 0, expected a positive finite number");
  model.add_scale(kUp + ".weight_global_scale", 1e-45f);
  EXPECT_EQ(answer(model), kExpert + "weight_global_scale is 1e-45, expected a positive finite number");
}

TEST(ArtifactTest, RefusesBlockScalesThatAreNaNOrNegative) {
  for (const auto& [byte, text] : {std::pair{0x7f, "0x7f"}, {0x80, "0x80"}, {0xb8, "0xb8"}, {0xff, "0xff"}}) {
    Model model = good();
    model.tensors[kUp + ".weight_scale"].bytes[7] = static_cast<std::byte>(byte);
    EXPECT_EQ(answer(model), fmt::format("{}block scale {} in row 2, block 1: scales are 0x00 to 0x7e", kExpert, text));
  }
}

/// More than one buffer of scales.
TEST(ArtifactTest, FindsABadBlockScaleFarIn) {
  Model model{.quantization = {}};
  model.add_module("m", 4096, 4128);
  model.tensors["m.weight_scale"].bytes[1'050'000] = std::byte{0x7f};
  EXPECT_EQ(answer(model), "FILE: module 'm': block scale 0x7f in row 4069, block 198: scales are 0x00 to 0x7e");
}

// --- Modules together ---

TEST(ArtifactTest, RefusesUnequalScalesOfAFusedMatrix) {
  Model model = good();
  model.add_scale("l.attn.v_proj.weight_scale_2", 0.5f);
  EXPECT_EQ(answer(model),
            "FILE: module 'l.attn.v_proj': tensor scale 0.5, but 'l.attn.k_proj' has 0.25: loaders fuse both into "
            "'l.attn.qkv_proj' with one scale");
  EXPECT_EQ(answer(model, FusedScales::may_differ), "12 modules, 3 others");
  model = good();
  model.add_scale(kUp + ".input_scale", 0.5f);
  EXPECT_EQ(answer(model), kExpert +
                               "input scale 0.5, but 'l.mlp.experts.1.gate_proj' has 0.0625: loaders fuse both into "
                               "'l.mlp.experts.1.gate_up_proj' with one scale");
}

TEST(ArtifactTest, ScalesOfDifferentExpertsMayDiffer) {
  Model model = good();
  for (const char* name : {"gate_proj", "up_proj", "down_proj"})
    model.add_scale(fmt::format("l.mlp.experts.1.{}.weight_scale_2", name), 0.5f);
  EXPECT_EQ(answer(model), "12 modules, 3 others");
}

TEST(ArtifactTest, RefusesModulesBothQuantisedAndLeftAlone) {
  Model model = good();
  model.quantization.excluded.push_back(kUp);
  EXPECT_EQ(answer(model), kExpert + "is quantised, but the list of modules left alone has '" + kUp + "'");
  model = good();
  model.quantization.excluded.push_back("*experts.1.*");
  EXPECT_EQ(
      answer(model),
      "FILE: module 'l.mlp.experts.1.down_proj': is quantised, but the list of modules left alone has '*experts.1.*'");
  model.quantization.excluded.assign(1001, "*x*");
  EXPECT_EQ(answer(model), "DIR: 1001 patterns of modules left alone, over the limit of 1000");
}

TEST(ArtifactTest, RefusesExpertSetsWithGaps) {
  const auto remove = [](Model& model, const std::string& module) {
    std::erase_if(model.tensors, [&](const auto& entry) { return entry.first.starts_with(module + "."); });
  };
  const std::string tail = " is: experts are read as one stack";
  Model model = good();
  remove(model, kUp);
  EXPECT_EQ(answer(model), kExpert + "not quantised or missing, though 'l.mlp.experts.2.up_proj'" + tail);
  model = good();
  remove(model, "l.mlp.experts.2.down_proj");
  EXPECT_EQ(answer(model),
            "FILE: module 'l.mlp.experts.2.down_proj': not quantised or missing, though "
            "'l.mlp.experts.1.down_proj'" +
                tail);
  model = good();
  remove(model, "l.mlp.experts.0");
  EXPECT_EQ(answer(model),
            "FILE: module 'l.mlp.experts.0.down_proj': not quantised or missing, though "
            "'l.mlp.experts.2.down_proj'" +
                tail);
  model = good();
  remove(model, kUp);
  model.add(kUp + ".weight", Dtype::BF16, {16, 48});
  EXPECT_EQ(answer(model), kExpert + "not quantised or missing, though 'l.mlp.experts.2.up_proj'" + tail);
  model = good();
  model.add("l.mlp.experts.4000000000.up_proj.weight", Dtype::BF16, {16, 48});
  EXPECT_EQ(answer(model),
            "FILE: module 'l.mlp.experts.3.down_proj': not quantised or missing, though "
            "'l.mlp.experts.2.down_proj'" +
                tail);
}

TEST(ArtifactTest, RefusesAnArtifactWithNothingQuantised) {
  Model model{.quantization = {}};
  model.add("m.weight", Dtype::BF16, {4, 4});
  EXPECT_EQ(answer(model), "DIR: the configuration says NVFP4, but no module is quantised");
}

// --- Masters ---

TEST(CheckFiniteTest, NamesTheFirstElementThatIsNot) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> specs = {
      {"w", Dtype::BF16, {1000, 100}}, {"f8", Dtype::F8_E4M3, {4}}, {"i", Dtype::I64, {1}}};
  Result<SafetensorsWriter> writer = SafetensorsWriter::create(folder.path() / "m.safetensors", specs, {});
  ASSERT_TRUE(writer);
  std::vector<std::byte> bytes(200'000);
  bytes[2 * 70'001 + 1] = std::byte{0x7f};  // 0x7f80: infinity.
  bytes[2 * 70'001] = std::byte{0x80};
  ASSERT_TRUE(writer->append("w", bytes));
  ASSERT_TRUE(writer->append("f8", std::vector(4, std::byte{0x7f})));
  ASSERT_TRUE(writer->append("i", std::vector(8, std::byte{0})));
  ASSERT_TRUE(writer->finish());
  const Result<SafetensorsFile> file = SafetensorsFile::open(folder.path() / "m.safetensors");
  ASSERT_TRUE(file);
  const auto refusal = [&](std::string_view name) {
    const Status status = check_finite(*file, *file->find(name));
    return status ? "accepted" : status.error().message.substr(file->path().size());
  };
  EXPECT_EQ(refusal("w"), ": tensor 'w': element 70001 is inf; a model with it cannot be quantised");
  EXPECT_EQ(refusal("f8"), ": tensor 'f8': element 0 is nan; a model with it cannot be quantised");
  EXPECT_EQ(refusal("i"),
            ": tensor 'i': I64 is not read as numbers; F32, F16, BF16, F8_E4M3, F8_E5M2, U8 and BOOL are");
}

}  // namespace
}  // namespace assay::artifact
