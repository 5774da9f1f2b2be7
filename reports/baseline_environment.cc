// The part of a comparison that is about where the two runs took place.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "reports/baseline.h"

namespace assay::reports {
namespace {

using evidence::Environment;

/// Collects what differs, in the order in which it is looked at.
class Differences {
 public:
  void add(std::string what, std::string before, std::string after, bool makes_stale) {
    if (before != after) found_.push_back({std::move(what), std::move(before), std::move(after), makes_stale});
  }
  std::vector<EnvironmentDifference> take() { return std::move(found_); }

 private:
  std::vector<EnvironmentDifference> found_;
};

std::string text_of(const std::optional<Environment::Device>& device) {
  if (!device) return "no device";
  return fmt::format("{} ({}, {} multiprocessors)", device->name, device->compute_capability,
                     device->multiprocessor_count);
}

std::string text_of(const std::optional<Environment::Driver>& driver) {
  if (!driver) return "no driver";
  return fmt::format("{} driver {}", evidence::word(driver->kind), driver->driver_version);
}

std::string text_of(const Environment::Part* part) {
  return part == nullptr ? "none" : fmt::format("{} {}", part->name, part->version);
}

std::string build_of(const std::string& text, const std::string& sha256) {
  return fmt::format("{} (build {})", text, sha256.substr(0, 12));
}

/// Two files of one version are two files; then the digest tells them apart.
void add_software(Differences& into, const std::string& what, std::string before, std::string after,
                  const std::string& digest_before, const std::string& digest_after) {
  const bool rebuilt = before == after && digest_before != digest_after;
  if (rebuilt) {
    before = build_of(before, digest_before);
    after = build_of(after, digest_after);
  }
  into.add(what, std::move(before), std::move(after), true);
}

std::set<std::string> part_names(const Environment& before, const Environment& after) {
  std::set<std::string> names;
  for (const Environment* one : {&before, &after})
    for (const Environment::Part& part : one->toolchain) names.insert(part.name);
  return names;
}

std::string tool(const Environment& environment) {
  return fmt::format("{} {} ({})", environment.tool.name, environment.tool.version,
                     environment.tool.git_commit.substr(0, 12));
}

std::string overrides(const Environment& environment) {
  std::string text;
  for (const Environment::Override& one : environment.overrides)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", one.name, one.value);
  return text.empty() ? "none" : text;
}

std::string digest_of(const std::optional<Environment::Driver>& driver) { return driver ? driver->sha256 : ""; }
std::string digest_of(const Environment::Part* part) { return part == nullptr ? "" : part->sha256; }

}  // namespace

std::vector<EnvironmentDifference> compare(const Environment& before, const Environment& after) {
  Differences found;
  found.add("device", text_of(before.device), text_of(after.device), true);
  add_software(found, "driver", text_of(before.driver), text_of(after.driver), digest_of(before.driver),
               digest_of(after.driver));
  for (const std::string& name : part_names(before, after)) {
    const Environment::Part *was = before.part(name), *is = after.part(name);
    add_software(found, name, text_of(was), text_of(is), digest_of(was), digest_of(is));
  }
  found.add("tool", tool(before), tool(after), false);
  found.add("kernel", before.system.kernel, after.system.kernel, false);
  found.add("architecture", before.system.arch, after.system.arch, false);
  found.add("distribution", before.system.distribution, after.system.distribution, false);
  found.add("overrides", overrides(before), overrides(after), false);
  return found.take();
}

}  // namespace assay::reports
