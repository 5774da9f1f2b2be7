#include "reports/lint/bundles.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/evidence/verified_bundle.h"
#include "reports/guardrail.h"

namespace assay::lint {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words_of_scope(const reports::Scope& scope) {
  return {scope.device, scope.driver, scope.assembler, scope.target};
}

}  // namespace

BundleIndex::BundleIndex(const std::vector<fs::path>& folders, std::vector<reports::Claim> catalogue,
                         evidence::VerifyOptions options)
    : catalogue_(std::move(catalogue)), options_(std::move(options)) {
  for (const fs::path& folder : folders) {
    std::error_code failed;
    const auto take = [&](const fs::path& below) {
      std::error_code unreadable;
      if (!fs::is_regular_file(below / "manifest.json", unreadable)) return;
      if (const Result<Digest> digest = sha256_file(below / "manifest.json")) folders_[hex(*digest)] = below;
    };
    take(folder);
    for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
      std::error_code unreadable;
      if (at->is_directory(unreadable)) take(at->path());
    }
  }
}

Result<const BundleClaims*> BundleIndex::claims_of(const std::string& digest) {
  const auto first = folders_.lower_bound(digest);
  if (first == folders_.end() || !first->first.starts_with(digest))
    return Error{fmt::format("no bundle with a manifest of digest {} was found", digest)};
  if (const auto next = std::next(first); next != folders_.end() && next->first.starts_with(digest))
    return Error{fmt::format("{} is the beginning of more than one bundle's digest", digest)};
  auto known = judged_.find(first->first);
  if (known == judged_.end()) known = judged_.emplace(first->first, judged(first->second)).first;
  if (!known->second) return known->second.error();
  return &*known->second;
}

Result<BundleClaims> BundleIndex::judged(const fs::path& folder) const {
  const Result<evidence::VerifiedBundle> bundle = evidence::VerifiedBundle::open(folder, options_);
  if (!bundle) return Error{fmt::format("{}: not verified: {}", folder.generic_string(), bundle.error().message)};
  const reports::Judgement judgement = reports::Guardrail(catalogue_).judge(*bundle);
  BundleClaims claims{.manifest_sha256 = bundle->report().manifest_sha256, .supported = {}, .refused = {}};
  for (const reports::SupportedClaim& claim : judgement.supported)
    claims.supported.push_back({claim.id(), claim.sentence(), words_of_scope(claim.scope())});
  for (const reports::RefusedClaim& claim : judgement.refused) claims.refused.push_back({claim.id, claim.missing});
  return claims;
}

}  // namespace assay::lint
