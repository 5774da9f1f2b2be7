#include "kernels/bench/bind.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "kernels/fragment_order.h"

namespace assay::kernels::bench {
namespace {

constexpr std::byte kPoison{0xff};  // NaN in BF16, FP16 and float32.

constexpr std::array kNames{"codes", "scales", "weights",       "x",         "y",
                            "bias",  "packed", "packed_scales", "workspace", "scratch"};
std::string_view name_of(Role role) { return kNames[static_cast<std::size_t>(role)]; }

const Role* role_of(const Parameter& parameter) {
  if (const auto* address = std::get_if<AddressOf>(&parameter)) return &address->role;
  if (const auto* map = std::get_if<MapOf>(&parameter)) return &map->role;
  return nullptr;
}

/// Builds the workload array by array, launch by launch.
class Binding {
 public:
  Binding(const Plan& plan, const Plan* prepare, Role output, const Problem& problem, const Inputs& inputs,
          const Compile& compile)
      : plan_(plan), prepare_(prepare), output_(output), problem_(problem), inputs_(inputs), compile_(compile) {}

  Result<Workload> run() {
    add_arrays();
    if (prepare_ != nullptr)
      if (Status s = add_steps(*prepare_, work_.once); !s) return s.error();
    if (Status s = add_steps(plan_, work_.steps); !s) return s.error();
    work_.output = arrays_.at(output_);
    if (arrays_.contains(Role::workspace)) work_.workspace = arrays_.at(Role::workspace);
    work_.bytes = multiplies() ? product_bytes(problem_) : canonical_bytes(problem_) + fragment_bytes(problem_);
    work_.operations = multiplies() ? product_operations(problem_) : 0;
    return std::move(work_);
  }

 private:
  /// Else the plan prepares weights.
  bool multiplies() const { return output_ == Role::y; }

  void add(Role role, Use use, std::int64_t bytes, std::vector<std::byte> content = {}, std::byte filler = kPoison) {
    arrays_[role] = work_.arrays.size();
    work_.arrays.push_back({.name = std::string(name_of(role)),
                            .bytes = static_cast<std::size_t>(bytes),
                            .use = use,
                            .content = std::move(content),
                            .filler = filler});
  }
  void add_canonical(Role role, const std::vector<std::byte>& content) {
    const bool prepared = prepare_ != nullptr && takes(*prepare_, role);
    if (!takes(plan_, role) && !prepared) return;
    add(role, takes(plan_, role) ? Use::streamed : Use::kept, static_cast<std::int64_t>(content.size()), content);
  }
  void add_arrays() {
    add_canonical(Role::codes, inputs_.codes);
    add_canonical(Role::scales, inputs_.scales);
    if (takes(plan_, Role::weights)) add(Role::weights, Use::streamed, fragment_bytes(problem_));
    if (multiplies()) add_operands();
    const std::int64_t workspace =
        std::max(plan_.workspace_bytes, prepare_ == nullptr ? std::int64_t{0} : prepare_->workspace_bytes);
    if (workspace > 0) add(Role::workspace, Use::kept, workspace, {}, std::byte{0});
    if (plan_.scratch_bytes > 0) add(Role::scratch, Use::kept, plan_.scratch_bytes);
  }

  void add_operands() {
    add(Role::x, Use::operand, static_cast<std::int64_t>(inputs_.x.size()), inputs_.x);
    add(Role::y, Use::operand, 2 * problem_.m * problem_.n);
    if (problem_.bias) add(Role::bias, Use::operand, static_cast<std::int64_t>(inputs_.bias.size()), inputs_.bias);
  }

  Status add_steps(const Plan& plan, std::vector<Step>& steps) {
    for (const Launch& launch : plan.launches) {
      Result<std::vector<std::byte>> image = compile_(launch.source, launch.entry + ".cu");
      if (!image) return image.error();
      Step step{.image = work_.images.size(), .entry = launch.entry, .shape = launch.shape, .slots = {}};
      work_.images.push_back(*std::move(image));
      for (const Parameter& parameter : launch.parameters) {
        Result<Slot> slot = slot_of(parameter);
        if (!slot) return Error{fmt::format("{}: {}", launch.entry, slot.error().message)};
        step.slots.push_back(*std::move(slot));
      }
      steps.push_back(std::move(step));
    }
    return ok();
  }
  Result<Slot> slot_of(const Parameter& parameter) const {
    if (const auto* value = std::get_if<Value>(&parameter)) return Slot(value->bytes);
    if (const auto* scale = std::get_if<TensorScale>(&parameter)) return tensor_scale(scale->matrix);
    const Role role = *role_of(parameter);
    const auto found = arrays_.find(role);
    if (found == arrays_.end()) return Error{fmt::format("takes {}, which this product does not have", name_of(role))};
    if (const auto* map = std::get_if<MapOf>(&parameter)) return Slot(ArrayMap{found->second, map->map});
    return Slot(ArrayAddress{found->second});
  }
  Result<Slot> tensor_scale(int matrix) const {
    if (matrix < 0 || matrix > (problem_.gated ? 1 : 0))
      return Error{fmt::format("takes the tensor scale of matrix {}, which this product does not have", matrix)};
    cuda::Parameter bytes(4);
    std::memcpy(bytes.data(), &inputs_.tensor_scales[static_cast<std::size_t>(matrix)], 4);
    return Slot(std::move(bytes));
  }

  const Plan& plan_;
  const Plan* prepare_;
  Role output_;
  const Problem& problem_;
  const Inputs& inputs_;
  const Compile& compile_;
  std::map<Role, std::size_t> arrays_;
  Workload work_;
};

}  // namespace

bool takes(const Plan& plan, Role role) {
  for (const Launch& launch : plan.launches)
    for (const Parameter& parameter : launch.parameters)
      if (const Role* named = role_of(parameter); named != nullptr && *named == role) return true;
  return false;
}

std::int64_t fragment_bytes(const Problem& problem) {
  return static_cast<std::int64_t>(fragment_order_bytes(stored_rows(problem), problem.k));
}

std::int64_t canonical_bytes(const Problem& problem) {
  const std::int64_t weights = stored_rows(problem) * problem.k;
  return weights / 2 + weights / 16;
}

std::int64_t product_bytes(const Problem& problem) {
  const std::int64_t bias = problem.bias ? 4 * problem.n : 0;
  return canonical_bytes(problem) + 2 * problem.m * (problem.k + problem.n) + bias;
}

std::int64_t product_operations(const Problem& problem) { return 2 * problem.m * stored_rows(problem) * problem.k; }

Result<Workload> product_workload(const Plan& plan, const Plan* prepare, const Problem& problem, const Inputs& inputs,
                                  const Compile& compile) {
  if (takes(plan, Role::weights) && prepare == nullptr)
    return Error{"takes weights in fragment order, and no row of the catalogue prepares them"};
  return Binding(plan, takes(plan, Role::weights) ? prepare : nullptr, Role::y, problem, inputs, compile).run();
}

Result<Workload> prepare_workload(const Plan& prepare, const Problem& problem, const Inputs& inputs,
                                  const Compile& compile) {
  if (!takes(prepare, Role::weights)) return Error{"writes no weights in fragment order"};
  return Binding(prepare, nullptr, Role::weights, problem, inputs, compile).run();
}

}  // namespace assay::kernels::bench
