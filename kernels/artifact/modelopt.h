// What an NVFP4 checkpoint says of itself, in the two dialects that loaders read.
//
// ModelOpt (the one that `assay` writes by default) and compressed-tensors hold the same codes and the same block
// scales under other names; the tensor scale is a multiplier in the first and its reciprocal, a divisor, in the second.
// Reading one as the other gives weights that are wrong by the square of that scale and still finite, so names and
// configuration must agree on the dialect.
//
// The ModelOpt configuration stands in two files with other keys, hf_quant_config.json for TensorRT-LLM and older
// loaders, and "quantization_config" in config.json for transformers, vLLM and SGLang; both are written from one value.
// The list of modules that were left alone holds full names only: loaders match its entries exactly, then as a part of
// the name, then as a pattern, so a short entry hits more than it says.
// Source: NVIDIA/Model-Optimizer modelopt/torch/export/convert_hf_config.py; vllm-project/compressed-tensors
// quantization/quant_scheme.py and its ModelOptNvfp4Converter; vllm-project/vllm quantization/modelopt.py.
// Tested by tests/artifact/modelopt_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "kernels/artifact/checkpoint.h"

namespace assay::artifact {

enum class Dialect { modelopt, compressed_tensors };

/// Weights alone, or activations too, which every module then has an input scale for.
enum class Algo { w4a16, w4a4 };

/// What the configuration says.
struct Quantization {
  Dialect dialect = Dialect::modelopt;
  Algo algo = Algo::w4a16;
  bool fp8_kv_cache = false;
  std::vector<std::string> excluded;  ///< Modules left alone: names, and in files of others patterns.
  /// Of a model of mixed precision: the format of each quantised module. Empty otherwise, and never written.
  std::map<std::string, std::string, std::less<>> layers;

  /// Whether this module needs an input scale.
  bool has_input_scale(std::string_view module) const;
};

// --- Names ---

/// A module's tensors.
enum class Part { codes, block_scale, tensor_scale, input_scale };

/// "weight_scale_2": what follows "MODULE.".
std::string_view suffix_of(Dialect, Part);
std::string tensor_name(Dialect, std::string_view module, Part);

/// The shape of a scale of one element: [] or [1].
std::vector<std::uint64_t> scalar_shape(Dialect);
/// What a file holds for a multiplier, and back: itself, or its reciprocal.
float stored_scale(Dialect, float multiplier);

/// Modules that loaders put into one matrix, and which must therefore have one tensor scale and one input scale: q, k,
/// v of attention, gate and up (w1 and w3) of an MLP or expert, the two A matrices of MLA. The group's name, the same
/// for all its members; nothing for a module that stands alone.
std::optional<std::string> fusion_group(std::string_view module);

// --- Modules left alone ---

/// Whether an entry names the module: exactly, or as a pattern with '*' and '?'.
bool names_module(std::string_view entry, std::string_view module);

/// What a list may be that is written: full names, none of them of a quantised module or a part of its name.
Status check_exclusions(std::span<const std::string> excluded, std::span<const std::string> quantized);

// --- Configurations ---

/// The text of hf_quant_config.json. `version` is the writer's; the producer's name is "modelopt" whoever wrote it,
/// because vLLM and SGLang refuse a file with another one.
Result<std::string> hf_quant_config_json(const Quantization&, std::string_view version);

/// The value of "quantization_config" in config.json, in the dialect.
Json quantization_config(const Quantization&, std::string_view version);

/// The text of config.json with that value added, and nothing else changed. Error: it has one already.
Result<std::string> with_quantization_config(const JsonFile& config, std::string_view name, const Json& value);

/// What the files of a checkpoint say. Error: nothing, another format, two things.
Result<Quantization> read_quantization(const Checkpoint&);
/// The same of the two files, either of which may be missing.
Result<Quantization> read_quantization(const JsonFile* config, const JsonFile* quant_config, std::string_view folder);

}  // namespace assay::artifact
