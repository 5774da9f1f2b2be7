#include "kernels/artifact/modelopt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/json_events.h"
#include "kernels/artifact/module_name.h"
#include "kernels/nvfp4/block.h"

namespace assay::artifact {
namespace {

constexpr int kGroup = nvfp4::kBlock;

// --- Names ---

struct PartRow {
  Part part;
  std::string_view modelopt, compressed_tensors;
};
constexpr std::array kParts = {
    PartRow{Part::codes, "weight", "weight_packed"},
    PartRow{Part::block_scale, "weight_scale", "weight_scale"},
    PartRow{Part::tensor_scale, "weight_scale_2", "weight_global_scale"},
    PartRow{Part::input_scale, "input_scale", "input_global_scale"},
};

/// Last names of modules that are read as one matrix, and the name of that matrix.
struct FusedRow {
  std::string_view member, group;
};
constexpr std::array kFused = {
    FusedRow{"q_proj", "qkv_proj"},
    FusedRow{"k_proj", "qkv_proj"},
    FusedRow{"v_proj", "qkv_proj"},
    FusedRow{"gate_proj", "gate_up_proj"},
    FusedRow{"up_proj", "gate_up_proj"},
    FusedRow{"w1", "w13"},
    FusedRow{"w3", "w13"},
    FusedRow{"q_a_proj", "fused_qkv_a_proj"},
    FusedRow{"kv_a_proj_with_mqa", "fused_qkv_a_proj"},
};

// --- Formats ---

constexpr std::string_view kCompressed = "compressed-tensors", kPacked = "nvfp4-pack-quantized";

std::string_view quant_algo(Algo algo) { return algo == Algo::w4a4 ? "NVFP4" : "W4A16_NVFP4"; }

Json modelopt_arguments() { return {{"num_bits", 4}, {"type", "float"}, {"group_size", kGroup}, {"dynamic", false}}; }
Json compressed_arguments(Json dynamic) {
  return {{"num_bits", 4},        {"type", "float"},   {"strategy", "tensor_group"},
          {"group_size", kGroup}, {"symmetric", true}, {"dynamic", std::move(dynamic)}};
}
Json kv_cache_arguments() { return {{"num_bits", 8}, {"type", "float"}, {"dynamic", false}}; }

Json modelopt_config(const Quantization& q, std::string_view version) {
  Json group = {{"targets", {"Linear"}}, {"weights", modelopt_arguments()}};
  if (q.algo == Algo::w4a4) group["input_activations"] = modelopt_arguments();
  Json config = {{"quant_method", "modelopt"},
                 {"quant_algo", quant_algo(q.algo)},
                 {"producer", {{"name", "modelopt"}, {"version", version}}},
                 {"ignore", q.excluded},
                 {"config_groups", {{"group_0", std::move(group)}}}};
  if (q.fp8_kv_cache) config["kv_cache_scheme"] = kv_cache_arguments();
  return config;
}

Json compressed_config(const Quantization& q) {
  Json group = {{"targets", {"Linear"}},
                {"weights", compressed_arguments(false)},
                {"input_activations", q.algo == Algo::w4a4 ? compressed_arguments("local") : Json()},
                {"output_activations", nullptr}};
  return {{"quant_method", kCompressed},
          {"format", kPacked},
          {"quantization_status", "compressed"},
          {"kv_cache_scheme", q.fp8_kv_cache ? kv_cache_arguments() : Json()},
          {"ignore", q.excluded},
          {"config_groups", {{"group_0", std::move(group)}}}};
}

// --- Reading ---

/// The member, or null where it is missing.
const Json& member(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text_or(const Json& value, std::string_view fallback) {
  return value.is_string() ? value.get<std::string>() : std::string(fallback);
}

/// A value for a message of one line.
std::string shown(const Json& value) {
  return value.is_string() ? in_quotes(value.get_ref<const std::string&>()) : std::string(value.type_name());
}

Result<std::vector<std::string>> names_of(const Json& value, std::string_view where) {
  if (value.is_null()) return std::vector<std::string>();
  if (!value.is_array())
    return Error{fmt::format("{}: expected an array of names, found {}", where, value.type_name())};
  std::vector<std::string> names;
  for (const Json& name : value) {
    if (!name.is_string()) return Error{fmt::format("{}: expected a name, found {}", where, name.type_name())};
    names.push_back(name.get<std::string>());
  }
  return names;
}

/// The formats whose weights are the codes and scales that are read here.
Result<Algo> algo_from(const Json& value, std::string_view where) {
  const std::string name = text_or(value, "");
  if (name == "NVFP4") return Algo::w4a4;
  if (name == "W4A16_NVFP4") return Algo::w4a16;
  return Error{fmt::format("{}: quant_algo {}; NVFP4, W4A16_NVFP4 and MIXED_PRECISION are read", where, shown(value))};
}

Result<bool> reads_fp8_cache(const Json& value, std::string_view where) {
  if (value.is_null()) return false;
  const bool by_name = value == "FP8";
  const bool by_scheme = member(value, "num_bits") == 8 && member(value, "type") == "float";
  if (by_name || by_scheme) return true;
  return Error{fmt::format("{}: a KV cache of another format than FP8", where)};
}

/// NVFP4 in any of the groups has blocks of 16.
Status check_group_size(const Json& value, std::string_view where) {
  if (value.is_null() || value == kGroup) return ok();
  return Error{fmt::format("{}: group_size {}; NVFP4 has blocks of {}", where, value.dump(), kGroup)};
}

/// "quant_algo" of the whole or, under MIXED_PRECISION, of each module.
Status read_algo(const Json& object, std::string_view where, Quantization& q) {
  if (text_or(member(object, "quant_algo"), "") != "MIXED_PRECISION") {
    const Result<Algo> algo = algo_from(member(object, "quant_algo"), where);
    if (!algo) return algo.error();
    q.algo = *algo;
    return ok();
  }
  const Json& layers = member(object, "quantized_layers");
  if (!layers.is_object() || layers.empty())
    return Error{fmt::format("{}: MIXED_PRECISION without 'quantized_layers'", where)};
  for (const auto& [module, layer] : layers.items()) {
    const Json& algo = member(layer, "quant_algo");
    if (!algo.is_string())
      return Error{fmt::format("{}: quantized_layers: {}: no quant_algo", where, in_quotes(module))};
    q.layers[module] = algo.get<std::string>();
  }
  return ok();
}

/// What every form says under names of its own: the format of the KV cache, and which modules were left alone.
Status read_rest(const Json& object, std::string_view cache_key, std::string_view names_key, const std::string& where,
                 Quantization& q) {
  const Result<bool> cache = reads_fp8_cache(member(object, cache_key), where);
  if (!cache) return cache.error();
  q.fp8_kv_cache = *cache;
  auto names = names_of(member(object, names_key), fmt::format("{}: {}", where, names_key));
  if (!names) return std::move(names).error();
  q.excluded = *std::move(names);
  return ok();
}

Result<Quantization> read_hf_quant_config(const Json& file, const std::string& where) {
  const Json& object = member(file, "quantization");
  if (!object.is_object()) return Error{where + ": no object 'quantization'"};
  Quantization q;
  if (Status s = read_algo(object, where, q); !s) return s.error();
  if (Status s = check_group_size(member(object, "group_size"), where); !s) return s.error();
  if (Status s = read_rest(object, "kv_cache_quant_algo", "exclude_modules", where, q); !s) return s.error();
  return q;
}

Result<Quantization> read_modelopt(const Json& object, const std::string& where) {
  Quantization q;
  if (Status s = read_algo(object, where, q); !s) return s.error();
  const Json& group = member(member(object, "config_groups"), "group_0");
  if (q.layers.empty())
    if (Status s = check_group_size(member(member(group, "weights"), "group_size"), where); !s) return s.error();
  if (Status s = read_rest(object, "kv_cache_scheme", "ignore", where, q); !s) return s.error();
  return q;
}

/// One group that holds what NVFP4 is.
Status check_compressed_group(const Json& group, std::string_view where) {
  const Json& weights = member(group, "weights");
  const bool is_nvfp4 = member(weights, "num_bits") == 4 && member(weights, "type") == "float" &&
                        (member(weights, "strategy").is_null() || member(weights, "strategy") == "tensor_group");
  if (!is_nvfp4) return Error{fmt::format("{}: weights are not 4-bit floating point in tensor_group strategy", where)};
  return check_group_size(member(weights, "group_size"), where);
}

Result<Quantization> read_compressed(const Json& object, const std::string& where) {
  if (member(object, "format") != kPacked)
    return Error{fmt::format("{}: format {}; {} is read", where, shown(member(object, "format")), kPacked)};
  const Json& groups = member(object, "config_groups");
  if (!groups.is_object() || groups.size() != 1)
    return Error{fmt::format("{}: expected one config group, found {}", where, groups.is_object() ? groups.size() : 0)};
  if (Status s = check_compressed_group(*groups.begin(), where); !s) return s.error();
  Quantization q{.dialect = Dialect::compressed_tensors};
  q.algo = member(*groups.begin(), "input_activations").is_null() ? Algo::w4a16 : Algo::w4a4;
  if (Status s = read_rest(object, "kv_cache_scheme", "ignore", where, q); !s) return s.error();
  return q;
}

Result<Quantization> read_config(const Json& object, const std::string& where) {
  const std::string method = text_or(member(object, "quant_method"), "");
  if (method == kCompressed) return read_compressed(object, where);
  if (method.starts_with("modelopt")) return read_modelopt(object, where);
  return Error{fmt::format("{}: quant_method {}; modelopt and {} are read", where,
                           shown(member(object, "quant_method")), kCompressed)};
}

/// The first fact in which the two files differ; empty if there is none.
std::string_view difference(const Quantization& a, const Quantization& b) {
  if (a.dialect != b.dialect) return "quant_method";
  if (a.algo != b.algo || a.layers != b.layers) return "quant_algo";
  if (a.fp8_kv_cache != b.fp8_kv_cache) return "the format of the KV cache";
  auto names = a.excluded, others = b.excluded;
  std::ranges::sort(names);
  std::ranges::sort(others);
  return names != others ? "the modules left alone" : "";
}

}  // namespace

// --- Names ---

bool Quantization::has_input_scale(std::string_view module) const {
  if (layers.empty()) return algo == Algo::w4a4;
  const auto layer = layers.find(module);
  return layer != layers.end() && layer->second == "NVFP4";
}

std::string_view suffix_of(Dialect dialect, Part part) {
  const PartRow& row = kParts[static_cast<std::size_t>(part)];
  return dialect == Dialect::modelopt ? row.modelopt : row.compressed_tensors;
}

std::string tensor_name(Dialect dialect, std::string_view module, Part part) {
  return fmt::format("{}.{}", module, suffix_of(dialect, part));
}

std::vector<std::uint64_t> scalar_shape(Dialect dialect) {
  if (dialect == Dialect::modelopt) return {};
  return {1};
}

float stored_scale(Dialect dialect, float multiplier) {
  return dialect == Dialect::modelopt ? multiplier : 1.0f / multiplier;
}

std::optional<std::string> fusion_group(std::string_view module) {
  const auto [folder, last] = split_module(module);
  const auto* row = std::ranges::find(kFused, last, &FusedRow::member);
  if (row == kFused.end()) return std::nullopt;
  return fmt::format("{}{}", folder, row->group);
}

// --- Modules left alone ---

/// In time proportional to the product of the lengths, whatever the pattern: a '*' that failed is only ever retried
/// from the last one.
bool names_module(std::string_view entry, std::string_view module) {
  std::size_t e = 0, m = 0, star = entry.npos, retry = 0;
  while (m < module.size()) {
    if (e < entry.size() && entry[e] == '*') {
      star = e++;
      retry = m;
    } else if (e < entry.size() && (entry[e] == '?' || entry[e] == module[m])) {
      ++e;
      ++m;
    } else if (star != entry.npos) {
      e = star + 1;
      m = ++retry;
    } else {
      return false;
    }
  }
  return entry.substr(e).find_first_not_of('*') == entry.npos;
}

Status check_exclusions(std::span<const std::string> excluded, std::span<const std::string> quantized) {
  for (const std::string& entry : excluded) {
    if (entry.empty() || entry.find_first_of("*?[") != entry.npos)
      return Error{fmt::format("module {} left alone: expected a full name, not a pattern", in_quotes(entry))};
    for (const std::string& module : quantized) {
      if (module == entry) return Error{fmt::format("module {} is both quantised and left alone", in_quotes(module))};
      if (module.find(entry) != module.npos)
        return Error{
            fmt::format("module {} left alone: its name is a part of that of the quantised {}, which loaders that "
                        "compare parts would not read as quantised; quantise both or none",
                        in_quotes(entry), in_quotes(module))};
    }
  }
  return ok();
}

// --- Configurations ---

Result<std::string> hf_quant_config_json(const Quantization& q, std::string_view version) {
  return pretty_json({{"producer", {{"name", "modelopt"}, {"version", version}}},
                      {"quantization",
                       {{"quant_algo", quant_algo(q.algo)},
                        {"kv_cache_quant_algo", q.fp8_kv_cache ? Json("FP8") : Json()},
                        {"group_size", kGroup},
                        {"exclude_modules", q.excluded}}}});
}

Json quantization_config(const Quantization& q, std::string_view version) {
  return q.dialect == Dialect::modelopt ? modelopt_config(q, version) : compressed_config(q);
}

Result<std::string> with_quantization_config(const JsonFile& config, std::string_view name, const Json& value) {
  if (config.value.contains("quantization_config"))
    return Error{fmt::format("{}: has a quantization_config: the model is quantised already", name)};
  const Result<std::string> pretty = pretty_json({{"quantization_config", value}});
  if (!pretty) return pretty.error();
  const std::string_view members = std::string_view(*pretty).substr(1, pretty->rfind('}') - 1);  // With its newlines.
  const std::size_t close = config.text.rfind('}');
  const std::size_t last = config.text.find_last_not_of(" \t\r\n", close - 1);
  const std::string_view head = std::string_view(config.text).substr(0, last + 1);
  return fmt::format("{}{}{}{}", head, config.value.empty() ? "" : ",", members, config.text.substr(close));
}

Result<Quantization> read_quantization(const JsonFile* config, const JsonFile* quant_config, std::string_view folder) {
  const std::string first = fmt::format("{}/config.json: quantization_config", folder);
  const std::string second = fmt::format("{}/hf_quant_config.json", folder);
  const bool has_config = config && config->value.contains("quantization_config");
  if (!has_config && !quant_config)
    return Error{
        fmt::format("{}: no quantization_config in config.json and no hf_quant_config.json; this model is not "
                    "quantised",
                    folder)};
  if (!has_config) return read_hf_quant_config(quant_config->value, second);
  Result<Quantization> q = read_config(config->value["quantization_config"], first);
  if (!q || !quant_config) return q;
  const Result<Quantization> other = read_hf_quant_config(quant_config->value, second);
  if (!other) return other;
  const std::string_view differs = difference(*q, *other);
  if (differs.empty()) return q;
  return Error{fmt::format("{}: config.json and hf_quant_config.json differ in {}; loaders differ on which counts",
                           folder, differs)};
}

Result<Quantization> read_quantization(const Checkpoint& checkpoint) {
  return read_quantization(checkpoint.config() ? &*checkpoint.config() : nullptr,
                           checkpoint.quant_config() ? &*checkpoint.quant_config() : nullptr,
                           checkpoint.path().string());
}

}  // namespace assay::artifact
