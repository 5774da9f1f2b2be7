#include "kernels/artifact/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "kernels/artifact/modelopt.h"
#include "kernels/artifact/module_name.h"

namespace assay::artifact {
namespace {

constexpr std::string_view kWeight = ".weight";

std::string_view module_of(std::string_view tensor) {
  return tensor.ends_with(kWeight) ? tensor.substr(0, tensor.size() - kWeight.size()) : tensor;
}

/// A tensor of three dimensions below "experts": the matrices of all experts of a layer.
bool holds_experts(const MasterTensor& tensor) {
  return tensor.shape.size() == 3 && tensor.shape[0] > 0 &&
         split_module(module_of(tensor.name)).parent.ends_with("experts.");
}

/// Whether it holds matrices that a Linear may multiply by.
bool holds_matrices(const MasterTensor& tensor) {
  return holds_experts(tensor) || (tensor.shape.size() == 2 && tensor.name.ends_with(kWeight));
}

/// Whether the layer's hidden size is what the matrices of a projection read. Up, gate and the like read it; down, the
/// projection back, writes it.
bool reads_hidden(std::string_view projection) { return projection != "down_proj" && projection != "w2"; }

/// Whether the matrices of an expert tensor are stored as [inputs, outputs].
Result<bool> is_transposed(const MasterTensor& tensor, std::string_view projection,
                           std::optional<std::int64_t> hidden) {
  const std::int64_t rows = tensor.shape[1], columns = tensor.shape[2];
  if (!hidden || (rows == *hidden) == (columns == *hidden))
    return Error{
        fmt::format("tensor {}: [{}, {}, {}]: config.json's hidden_size does not tell outputs from inputs; "
                    "split the experts, or name another policy that keeps them",
                    tensor.name, tensor.shape[0], rows, columns)};
  return reads_hidden(projection) == (rows == *hidden);
}

/// Gate and up in one tensor are as large as each other.
Status check_halves(const MasterTensor& tensor, std::string_view projection, bool transposed) {
  if (projection != "gate_up_proj" || tensor.shape[transposed ? 2 : 1] % 2 == 0) return ok();
  return Error{
      fmt::format("tensor {}: [{}, {}, {}]: an odd number of outputs is no gate and up, which are as large as each "
                  "other; split the experts, or name another policy that keeps them",
                  tensor.name, tensor.shape[0], tensor.shape[1], tensor.shape[2])};
}

/// The matrices of one expert: two where gate and up lie one after the other.
std::vector<PlannedModule> modules_of_expert(const MasterTensor& tensor, std::string_view parent,
                                             std::string_view projection, bool transposed, std::int64_t expert) {
  const std::int64_t rows = tensor.shape[1], columns = tensor.shape[2];
  const MatrixView whole{tensor.name, expert * rows * columns, rows, columns, columns, transposed};
  const auto named = [&](std::string_view last, const MatrixView& view) {
    return PlannedModule{fmt::format("{}{}.{}", parent, expert, last), view, ""};
  };
  if (projection != "gate_up_proj") return {named(projection, whole)};
  MatrixView gate = whole, up = whole;
  if (transposed) {
    gate.columns = up.columns = columns / 2;
    up.offset += columns / 2;
  } else {
    gate.rows = up.rows = rows / 2;
    up.offset += rows / 2 * columns;
  }
  return {named("gate_proj", gate), named("up_proj", up)};
}

Result<std::vector<PlannedModule>> modules_of_experts(const MasterTensor& tensor, std::optional<std::int64_t> hidden) {
  const ModuleName names = split_module(module_of(tensor.name));
  const Result<bool> transposed = is_transposed(tensor, names.last, hidden);
  if (!transposed) return transposed.error();
  if (Status s = check_halves(tensor, names.last, *transposed); !s) return s.error();
  std::vector<PlannedModule> modules;
  for (std::int64_t expert = 0; expert < tensor.shape[0]; ++expert)
    for (PlannedModule& one : modules_of_expert(tensor, names.parent, names.last, *transposed, expert))
      modules.push_back(std::move(one));
  return modules;
}

Result<std::vector<PlannedModule>> modules_of(const MasterTensor& tensor, std::optional<std::int64_t> hidden) {
  if (holds_experts(tensor)) return modules_of_experts(tensor, hidden);
  const std::int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  return std::vector<PlannedModule>{
      {std::string(module_of(tensor.name)), {tensor.name, 0, rows, columns, columns, false}, ""}};
}

/// Why a tensor stays, whatever its matrices are: its type, its name, or that it holds none.
std::optional<Reason> why_tensor_kept(const Policy& policy, const MasterTensor& tensor) {
  if (!tensor.is_float) return Reason{"type", "it is not F32, F16 or BF16", holds_matrices(tensor)};
  if (tensor.name.ends_with(".bias")) return Reason{"bias", "a bias is added, not multiplied", false};
  auto reason = why_kept(policy, module_of(tensor.name), tensor.shape);
  // The shapes of experts count one by one, once it is known which way round they are stored.
  if (reason && reason->rule == "dimensions" && holds_experts(tensor)) return std::nullopt;
  if (reason || holds_matrices(tensor)) return reason;
  return Reason{"name", "its name does not end in .weight, so it may be no Linear's", false};
}

std::optional<Reason> why_modules_kept(const Policy& policy, std::span<const PlannedModule> modules) {
  for (const PlannedModule& one : modules) {
    const std::int64_t shape[] = {one.source.outputs(), one.source.inputs()};
    if (auto reason = why_kept(policy, one.module, shape)) return reason;
  }
  return std::nullopt;
}

/// A tensor with its matrices, or why it has to stay.
struct Candidate {
  const MasterTensor* tensor = nullptr;
  std::vector<PlannedModule> modules;
  std::optional<Reason> kept;
};

Result<Candidate> candidate_of(const Policy& policy, const MasterTensor& tensor, std::optional<std::int64_t> hidden) {
  Candidate one{.tensor = &tensor, .modules = {}, .kept = why_tensor_kept(policy, tensor)};
  if (one.kept) return one;
  Result<std::vector<PlannedModule>> modules = modules_of(tensor, hidden);
  if (!modules) return modules.error();
  one.modules = *std::move(modules);
  one.kept = why_modules_kept(policy, one.modules);
  return one;
}

/// What is decided together: the experts of a layer as one, other fused modules as their group.
std::string decided_together(const Policy& policy, const MasterTensor& tensor) {
  const std::string module = fmt::format(".{}", module_of(tensor.name));
  const std::size_t experts = module.find(".experts.");
  return experts == module.npos ? fusion_group(policy, module) : module.substr(0, experts) + ".experts";
}

/// Where one of those decided together stays, the others stay too.
void keep_together(const Policy& policy, std::vector<Candidate>& candidates) {
  std::map<std::string, std::string> stays;  // what is decided together, and a module of it that has to stay
  for (const Candidate& one : candidates)
    if (one.kept && one.kept->linear && holds_matrices(*one.tensor))
      stays.emplace(decided_together(policy, *one.tensor), module_of(one.tensor->name));
  for (Candidate& one : candidates) {
    if (one.kept) continue;
    const auto found = stays.find(decided_together(policy, *one.tensor));
    if (found == stays.end()) continue;
    one.kept = Reason{"fused", fmt::format("it is served together with {}, which stays", found->second), true};
  }
}

std::string commonest_reason(const std::vector<KeptTensor>& kept) {
  std::map<std::string, std::size_t> counts;
  for (const KeptTensor& one : kept) ++counts[one.reason.text];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  return most == counts.end() ? "it has no tensor" : fmt::format("of {} tensors: {}", most->second, most->first);
}

std::optional<std::string> repeated_module(const std::vector<PlannedModule>& modules) {
  std::set<std::string_view> seen;
  for (const PlannedModule& one : modules)
    if (!seen.insert(one.module).second) return one.module;
  return std::nullopt;
}

/// Sets that loaders fuse whatever the policy says: all of it quantised, with one scale, or none.
Status check_fused_by_loaders(const Policy& policy, const Plan& plan) {
  std::map<std::string, const PlannedModule*> first;
  for (const PlannedModule& one : plan.modules) {
    const auto fused = fusion_group(one.module);
    if (!fused) continue;
    const PlannedModule& other = *first.emplace(*fused, &one).first->second;
    if (other.group != one.group)
      return Error{
          fmt::format("policy {}: {} and {} share no scale, but loaders fuse them into {}; name them in one "
                      "fused set",
                      policy.id, other.module, one.module, *fused)};
  }
  for (const std::string& kept : excluded_modules(plan)) {
    const auto fused = fusion_group(kept);
    if (const auto found = fused ? first.find(*fused) : first.end(); found != first.end())
      return Error{
          fmt::format("policy {}: {} stays and {} does not, but loaders fuse them into {}; name them in one "
                      "fused set",
                      policy.id, kept, found->second->module, *fused)};
  }
  return ok();
}

Status check_excluded(const Plan& plan) {
  std::vector<std::string> quantized;
  for (const PlannedModule& one : plan.modules) quantized.push_back(one.module);
  return check_exclusions(excluded_modules(plan), quantized);
}

}  // namespace

Result<Plan> plan_conversion(const Policy& policy, std::span<const MasterTensor> tensors,
                             std::optional<std::int64_t> hidden_size) {
  std::vector<Candidate> candidates;
  for (const MasterTensor& tensor : tensors) {
    Result<Candidate> one = candidate_of(policy, tensor, hidden_size);
    if (!one) return one.error();
    candidates.push_back(*std::move(one));
  }
  keep_together(policy, candidates);
  Plan plan;
  for (Candidate& one : candidates) {
    if (one.kept) {
      plan.kept.push_back({one.tensor->name, *one.kept, one.kept->linear && one.tensor->shape.size() == 2});
      continue;
    }
    for (PlannedModule& module : one.modules) {
      module.group = fusion_group(policy, module.module);
      plan.modules.push_back(std::move(module));
    }
  }
  std::ranges::sort(plan.modules, {}, [](const PlannedModule& one) { return std::tie(one.group, one.module); });
  std::ranges::sort(plan.kept, {}, &KeptTensor::name);
  if (plan.modules.empty())
    return Error{fmt::format("policy {}: nothing is left to quantise; {}", policy.id, commonest_reason(plan.kept))};
  if (const auto name = repeated_module(plan.modules))
    return Error{fmt::format("module {}: two matrices of the master would have this name", *name)};
  if (Status s = check_fused_by_loaders(policy, plan); !s) return s.error();
  if (Status s = check_excluded(plan); !s) return s.error();
  return plan;
}

std::vector<std::string> excluded_modules(const Plan& plan) {
  std::vector<std::string> names;
  for (const KeptTensor& kept : plan.kept)
    if (kept.linear && kept.name.ends_with(kWeight)) names.emplace_back(module_of(kept.name));
  return names;
}

}  // namespace assay::artifact
