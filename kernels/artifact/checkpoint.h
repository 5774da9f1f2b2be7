// A checkpoint: the folder (or the single file) in which a model's weights lie.
//
// A folder holds config.json, tokenizer files, and either model.safetensors or several files with an index,
// model.safetensors.index.json, that says which file holds which tensor. The index is a stranger's text that names
// files to be opened, so its names may not leave the folder, and it must agree with the files both ways. Links may lead
// out of the folder only as the Hugging Face cache has them, from snapshots/REVISION to the model's own blobs: anything
// else would copy a file of the reader's machine into what the reader publishes. Source: transformers' and vLLM's
// loaders; huggingface_hub's description of its cache. Tested by tests/artifact/checkpoint_test.cc and
// tests/artifact/malformed_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "kernels/artifact/safetensors.h"

namespace assay::artifact {

inline constexpr std::size_t kTensorsOfACheckpoint = 1u << 20;
inline constexpr std::size_t kShards = 4096;

/// A JSON file as it is, and what it says. Python writes Infinity, which JSON does not have: it reads as null.
struct JsonFile {
  std::string text;
  Json value;
};
/// Error: not a JSON object, a key twice.
Result<JsonFile> parse_config(std::string text, std::string_view name);

/// Where a tensor lies.
struct TensorPlace {
  std::size_t shard = 0, index = 0;
};

class Checkpoint {
 public:
  /// A folder, or a .safetensors file. Every header is read and checked; no payload is.
  static Result<Checkpoint> open(const std::filesystem::path&);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<SafetensorsFile>& shards() const { return shards_; }
  /// By file name, then in the order of the bytes: the same on every machine, and the order in which reading is
  /// fastest.
  const std::vector<TensorPlace>& tensors() const { return tensors_; }
  const TensorInfo& info(TensorPlace place) const { return shards_[place.shard].tensors()[place.index]; }
  const SafetensorsFile& file(TensorPlace place) const { return shards_[place.shard]; }
  std::optional<TensorPlace> find(std::string_view name) const;

  /// config.json and hf_quant_config.json; none for a single file or where the folder has none.
  const std::optional<JsonFile>& config() const { return config_; }
  const std::optional<JsonFile>& quant_config() const { return quant_config_; }
  /// What a copy of the model needs besides weights and configuration (tokenizer, code, licence): paths relative to the
  /// folder, sorted. Weights in other formats and hidden files are left out.
  const std::vector<std::string>& other_files() const { return other_files_; }
  /// The file behind a relative path, links resolved and checked.
  Result<std::filesystem::path> locate(std::string_view relative) const;

 private:
  Checkpoint() = default;
  Status open_folder();
  Status open_shards(const std::vector<std::string>& names);
  Status list_tensors();
  Status read_configs();
  Status list_other_files();

  std::filesystem::path path_;
  std::vector<SafetensorsFile> shards_;
  std::vector<TensorPlace> tensors_;
  std::vector<TensorPlace> by_name_;
  std::optional<JsonFile> config_, quant_config_;
  std::vector<std::string> other_files_;
};

}  // namespace assay::artifact
