#include "kernels/artifact/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "harness/base/json_events.h"
#include "kernels/nvfp4/block.h"

namespace assay::artifact {
namespace {

constexpr std::uint64_t kBlock = nvfp4::kBlock;

// --- Which tensors belong together ---

constexpr std::array kAllParts = {Part::codes, Part::block_scale, Part::tensor_scale, Part::input_scale};

/// The tensors of one module by what they are called, in either dialect, and those of variants that are not read.
struct Found {
  std::array<std::optional<TensorPlace>, 4> modelopt, compressed;
  std::optional<TensorPlace> variant;
  std::string variant_name;

  auto& of(Dialect dialect) { return dialect == Dialect::modelopt ? modelopt : compressed; }
  const auto& of(Dialect dialect) const { return dialect == Dialect::modelopt ? modelopt : compressed; }
};
using Modules = std::map<std::string, Found, std::less<>>;

constexpr std::array kVariants = {std::string_view("pre_quant_scale"), std::string_view("svdquant_lora_a"),
                                  std::string_view("svdquant_lora_b")};

Modules modules_of(const Checkpoint& checkpoint) {
  Modules modules;
  for (const TensorPlace place : checkpoint.tensors()) {
    const std::string_view name = checkpoint.info(place).name;
    const std::size_t dot = name.rfind('.');
    if (dot == name.npos) continue;
    const std::string_view module = name.substr(0, dot), suffix = name.substr(dot + 1);
    for (const Dialect dialect : {Dialect::modelopt, Dialect::compressed_tensors})
      for (const Part part : kAllParts)
        if (suffix == suffix_of(dialect, part))
          modules[std::string(module)].of(dialect)[static_cast<std::size_t>(part)] = place;
    if (std::ranges::find(kVariants, suffix) == kVariants.end()) continue;
    modules[std::string(module)].variant = place;
    modules[std::string(module)].variant_name = suffix;
  }
  return modules;
}

/// Whether the tensors, by names or types that nothing else has, are those of an NVFP4 module.
bool is_quantized(const Checkpoint& checkpoint, const Quantization& q, std::string_view name, const Found& found) {
  if (const auto layer = q.layers.find(name); layer != q.layers.end())
    return layer->second.find("NVFP4") != std::string::npos;
  const auto dtype = [&](const std::optional<TensorPlace>& place) {
    return place ? std::optional(checkpoint.info(*place).dtype) : std::nullopt;
  };
  const auto& [codes, block_scale, tensor_scale, input_scale] = found.modelopt;
  const auto& [packed, same, global_scale, input_global] = found.compressed;
  return tensor_scale || packed || global_scale || input_global || dtype(codes) == Dtype::U8 ||
         dtype(codes) == Dtype::F4 || dtype(block_scale) == Dtype::F8_E4M3;
}

// --- One module ---

std::string_view dialect_name(Dialect dialect) {
  return dialect == Dialect::modelopt ? "ModelOpt" : "compressed-tensors";
}

/// Reads and checks one module; every refusal names the file of the tensor that it is about.
class ModuleReader {
 public:
  ModuleReader(const Checkpoint& checkpoint, const Quantization& q, const std::string& name, const Found& found)
      : checkpoint_(checkpoint), q_(q), name_(name), found_(found) {}

  Result<QuantizedModule> read();

 private:
  const std::optional<TensorPlace>& place(Part part) const {
    return found_.of(q_.dialect)[static_cast<std::size_t>(part)];
  }
  std::string_view suffix(Part part) const { return suffix_of(q_.dialect, part); }
  Error refuse(TensorPlace place, std::string_view rule) const {
    return {fmt::format("{}: module {}: {}", checkpoint_.file(place).path(), in_quotes(name_), rule)};
  }
  TensorPlace any_place() const;
  Status check_names() const;
  Status check_dtype(Part part, Dtype dtype) const;
  Status check_shapes(QuantizedModule& module) const;
  Result<float> scale(Part part) const;

  const Checkpoint& checkpoint_;
  const Quantization& q_;
  const std::string& name_;
  const Found& found_;
};

TensorPlace ModuleReader::any_place() const {
  for (const Dialect dialect : {q_.dialect, Dialect::modelopt, Dialect::compressed_tensors})
    for (const auto& place : found_.of(dialect))
      if (place) return *place;
  return {};
}

/// All of this dialect, and none that only the other has.
Status ModuleReader::check_names() const {
  const Dialect other = q_.dialect == Dialect::modelopt ? Dialect::compressed_tensors : Dialect::modelopt;
  for (const Part part : kAllParts) {
    const auto& foreign = found_.of(other)[static_cast<std::size_t>(part)];
    if (!foreign || suffix_of(other, part) == suffix(part)) continue;
    return refuse(*foreign,
                  fmt::format("{} is a name of {}, but the configuration is of {}: a scale would be read as its "
                              "reciprocal",
                              suffix_of(other, part), dialect_name(other), dialect_name(q_.dialect)));
  }
  if (found_.variant)
    return refuse(*found_.variant, fmt::format("has {}; the AWQ and SVD variants are not read", found_.variant_name));
  for (const Part part : {Part::codes, Part::block_scale, Part::tensor_scale})
    if (!place(part)) return refuse(any_place(), fmt::format("{} is missing", suffix(part)));
  if (!place(Part::input_scale) && q_.has_input_scale(name_))
    return refuse(any_place(),
                  fmt::format("{} is missing, which every module of W4A4 needs", suffix(Part::input_scale)));
  return ok();
}

Status ModuleReader::check_dtype(Part part, Dtype dtype) const {
  const TensorInfo& tensor = checkpoint_.info(*place(part));
  if (tensor.dtype == dtype) return ok();
  return refuse(*place(part),
                fmt::format("{} is {}, expected {}", suffix(part), to_string(tensor.dtype), to_string(dtype)));
}

Status ModuleReader::check_shapes(QuantizedModule& module) const {
  const TensorPlace codes_at = *place(Part::codes), scales_at = *place(Part::block_scale);
  const auto& codes = checkpoint_.info(codes_at).shape;
  const auto& scales = checkpoint_.info(scales_at).shape;
  if (codes.size() != 2)
    return refuse(codes_at, fmt::format("{} has shape {}, expected [N, K/2]; experts are stored one by one",
                                        suffix(Part::codes), shape_text(codes)));
  if (codes[1] % (kBlock / 2) != 0)
    return refuse(codes_at, fmt::format("{} has shape {}: K = {} is not whole blocks of {}", suffix(Part::codes),
                                        shape_text(codes), 2 * codes[1], kBlock));
  module.rows = codes[0];
  module.columns = 2 * codes[1];
  const std::vector<std::uint64_t> linear = {codes[0], codes[1] / (kBlock / 2)};
  if (scales == linear) return ok();
  // Tiles are padded: the rows to 128, the blocks to 4.
  const std::uint64_t tiled = (linear[0] + 127) / 128 * 128 * ((linear[1] + 3) / 4 * 4);
  const bool looks_tiled = checkpoint_.info(scales_at).elements() == tiled;
  return refuse(
      scales_at,
      fmt::format("{} has shape {}, expected {}{}", suffix(Part::block_scale), shape_text(scales), shape_text(linear),
                  looks_tiled ? ": it looks like 128x4 tiles, but scales are stored in rows" : ""));
}

Result<float> ModuleReader::scale(Part part) const {
  const TensorPlace at = *place(part);
  const TensorInfo& tensor = checkpoint_.info(at);
  if (tensor.dtype != Dtype::F32 || tensor.shape.size() > 1 || tensor.elements() != 1)
    return refuse(at, fmt::format("{} is {} {}, expected one F32", suffix(part), to_string(tensor.dtype),
                                  shape_text(tensor.shape)));
  float stored = 0;
  if (Status s = checkpoint_.file(at).read_floats(tensor, 0, {&stored, 1}); !s) return s.error();
  const float multiplier = stored_scale(q_.dialect, stored);
  if (std::isfinite(multiplier) && multiplier > 0) return multiplier;
  return refuse(at, fmt::format("{} is {}, expected a positive finite number", suffix(part), stored));
}

Result<QuantizedModule> ModuleReader::read() {
  if (Status s = check_names(); !s) return s.error();
  if (Status s = check_dtype(Part::codes, Dtype::U8); !s) return s.error();
  if (Status s = check_dtype(Part::block_scale, Dtype::F8_E4M3); !s) return s.error();
  QuantizedModule module{.name = name_, .codes = *place(Part::codes), .block_scale = *place(Part::block_scale)};
  if (Status s = check_shapes(module); !s) return s.error();
  const Result<float> tensor_scale = scale(Part::tensor_scale);
  if (!tensor_scale) return tensor_scale.error();
  module.tensor_scale = *tensor_scale;
  if (!place(Part::input_scale)) return module;
  const Result<float> input_scale = scale(Part::input_scale);
  if (!input_scale) return input_scale.error();
  module.input_scale = *input_scale;
  return module;
}

// --- Modules together ---

Error refuse(const Checkpoint& checkpoint, const QuantizedModule& module, std::string_view rule) {
  return {fmt::format("{}: module {}: {}", checkpoint.file(module.codes).path(), in_quotes(module.name), rule)};
}

/// The list of modules left alone, made fast to ask.
class Exclusions {
 public:
  static Result<Exclusions> of(const std::vector<std::string>& entries, const std::string& folder) {
    Exclusions exclusions;
    for (const std::string& entry : entries) {
      if (entry.starts_with("re:")) continue;  // A regular expression of a stranger is not run.
      if (entry.find_first_of("*?") == entry.npos)
        exclusions.names_.insert(entry);
      else
        exclusions.patterns_.push_back(entry);
    }
    if (exclusions.patterns_.size() > kPatterns)
      return Error{fmt::format("{}: {} patterns of modules left alone, over the limit of {}", folder,
                               exclusions.patterns_.size(), kPatterns)};
    return exclusions;
  }

  /// The entry that names the module.
  std::optional<std::string> find(const std::string& module) const {
    if (names_.contains(module)) return module;
    const auto hit =
        std::ranges::find_if(patterns_, [&](const std::string& entry) { return names_module(entry, module); });
    return hit == patterns_.end() ? std::nullopt : std::optional(*hit);
  }

 private:
  static constexpr std::size_t kPatterns = 1000;
  std::set<std::string> names_;
  std::vector<std::string> patterns_;
};

Status check_exclusions(const Checkpoint& checkpoint, const Artifact& artifact) {
  const auto exclusions = Exclusions::of(artifact.quantization.excluded, checkpoint.path().string());
  if (!exclusions) return exclusions.error();
  for (const QuantizedModule& module : artifact.modules)
    if (const auto entry = exclusions->find(module.name))
      return refuse(checkpoint, module,
                    fmt::format("is quantised, but the list of modules left alone has {}", in_quotes(*entry)));
  return ok();
}

Status check_fused(const Checkpoint& checkpoint, const std::vector<QuantizedModule>& modules) {
  std::map<std::string, const QuantizedModule*> first;
  for (const QuantizedModule& module : modules) {
    const auto group = fusion_group(module.name);
    if (!group) continue;
    const QuantizedModule& other = *first.emplace(*group, &module).first->second;
    const auto differ = [&](std::string_view scale, float mine, float theirs) {
      return refuse(checkpoint, module,
                    fmt::format("{} {}, but {} has {}: loaders fuse both into {} with one scale", scale, mine,
                                in_quotes(other.name), theirs, in_quotes(*group)));
    };
    if (module.tensor_scale != other.tensor_scale)
      return differ("tensor scale", module.tensor_scale, other.tensor_scale);
    if (module.input_scale != other.input_scale)
      return differ("input scale", module.input_scale.value_or(0), other.input_scale.value_or(0));
  }
  return ok();
}

/// "PREFIX.experts.NUMBER.REST".
struct ExpertName {
  std::string_view prefix, rest;  ///< The prefix ends in ".experts.".
  std::uint32_t number = 0;
};
std::optional<ExpertName> expert_of(std::string_view module) {
  constexpr std::string_view kWord = "experts.";
  const std::size_t word = module.rfind(kWord);
  if (word == module.npos || (word > 0 && module[word - 1] != '.')) return std::nullopt;
  const std::string_view after = module.substr(word + kWord.size());
  ExpertName name{.prefix = module.substr(0, word + kWord.size())};
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), name.number);
  const std::size_t digits = static_cast<std::size_t>(end - after.data());
  if (error != std::errc{} || digits == after.size() || after[digits] != '.') return std::nullopt;
  name.rest = after.substr(digits + 1);
  return name;
}

/// The experts of one layer are either all quantised or none is, and each has the same matrices: a kernel takes them as
/// one stack. Experts that are there but not quantised are counted by the modules that have tensors at all.
Status check_experts(const Checkpoint& checkpoint, const Modules& all, const std::vector<QuantizedModule>& modules) {
  std::map<std::string_view, std::set<std::uint32_t>> numbers;  // Of a prefix.
  for (const auto& [module, found] : all)
    if (const auto expert = expert_of(module)) numbers[expert->prefix].insert(expert->number);
  std::map<std::pair<std::string_view, std::string_view>, std::pair<std::set<std::uint32_t>, const QuantizedModule*>>
      stacks;
  for (const QuantizedModule& module : modules)
    if (const auto expert = expert_of(module.name)) {
      auto& [members, one] = stacks[{expert->prefix, expert->rest}];
      members.insert(expert->number);
      one = &module;
    }
  for (const auto& [key, stack] : stacks) {
    const auto& [members, one] = stack;
    const std::uint32_t last = *numbers[key.first].rbegin();
    std::uint32_t due = 0;
    for (const std::uint32_t member : members)
      if (member == due) ++due;
    if (due > last) continue;
    return Error{fmt::format("{}: module {}: not quantised or missing, though {} is: experts are read as one stack",
                             checkpoint.file(one->codes).path(),
                             in_quotes(fmt::format("{}{}.{}", key.first, due, key.second)), in_quotes(one->name))};
  }
  return ok();
}

/// Places that no module took.
std::vector<TensorPlace> rest_of(const Checkpoint& checkpoint, const Modules& all,
                                 const std::set<std::string_view>& quantized, Dialect dialect) {
  std::set<std::pair<std::size_t, std::size_t>> taken;
  for (const std::string_view module : quantized)
    for (const auto& place : all.find(module)->second.of(dialect))
      if (place) taken.emplace(place->shard, place->index);
  std::vector<TensorPlace> others;
  for (const TensorPlace place : checkpoint.tensors())
    if (!taken.contains({place.shard, place.index})) others.push_back(place);
  return others;
}

}  // namespace

Result<Artifact> read_artifact(const Checkpoint& checkpoint, FusedScales fused) {
  Result<Quantization> quantization = read_quantization(checkpoint);
  if (!quantization) return std::move(quantization).error();
  Artifact artifact{.quantization = *std::move(quantization)};
  const Modules all = modules_of(checkpoint);
  std::set<std::string_view> quantized;
  for (const auto& [name, found] : all) {
    if (!is_quantized(checkpoint, artifact.quantization, name, found)) continue;
    Result<QuantizedModule> module = ModuleReader(checkpoint, artifact.quantization, name, found).read();
    if (!module) return std::move(module).error();
    artifact.modules.push_back(*std::move(module));
    quantized.insert(name);
  }
  if (artifact.modules.empty())
    return Error{checkpoint.path().string() + ": the configuration says NVFP4, but no module is quantised"};
  if (Status s = check_exclusions(checkpoint, artifact); !s) return s.error();
  if (Status s = check_experts(checkpoint, all, artifact.modules); !s) return s.error();
  if (fused == FusedScales::must_be_equal)
    if (Status s = check_fused(checkpoint, artifact.modules); !s) return s.error();
  artifact.others = rest_of(checkpoint, all, quantized, artifact.quantization.dialect);
  return artifact;
}

Status check_block_scales(const Checkpoint& checkpoint, const QuantizedModule& module) {
  constexpr std::uint8_t kLargest = 0x7e;
  const TensorInfo& tensor = checkpoint.info(module.block_scale);
  const std::uint64_t blocks = module.columns / kBlock;
  std::vector<std::byte> bytes(std::min<std::uint64_t>(tensor.bytes(), 1u << 20));
  for (std::uint64_t first = 0; first < tensor.bytes(); first += bytes.size()) {
    const std::span chunk = std::span(bytes).first(std::min<std::uint64_t>(bytes.size(), tensor.bytes() - first));
    if (Status s = checkpoint.file(module.block_scale).read(tensor, first, chunk); !s) return s;
    const auto bad =
        std::ranges::find_if(chunk, [](std::byte b) { return std::to_integer<std::uint8_t>(b) > kLargest; });
    if (bad == chunk.end()) continue;
    const std::uint64_t at = first + static_cast<std::uint64_t>(bad - chunk.begin());
    return Error{fmt::format("{}: module {}: block scale {:#04x} in row {}, block {}: scales are 0x00 to 0x7e",
                             checkpoint.file(module.block_scale).path(), in_quotes(module.name),
                             std::to_integer<unsigned>(*bad), at / blocks, at % blocks)};
  }
  return ok();
}

Result<Artifact> check_artifact(const Checkpoint& checkpoint, FusedScales fused) {
  Result<Artifact> artifact = read_artifact(checkpoint, fused);
  if (!artifact) return artifact;
  for (const QuantizedModule& module : artifact->modules)
    if (Status s = check_block_scales(checkpoint, module); !s) return s.error();
  return artifact;
}

Status check_finite(const SafetensorsFile& file, const TensorInfo& tensor) {
  std::vector<float> values(std::min<std::uint64_t>(tensor.elements(), 1u << 16));
  for (std::uint64_t first = 0; first < tensor.elements(); first += values.size()) {
    const std::span chunk = std::span(values).first(std::min<std::uint64_t>(values.size(), tensor.elements() - first));
    if (Status s = file.read_floats(tensor, first, chunk); !s) return s;
    const auto bad = std::ranges::find_if(chunk, [](float value) { return !std::isfinite(value); });
    if (bad == chunk.end()) continue;
    return Error{fmt::format("{}: tensor {}: element {} is {}; a model with it cannot be quantised", file.path(),
                             in_quotes(tensor.name), first + static_cast<std::uint64_t>(bad - chunk.begin()), *bad)};
  }
  return ok();
}

}  // namespace assay::artifact
