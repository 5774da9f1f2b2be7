#include "tests/reports/judged_bundle.h"

#include <algorithm>
#include <utility>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/verified_bundle.h"

namespace assay::reports {

std::vector<Claim> catalogue() {
  auto claims = builtin_claims();
  EXPECT_TRUE(claims) << claims.error().message;
  return claims ? *std::move(claims) : std::vector<Claim>();
}

Judgement judge_folder(const std::filesystem::path& folder) {
  const auto bundle = evidence::VerifiedBundle::open(folder);
  EXPECT_TRUE(bundle) << bundle.error().message << "\n" << bundle.error().log;
  return bundle ? Guardrail(catalogue()).judge(*bundle) : Judgement();
}

Judgement judge(const std::vector<evidence::Record>& records) { return judge(records, evidence::good_environment()); }

Judgement judge(const std::vector<evidence::Record>& records, const Json& environment,
                const std::vector<std::string>& artifacts) {
  const TemporaryFolder folder;
  evidence::write_bundle(folder.path() / "bundle", records, artifacts, &evidence::test_redactor(), environment);
  return judge_folder(folder.path() / "bundle");
}

const SupportedClaim* supported(const Judgement& judgement, std::string_view id) {
  const auto found = std::ranges::find_if(judgement.supported, [&](const auto& claim) { return claim.id() == id; });
  return found == judgement.supported.end() ? nullptr : &*found;
}

std::string said(const Judgement& judgement, std::string_view id) {
  if (const SupportedClaim* claim = supported(judgement, id)) return claim->sentence();
  const auto found = std::ranges::find(judgement.refused, id, &RefusedClaim::id);
  return found == judgement.refused.end() ? "not there" : "refused: " + found->missing;
}

Json environment_with(std::string_view pointer, const Json& value) {
  Json environment = evidence::good_environment();
  environment[Json::json_pointer(std::string(pointer))] = value;
  return environment;
}

Json toolchain_alone() {
  Json environment = evidence::good_environment();
  environment["driver"] = nullptr;
  environment["device"] = nullptr;
  return environment;
}

Json environment_with_compiler() {
  Json environment = evidence::good_environment();
  environment["toolchain"].push_back(
      {{"name", "NVRTC"}, {"version", "13.0"}, {"path_class", "toolkit"}, {"sha256", evidence::digest_of("NVRTC")}});
  return environment;
}

}  // namespace assay::reports
