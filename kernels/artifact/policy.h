// Which weights become NVFP4, and why the others do not.
//
// A policy is data: patterns of module names that stay as they are, each with its reason; the shapes that kernels and
// peers' loaders take; and the modules that a server fuses into one product, which therefore share one tensor scale and
// are quantised together or not at all. `kernels/artifact/policy.json` is the one that applies unless another is named;
// docs/quantize.md says where each of its rules comes from. Every weight that is left alone carries a reason, and the
// conversion report prints it. Tested by tests/artifact/policy_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace assay::artifact {

struct KeepRule {
  std::string id;                    ///< "router".
  std::vector<std::string> modules;  ///< Patterns of fnmatch(3) over the whole module name; '*' also crosses dots.
  std::string reason;                ///< In a person's words, as the report prints it.
  bool linear = true;                ///< Whether matrices of these modules are weights of a Linear.
};

/// What a weight [N = outputs, K = inputs] must have to be quantised.
struct ShapeRule {
  std::int64_t k_multiple = 64;  ///< A multiple of 16, the block.
  std::int64_t n_multiple = 32;
  std::int64_t smallest_side = 128;  ///< Both N and K at least this.
};

struct Policy {
  static constexpr std::string_view kSchema = "quantization-policy/1";

  std::string id;
  std::vector<KeepRule> keep;
  ShapeRule shape;
  std::vector<std::vector<std::string>> fused;  ///< Last parts of module names: {"gate_proj", "up_proj"}.
};

/// Reads one policy; `name` starts every message. Strict: an unknown field, an empty reason or pattern, an id that is
/// there twice, a `k_multiple` that is no multiple of 16, or a name in two fused sets is an error.
Result<Policy> parse_policy(std::string_view text, std::string_view name);
/// The one that is built in.
Result<Policy> builtin_policy();

/// Why a decision fell, in the two forms that reports use.
struct Reason {
  std::string rule;     ///< "router", "shape", "vector", "fused".
  std::string text;     ///< "it decides which experts run: ...".
  bool linear = false;  ///< Whether what is kept is the weight of a Linear, which exclusion lists must name.
};

/// Why the weight of a module with this shape stays as it is; nothing: it is quantised. Fusion is not looked at.
std::optional<Reason> why_kept(const Policy&, std::string_view module, std::span<const std::int64_t> shape);

/// The name that the members of a fused set have in common ("model.layers.0.mlp|gate_proj+up_proj"), or the module
/// itself where it belongs to none: modules with the same one share a tensor scale.
std::string fusion_group(const Policy&, std::string_view module);

}  // namespace assay::artifact
