#include "kernels/artifact/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file_system.h"
#include "harness/base/json_events.h"
#include "kernels/artifact/safetensors_writer.h"
#include "tests/artifact/malformed.h"

namespace assay::artifact {
namespace {

using ::testing::ElementsAre;
namespace fs = std::filesystem;

const std::vector<TensorSpec> kSpecs = {
    {"z.weight", Dtype::BF16, {4, 4}}, {"a.weight", Dtype::BF16, {4, 4}}, {"m", Dtype::F32, {}}};

void write_zeros(const fs::path& path, std::span<const TensorSpec> specs) {
  Result<SafetensorsWriter> writer = SafetensorsWriter::create(path, specs, {{"format", "pt"}});
  ASSERT_TRUE(writer) << writer.error().message;
  for (const TensorInfo& tensor : writer->tensors())
    ASSERT_TRUE(writer->append(tensor.name, std::vector<std::byte>(tensor.bytes())));
  ASSERT_TRUE(writer->finish());
}

void write_sharded(const fs::path& folder, std::uint64_t limit) {
  const Result<std::vector<Shard>> shards = plan_shards(kSpecs, limit);
  ASSERT_TRUE(shards);
  for (const Shard& shard : *shards) write_zeros(folder / shard.file, shard.tensors);
  ASSERT_TRUE(write_file(folder / "model.safetensors.index.json", *index_json(*shards)));
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TensorPlace place : checkpoint.tensors()) names.push_back(checkpoint.info(place).name);
  return names;
}

class CheckpointTest : public ::testing::Test {
 protected:
  const fs::path& path() const { return folder_.path(); }
  Checkpoint open(const fs::path& at) {
    Result<Checkpoint> checkpoint = Checkpoint::open(at);
    if (!checkpoint) ADD_FAILURE() << checkpoint.error().message;
    if (!checkpoint) std::abort();
    return *std::move(checkpoint);
  }
  TemporaryFolder folder_;
};

TEST_F(CheckpointTest, OpensASingleFile) {
  write_zeros(path() / "any.safetensors", kSpecs);
  put(path() / "config.json", "not looked at");
  const Checkpoint checkpoint = open(path() / "any.safetensors");
  EXPECT_THAT(names_of(checkpoint), ElementsAre("z.weight", "a.weight", "m"));
  EXPECT_FALSE(checkpoint.config());
  EXPECT_TRUE(checkpoint.other_files().empty());
}

TEST_F(CheckpointTest, OpensAFolderWithOneFile) {
  write_zeros(path() / "model.safetensors", kSpecs);
  const Checkpoint checkpoint = open(path());
  EXPECT_EQ(checkpoint.shards().size(), 1u);
  EXPECT_FALSE(checkpoint.config());
  const auto place = checkpoint.find("a.weight");
  ASSERT_TRUE(place);
  EXPECT_EQ(checkpoint.info(*place).shape, (std::vector<std::uint64_t>{4, 4}));
  EXPECT_EQ(checkpoint.file(*place).path(), path() / "model.safetensors");
  EXPECT_FALSE(checkpoint.find("b"));
}

TEST_F(CheckpointTest, OpensShardsInTheOrderOfTheirNames) {
  write_sharded(path(), 40);
  const Checkpoint checkpoint = open(path());
  EXPECT_EQ(checkpoint.shards().size(), 2u);
  EXPECT_THAT(names_of(checkpoint), ElementsAre("z.weight", "a.weight", "m"));
  EXPECT_EQ(checkpoint.find("m")->shard, 1u);
}

TEST_F(CheckpointTest, AnIndexMayListModelSafetensorsItself) {
  write_zeros(path() / "model.safetensors", kSpecs);
  put(path() / "model.safetensors.index.json",
      R"({"weight_map":{"z.weight":"model.safetensors","a.weight":"model.safetensors","m":"model.safetensors"}})");
  EXPECT_EQ(open(path()).tensors().size(), 3u);
}

/// What writers put into total_size differs; that must not matter.
TEST_F(CheckpointTest, TotalSizeIsNotCompared) {
  write_zeros(path() / "model.safetensors", kSpecs);
  put(path() / "model.safetensors.index.json",
      R"({"metadata":{"total_size":1.5e3},"weight_map":{"z.weight":"model.safetensors","a.weight":"model.safetensors",)"
      R"("m":"model.safetensors"}})");
  EXPECT_EQ(open(path()).tensors().size(), 3u);
}

TEST_F(CheckpointTest, ReadsTheConfigurationsAndListsTheRest) {
  write_zeros(path() / "model.safetensors", kSpecs);
  put(path() / "config.json", R"({"rms_norm_eps": 1e-05, "time_step_limit": [0.0, Infinity]})");
  put(path() / "hf_quant_config.json", R"({"quantization":{}})");
  for (const char* name :
       {"tokenizer.json", "LICENSE", "modeling.py", "model.onnx", "pytorch_model.bin", ".gitattributes"})
    put(path() / name, "x");
  fs::create_directory(path() / "1_Pooling");
  put(path() / "1_Pooling" / "config.json", "{}");
  fs::create_directory(path() / ".cache");
  put(path() / ".cache" / "x", "x");
  const Checkpoint checkpoint = open(path());
  ASSERT_TRUE(checkpoint.config());
  EXPECT_EQ(checkpoint.config()->value["rms_norm_eps"], 1e-05);
  EXPECT_EQ(checkpoint.config()->text, R"({"rms_norm_eps": 1e-05, "time_step_limit": [0.0, Infinity]})");
  ASSERT_TRUE(checkpoint.quant_config());
  EXPECT_THAT(checkpoint.other_files(),
              ElementsAre("1_Pooling/config.json", "LICENSE", "modeling.py", "tokenizer.json"));
  EXPECT_EQ(open(path().string() + "/").other_files(), checkpoint.other_files());
}

TEST_F(CheckpointTest, LinksInsideTheFolderAreFollowed) {
  write_zeros(path() / "weights", kSpecs);
  fs::create_symlink("weights", path() / "model.safetensors");
  EXPECT_EQ(open(path()).tensors().size(), 3u);
}

/// models--NAME/snapshots/REVISION/FILE -> ../../blobs/DIGEST
TEST_F(CheckpointTest, LinksOfTheHuggingFaceCacheAreFollowed) {
  const fs::path model = path() / "models--x--y", snapshot = model / "snapshots" / "0123";
  fs::create_directories(snapshot);
  fs::create_directories(model / "blobs");
  write_zeros(model / "blobs" / "abcd", kSpecs);
  put(model / "blobs" / "ef01", "{}");
  fs::create_symlink("../../blobs/abcd", snapshot / "model.safetensors");
  fs::create_symlink("../../blobs/ef01", snapshot / "tokenizer.json");
  const Checkpoint checkpoint = open(snapshot);
  EXPECT_EQ(checkpoint.tensors().size(), 3u);
  EXPECT_THAT(checkpoint.other_files(), ElementsAre("tokenizer.json"));
  EXPECT_EQ(*checkpoint.locate("tokenizer.json"), fs::canonical(model / "blobs" / "ef01"));
  fs::create_symlink("../../refs", snapshot / "x");
  EXPECT_FALSE(checkpoint.locate("x"));
  fs::remove(snapshot / "x");
  put(model / "secret", "s");
  fs::create_symlink("../../secret", snapshot / "LICENSE");
  const Result<Checkpoint> refused = Checkpoint::open(snapshot);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, (snapshot / "LICENSE").string() + ": is a link to " +
                                         in_quotes(fs::canonical(model / "secret").string()) +
                                         ", outside of the folder; put the file itself there");
}

TEST_F(CheckpointTest, AMissingFolderIsAnError) {
  const Result<Checkpoint> checkpoint = Checkpoint::open(path() / "gone");
  ASSERT_FALSE(checkpoint);
  EXPECT_EQ(checkpoint.error().message, (path() / "gone").string() + ": cannot open: No such file or directory");
}

// --- Configurations ---

TEST(ParseConfigTest, InfinityReadsAsNull) {
  const auto value = [](std::string text) {
    const Result<JsonFile> file = parse_config(std::move(text), "config.json");
    return file ? file->value.dump() : file.error().message;
  };
  EXPECT_EQ(value(R"({"a": Infinity, "b": [-Infinity], "c": "Infinity", "d\"": "\\"})"),
            R"({"a":null,"b":[null],"c":"Infinity","d\"":"\\"})");
  EXPECT_EQ(value(R"({"\"": Infinity, "x\" Infinity": 1})"), R"({"\"":null,"x\" Infinity":1})");
  EXPECT_EQ(value("{\"a\": Infinity, x}"), "config.json:1:17 (offset 16): not JSON: unexpected 'x'");
  EXPECT_EQ(value("{\"a\": Infinit}"), "config.json:1:7 (offset 6): not JSON: unexpected 'I'");
}

}  // namespace
}  // namespace assay::artifact
