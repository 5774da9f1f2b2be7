#include "kernels/artifact/policy.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/json.h"
#include "kernels/artifact/module_name.h"
#include "kernels/artifact/policy_texts.h"
#include "kernels/nvfp4/block.h"

namespace assay::artifact {
namespace {

constexpr std::int64_t kBlock = nvfp4::kBlock;

Result<std::vector<std::string>> read_strings(const Json& list, const std::string& where) {
  std::vector<std::string> strings;
  for (const Json& one : list) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      return Error{fmt::format("{}: each must be a string that is not empty", where)};
    strings.push_back(one.get<std::string>());
  }
  if (strings.empty()) return Error{fmt::format("{}: must not be empty", where)};
  return strings;
}

Result<KeepRule> read_rule(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  KeepRule rule{.id = reader.string("id"), .modules = {}, .reason = reader.string("reason")};
  if (reader.has("linear")) rule.linear = reader.boolean("linear");
  const Json modules = reader.array("modules");
  if (rule.id.empty()) reader.fault("id", "must not be empty");
  if (rule.reason.empty()) reader.fault("reason", "must not be empty: whoever reads the report asks why");
  if (Status s = reader.finish(); !s) return s.error();
  Result<std::vector<std::string>> patterns = read_strings(modules, where + ".modules");
  if (!patterns) return patterns.error();
  rule.modules = *std::move(patterns);
  return rule;
}

Result<ShapeRule> read_shape(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const ShapeRule shape{reader.integer("k_multiple", kBlock), reader.integer("n_multiple", 1),
                        reader.integer("smallest_side", 1)};
  if (shape.k_multiple % kBlock != 0) reader.fault("k_multiple", "must be a multiple of 16, the block");
  if (Status s = reader.finish(); !s) return s.error();
  return shape;
}

Status read_rules(const Json& list, const std::string& name, Policy& policy) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<KeepRule> rule = read_rule(list[i], fmt::format("{}: keep[{}]", name, i));
    if (!rule) return rule.error();
    if (!ids.insert(rule->id).second) return Error{fmt::format("{}: the rule '{}' is there twice", name, rule->id)};
    policy.keep.push_back(*std::move(rule));
  }
  return ok();
}

Status read_fused(const Json& list, const std::string& name, Policy& policy) {
  std::set<std::string> members;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = fmt::format("{}: fused[{}]", name, i);
    if (!list[i].is_array()) return Error{fmt::format("{}: must be an array", where)};
    Result<std::vector<std::string>> set = read_strings(list[i], where);
    if (!set) return set.error();
    for (const std::string& member : *set)
      if (!members.insert(member).second)
        return Error{fmt::format("{}: '{}' is in two fused sets, or in one twice", where, member)};
    policy.fused.push_back(*std::move(set));
  }
  return ok();
}

bool matches(const std::string& pattern, const std::string& module) {
  return ::fnmatch(pattern.c_str(), module.c_str(), 0) == 0;
}

std::optional<std::string> misfit(const ShapeRule& rule, std::int64_t n, std::int64_t k) {
  if (k % kBlock != 0) return fmt::format("K = {} is not whole blocks of 16", k);
  if (std::min(n, k) < rule.smallest_side)
    return fmt::format("{} x {} is small: a side is below {}", n, k, rule.smallest_side);
  if (k % rule.k_multiple != 0) return fmt::format("K = {} is no multiple of {}", k, rule.k_multiple);
  if (n % rule.n_multiple != 0) return fmt::format("N = {} is no multiple of {}", n, rule.n_multiple);
  return std::nullopt;
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, std::string_view name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  const std::string where(name);
  ObjectReader reader(*json, where);
  if (reader.string("schema") != Policy::kSchema) reader.fault("schema", fmt::format("must be {}", Policy::kSchema));
  Policy policy;
  policy.id = reader.string("id");
  const Json keep = reader.array("keep"), shape = reader.object("shape"), fused = reader.array("fused");
  if (Status s = reader.finish(); !s) return s.error();
  const Result<ShapeRule> shape_rule = read_shape(shape, where + ": shape");
  if (!shape_rule) return shape_rule.error();
  policy.shape = *shape_rule;
  if (Status s = read_rules(keep, where, policy); !s) return s.error();
  if (Status s = read_fused(fused, where, policy); !s) return s.error();
  return policy;
}

Result<Policy> builtin_policy() { return parse_policy(policy_texts().front().text, "kernels/artifact/policy.json"); }

std::optional<Reason> why_kept(const Policy& policy, std::string_view module, std::span<const std::int64_t> shape) {
  const std::string name(module);
  for (const KeepRule& rule : policy.keep)
    if (std::ranges::any_of(rule.modules, [&](const std::string& pattern) { return matches(pattern, name); }))
      return Reason{rule.id, rule.reason, rule.linear};
  if (shape.size() < 2) return Reason{"vector", "it has one dimension, so it is no matrix", false};
  if (shape.size() > 2)
    return Reason{"dimensions", fmt::format("it has {} dimensions, so it is no matrix", shape.size()), false};
  if (const auto rule = misfit(policy.shape, shape[0], shape[1])) return Reason{"shape", *rule, true};
  return std::nullopt;
}

std::string fusion_group(const Policy& policy, std::string_view module) {
  const auto [parent, last] = split_module(module);
  for (const std::vector<std::string>& set : policy.fused)
    if (std::ranges::find(set, last) != set.end()) return fmt::format("{}{}", parent, fmt::join(set, "+"));
  return std::string(module);
}

}  // namespace assay::artifact
