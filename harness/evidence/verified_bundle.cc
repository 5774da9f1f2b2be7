#include "harness/evidence/verified_bundle.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::evidence {
namespace {

Error refusal(const std::vector<Finding>& findings) {
  Error error{.message = fmt::format("{} [{}]", to_string(findings.front()), findings.front().rule)};
  for (const Finding& finding : findings) error.log += fmt::format("{} [{}]\n", to_string(finding), finding.rule);
  return error;
}

}  // namespace

Result<VerifiedBundle> VerifiedBundle::open(const std::filesystem::path& folder, const VerifyOptions& options) {
  VerifyReport report = verify_bundle(folder, options);
  if (!report.findings.empty()) return refusal(report.findings);
  if (!report.unfit.empty()) return refusal(report.unfit);
  return VerifiedBundle(std::move(report));
}

std::optional<Json> claims_again(VerifyReport& report, const VerifyOptions& options) {
  if (!options.claims || !report.findings.empty() || !report.unfit.empty()) return std::nullopt;
  VerifiedBundle bundle(std::move(report));  // Lent, not copied: it may hold many records.
  Json claims = options.claims(bundle);
  report = std::move(bundle.report_);
  return claims;
}

}  // namespace assay::evidence
