#include "kernels/artifact/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <system_error>
#include <utility>

#include "harness/base/file_system.h"
#include "harness/base/json_events.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModel = "model.safetensors", kIndex = "model.safetensors.index.json",
                           kConfig = "config.json", kQuantConfig = "hf_quant_config.json";
constexpr std::size_t kConfigBytes = 16u << 20;

/// Whether nothing but a file of the folder itself can be meant.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find_first_of("/\\") == name.npos && is_plain_text(name);
}

/// Whether a resolved path lies in the folder, or, for a folder of the Hugging Face cache, among its model's blobs.
bool is_inside(const fs::path& real, const fs::path& folder) {
  const auto [end, rest] = std::ranges::mismatch(folder, real);
  if (end == folder.end()) return true;
  const fs::path snapshots = folder.parent_path();
  return snapshots.filename() == "snapshots" && real.parent_path() == snapshots.parent_path() / "blobs";
}

/// Tensor name to file name.
using WeightMap = std::map<std::string, std::string, std::less<>>;

/// "metadata.total_size" is not compared: loaders do not read it, and writers differ in what they count.
Result<WeightMap> parse_index(std::string_view text, std::string_view name) {
  const Result<Json> index = parse_json(text, name, {.floats = Floats::kAllow});
  if (!index) return index.error();
  const auto refuse = [&](std::string_view rule) { return Error{fmt::format("{}: {}", name, rule)}; };
  const Json* map = index->is_object() && index->contains("weight_map") ? &(*index)["weight_map"] : nullptr;
  if (!map || !map->is_object()) return refuse("no object 'weight_map', which says what file holds which tensor");
  if (map->size() > kTensorsOfACheckpoint)
    return refuse(fmt::format("weight_map: {} tensors, over the limit of {}", map->size(), kTensorsOfACheckpoint));
  WeightMap files;
  for (const auto& [tensor, file] : map->items()) {
    const std::string where = fmt::format("weight_map: tensor {}: ", in_quotes(tensor));
    if (!file.is_string()) return refuse(where + "expected the name of a file, found " + file.type_name());
    const auto& shard = file.get_ref<const std::string&>();
    if (!is_plain_name(shard) || !shard.ends_with(".safetensors"))
      return refuse(where +
                    fmt::format("{} is not the plain name of a .safetensors file in this folder", in_quotes(shard)));
    files.emplace(tensor, shard);
  }
  return files;
}

std::vector<std::string> shards_of(const WeightMap& map) {
  std::vector<std::string> names;
  for (const auto& [tensor, file] : map) names.push_back(file);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// The file name of a shard, which its messages carry after the folder.
std::string name_of(const SafetensorsFile& shard) { return fs::path(shard.path()).filename().string(); }

/// Index and files must agree both ways: a loader that follows one of them must see what a loader of the other sees.
Status compare(const WeightMap& map, const std::vector<SafetensorsFile>& shards, std::string_view index) {
  for (const SafetensorsFile& shard : shards)
    for (const TensorInfo& tensor : shard.tensors()) {
      const auto listed = map.find(tensor.name);
      if (listed == map.end())
        return Error{
            fmt::format("{}: holds tensor {}, which {} does not list", shard.path(), in_quotes(tensor.name), kIndex)};
      if (listed->second != name_of(shard))
        return Error{fmt::format("{}: holds tensor {}, which {} places in {}", shard.path(), in_quotes(tensor.name),
                                 kIndex, in_quotes(listed->second))};
    }
  for (const auto& [tensor, file] : map) {
    const auto shard = std::ranges::find(shards, file, name_of);
    if (shard == shards.end() || !shard->find(tensor))
      return Error{fmt::format("{}: weight_map: tensor {} is not in {}", index, in_quotes(tensor), in_quotes(file))};
  }
  return ok();
}

/// Python's json module writes Infinity outside of strings; null is shorter, and spaces keep the offsets.
std::string without_infinity(std::string text) {
  constexpr std::string_view kWord = "Infinity";
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && std::string_view(text).substr(i).starts_with(kWord)) {
      const std::size_t first = i > 0 && text[i - 1] == '-' ? i - 1 : i;
      text.replace(first, i - first + kWord.size(), "null" + std::string(i - first + kWord.size() - 4, ' '));
    }
  }
  return text;
}

// --- Other files ---

/// Weights in formats that are not read here: a copy of the model would hold them twice.
constexpr std::array kWeightEndings = {
    std::string_view(".safetensors"), std::string_view(".safetensors.index.json"),
    std::string_view(".bin"),         std::string_view(".bin.index.json"),
    std::string_view(".pt"),          std::string_view(".pth"),
    std::string_view(".ckpt"),        std::string_view(".onnx"),
    std::string_view(".onnx_data"),   std::string_view(".gguf"),
    std::string_view(".h5"),          std::string_view(".msgpack"),
    std::string_view(".tflite"),      std::string_view(".ot"),
    std::string_view(".npz"),         std::string_view(".part"),
};

bool is_copied(std::string_view name) {
  return std::ranges::none_of(kWeightEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

constexpr int kFolderDepth = 4;
constexpr std::size_t kOtherFiles = 10'000;

/// What is neither a folder nor hidden nor weights nor a configuration of the model: paths in the folder, sorted.
Result<std::vector<std::string>> copied_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, code);
  for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
    const std::string relative = entry->path().lexically_relative(folder).string(), name = entry->path().filename();
    const bool is_hidden = name.starts_with('.'), is_folder = entry->is_directory(code) && !entry->is_symlink(code);
    if (is_hidden) entry.disable_recursion_pending();
    if (is_folder && !is_hidden && entry.depth() >= kFolderDepth)
      return Error{entry->path().string() + ": folders nest too deep for a checkpoint"};
    if (is_hidden || is_folder || !is_copied(name) || relative == kConfig || relative == kQuantConfig) continue;
    names.push_back(relative);
    if (names.size() > kOtherFiles)
      return Error{
          fmt::format("{}: more than {} files; name the folder of a checkpoint", folder.string(), kOtherFiles)};
  }
  if (code) return errno_error(folder.string(), "list", "readdir", code.value());
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<JsonFile> parse_config(std::string text, std::string_view name) {
  Result<Json> value = parse_json(without_infinity(text), name, {.bytes = kConfigBytes, .floats = Floats::kAllow});
  if (!value) return std::move(value).error();
  if (!value->is_object()) return Error{fmt::format("{}: expected an object, found {}", name, value->type_name())};
  return JsonFile{std::move(text), *std::move(value)};
}

Result<fs::path> Checkpoint::locate(std::string_view relative) const {
  const fs::path path = path_ / relative;
  std::error_code code;
  const fs::path folder = fs::canonical(path_, code);
  if (code) return errno_error(path_.string(), "open", "realpath", code.value());
  fs::path real = fs::canonical(path, code);
  if (code) return errno_error(path.string(), "open", "realpath", code.value());
  if (is_inside(real, folder)) return real;
  return Error{fmt::format("{}: is a link to {}, outside of the folder; put the file itself there", path.string(),
                           in_quotes(real.string()))};
}

Result<Checkpoint> Checkpoint::open(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::exists(status)) return errno_error(path.string(), "open", "stat", code ? code.value() : ENOENT);
  if (fs::is_directory(status)) {
    if (Status s = checkpoint.open_folder(); !s) return s.error();
  } else {
    Result<SafetensorsFile> file = SafetensorsFile::open(path);
    if (!file) return std::move(file).error();
    checkpoint.shards_.push_back(*std::move(file));
  }
  if (Status s = checkpoint.list_tensors(); !s) return s.error();
  return checkpoint;
}

Status Checkpoint::open_folder() {
  std::error_code code;
  const bool has_model = fs::exists(fs::symlink_status(path_ / kModel, code));
  const bool has_index = fs::exists(fs::symlink_status(path_ / kIndex, code));
  if (!has_model && !has_index)
    return Error{fmt::format("{}: holds neither {} nor {}; name the folder of a checkpoint, or one .safetensors file",
                             path_.string(), kModel, kIndex)};
  if (!has_index) {
    if (Status s = open_shards({std::string(kModel)}); !s) return s;
  } else {
    const std::string name = path_ / kIndex;
    const Result<fs::path> file = locate(kIndex);
    if (!file) return file.error();
    const Result<std::string> text = read_file(*file);
    if (!text) return text.error();
    const Result<WeightMap> map = parse_index(*text, name);
    if (!map) return map.error();
    const std::vector<std::string> names = shards_of(*map);
    if (has_model && !std::ranges::binary_search(names, kModel))
      return Error{
          fmt::format("{}: holds both {} and {}, which does not list it; loaders differ on which counts, so remove "
                      "one",
                      path_.string(), kModel, kIndex)};
    if (Status s = open_shards(names); !s) return s;
    if (Status s = compare(*map, shards_, name); !s) return s;
  }
  if (Status s = read_configs(); !s) return s;
  return list_other_files();
}

Status Checkpoint::open_shards(const std::vector<std::string>& names) {
  if (names.size() > kShards)
    return Error{fmt::format("{}: {} files of weights, over the limit of {}", path_.string(), names.size(), kShards)};
  for (const std::string& name : names) {
    const Result<fs::path> real = locate(name);
    if (!real) return real.error();
    Result<SafetensorsFile> file = SafetensorsFile::open(*real, (path_ / name).string());
    if (!file) return std::move(file).error();
    shards_.push_back(*std::move(file));
  }
  return ok();
}

Status Checkpoint::list_tensors() {
  for (std::size_t shard = 0; shard < shards_.size(); ++shard)
    for (std::size_t index = 0; index < shards_[shard].tensors().size(); ++index) tensors_.push_back({shard, index});
  if (tensors_.size() > kTensorsOfACheckpoint)
    return Error{
        fmt::format("{}: {} tensors, over the limit of {}", path_.string(), tensors_.size(), kTensorsOfACheckpoint)};
  by_name_ = tensors_;
  std::ranges::sort(by_name_, {}, [&](TensorPlace place) { return std::string_view(info(place).name); });
  return ok();
}

Status Checkpoint::read_configs() {
  for (const auto& [name, config] : {std::pair{kConfig, &config_}, {kQuantConfig, &quant_config_}}) {
    std::error_code code;
    if (!fs::exists(fs::symlink_status(path_ / name, code))) continue;
    const Result<fs::path> file = locate(name);
    if (!file) return file.error();
    Result<std::string> text = read_file(*file, kConfigBytes);
    if (!text) return text.error();
    Result<JsonFile> parsed = parse_config(*std::move(text), (path_ / name).string());
    if (!parsed) return parsed.error();
    *config = *std::move(parsed);
  }
  return ok();
}

Status Checkpoint::list_other_files() {
  Result<std::vector<std::string>> names = copied_files(path_);
  if (!names) return std::move(names).error();
  for (const std::string& name : *names) {
    const Result<fs::path> real = locate(name);
    if (!real) return real.error();
    std::error_code code;
    if (!fs::is_regular_file(*real, code))
      return Error{fmt::format("{}: is neither a file nor a folder, or a link to a folder; put the file itself there",
                               (path_ / name).string())};
  }
  other_files_ = *std::move(names);
  return ok();
}

std::optional<TensorPlace> Checkpoint::find(std::string_view name) const {
  const auto by = [&](TensorPlace place) { return std::string_view(info(place).name); };
  const auto at = std::ranges::lower_bound(by_name_, name, {}, by);
  if (at == by_name_.end() || by(*at) != name) return std::nullopt;
  return *at;
}

}  // namespace assay::artifact
