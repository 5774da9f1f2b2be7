#include "harness/evidence/statement.h"

#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/closed_world.h"

namespace assay::evidence {
namespace {

/// Roles of artifacts that are machine code, as built, edited, or handed to a driver.
constexpr std::array<std::string_view, 6> kImageRoles = {"built",  "cubin",        "image",
                                                         "native", "witness-with", "witness-without"};

Json subject(std::string name, std::string_view sha256) {
  return {{"name", std::move(name)}, {"digest", {{"sha256", sha256}}}};
}

Json subjects(const VerifyReport& report) {
  std::set<std::string> images;
  for (const VerifiedRecord& verified : report.records)
    for (const std::string_view role : kImageRoles)
      if (const auto found = verified.record.artifacts.find(std::string(role));
          found != verified.record.artifacts.end())
        images.insert(found->second);
  Json list = Json::array({subject(std::string(kManifestFile), report.manifest_sha256)});
  for (const std::string& digest : images)
    list.push_back(subject(fmt::format("{}/{}", kArtifactFolder, digest), digest));
  return list;
}

Json tool(const Environment::Tool& tool) {
  return {{"name", tool.name},           {"version", tool.version},   {"git_commit", tool.git_commit},
          {"git_dirty", tool.git_dirty}, {"compiler", tool.compiler}, {"build_type", tool.build_type}};
}

/// Empty strings where there was no device, or no driver.
Json scope(const Environment& environment) {
  Json toolchain = Json::array();
  for (const Environment::Part& part : environment.toolchain) toolchain.push_back(part.name + " " + part.version);
  const auto& [device, driver] = std::tie(environment.device, environment.driver);
  return {{"device", device ? device->name : ""},
          {"compute_capability", device ? device->compute_capability : ""},
          {"driver", driver ? driver->driver_version : ""},
          {"driver_library", word(driver ? driver->kind : DriverLibrary::none)},
          {"toolchain", std::move(toolchain)}};
}

Json summary(const VerifyReport& report) {
  std::map<std::string, std::int64_t> classes, verdicts;
  for (const VerifiedRecord& verified : report.records) {
    ++classes[std::string(word(verified.derived.evidence_class))];
    ++verdicts[std::string(word(verified.derived.verdict))];
  }
  return {{"by_class", classes}, {"by_verdict", verdicts}};
}

}  // namespace

Json no_claims() { return {{"catalogue_sha256", ""}, {"claims", Json::array()}, {"refused", Json::array()}}; }

Json make_statement(const VerifyReport& report, const Json& claims) {
  Json predicate = {{"schema", kPredicateSchema},
                    {"tool", tool(report.environment.tool)},
                    {"challenge_sha256", report.parts.challenge},
                    {"environment_sha256", report.parts.environment},
                    {"rules_sha256", report.parts.rules},
                    {"record_count", report.records.size()},
                    {"chain_head", report.parts.chain_head},
                    {"scope", scope(report.environment)},
                    {"summary", summary(report)}};
  predicate.update(claims);
  return {{"_type", kStatementType},
          {"subject", subjects(report)},
          {"predicateType", kPredicateType},
          {"predicate", std::move(predicate)}};
}

Json claims_in(const Json& statement) {
  Json claims = no_claims();
  const Json predicate = statement.is_object() ? statement.value("predicate", Json()) : Json();
  if (!predicate.is_object()) return claims;
  for (auto& [key, value] : claims.items())
    if (const auto found = predicate.find(key); found != predicate.end() && found->type() == value.type())
      value = *found;
  return claims;
}

std::string first_difference(const Json& right, const Json& stored) {
  if (right == stored) return {};
  const std::string path = Json::diff(right, stored).front().at("path");
  return path.empty() ? "/" : path;
}

}  // namespace assay::evidence
