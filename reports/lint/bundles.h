// Bundles as a source of claims: looked for below folders by the digest of their manifest, verified, and judged by the
// guardrail when a marker first names them. Tested by tests/cli/lint_test.cc.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/evidence/verify.h"
#include "reports/claims.h"
#include "reports/lint/claim_text.h"

namespace assay::lint {

class BundleIndex {
 public:
  /// Looks at every folder below these that holds a manifest.json. A folder that is not there holds none.
  BundleIndex(const std::vector<std::filesystem::path>& folders, std::vector<reports::Claim> catalogue,
              evidence::VerifyOptions options);

  /// Error: no bundle, or more than one, has a digest that begins so; or it is not verified, or not fit to publish.
  Result<const BundleClaims*> claims_of(const std::string& digest);

 private:
  Result<BundleClaims> judged(const std::filesystem::path& folder) const;

  std::vector<reports::Claim> catalogue_;
  evidence::VerifyOptions options_;
  std::map<std::string, std::filesystem::path> folders_;  ///< By digest of the manifest.
  std::map<std::string, Result<BundleClaims>> judged_;
};

}  // namespace assay::lint
