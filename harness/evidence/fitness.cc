#include "harness/evidence/fitness.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/evidence/bundle.h"

namespace assay::evidence {
namespace {

Finding unfit(std::string_view rule, std::string message) {
  return {rule, std::string(kEnvironmentFile), std::move(message)};
}

bool is_commit(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 40 && std::ranges::all_of(text, is_hex);
}

using Version = std::array<int, 3>;

/// "0.1.0"; nullopt for what is no version of three numbers.
std::optional<Version> parse_version(std::string_view text) {
  Version version{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t part = 0; part < version.size(); ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, fault] = std::from_chars(at, end, version[part]);
    if (fault != std::errc() || version[part] < 0) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

std::vector<Finding> unfit_tool(const Environment::Tool& tool, std::string_view known_version) {
  std::vector<Finding> findings;
  if (tool.git_dirty)
    findings.push_back(
        unfit("dirty-tree", "recorded by a build of changed sources; commit them, build and record again"));
  if (!is_commit(tool.git_commit))
    findings.push_back(unfit("commit", fmt::format("recorded by a build of commit '{}', which names no source; build "
                                                   "from a git work tree of the project and record again",
                                                   tool.git_commit)));
  const auto version = parse_version(tool.version), known = parse_version(known_version);
  if (!version || !known || *version > *known)
    findings.push_back(unfit("tool-version", fmt::format("recorded by version '{}', this build knows those up to {}; "
                                                         "publish with a later build",
                                                         tool.version, known_version)));
  return findings;
}

std::vector<Finding> unfit_driver(const Environment::Driver& driver) {
  std::vector<Finding> findings;
  if (driver.kind == DriverLibrary::unknown)
    findings.push_back(unfit(
        "foreign-driver", "the driver library is not the installed driver's own; record again with --driver system"));
  if (driver.kind != DriverLibrary::system) return findings;
  if (!driver.kernel_agrees)
    findings.push_back(
        unfit("kernel-module", fmt::format("driver library {} beside kernel module {}; reboot or install the driver "
                                           "again, and record again",
                                           driver.driver_version, driver.kernel_module_version)));
  if (!driver.opened_device_nodes)
    findings.push_back(unfit("device-node",
                             "the driver library opened no device node, so no device answered through "
                             "it; see what stands before the driver ('assay doctor')"));
  return findings;
}

void add(std::vector<Finding>& to, std::vector<Finding> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::vector<Finding> unfit_to_publish(const Environment& environment, std::string_view known_version) {
  std::vector<Finding> findings;
  if (environment.is_private)
    findings.push_back(unfit("private", "recorded without redaction; record again without --no-redact"));
  add(findings, unfit_tool(environment.tool, known_version));
  if (environment.driver) add(findings, unfit_driver(*environment.driver));
  if (std::ranges::find(environment.overrides, "LD_PRELOAD", &Environment::Override::name) !=
      environment.overrides.end())
    findings.push_back(
        unfit("preload", "LD_PRELOAD put a library in front of the driver's; unset it and record again"));
  return findings;
}

}  // namespace assay::evidence
