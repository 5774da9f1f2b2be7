// Whether a written sentence is the one that the guardrail generated, or a weaker one.
//
// Weaker is one narrow thing: the generated sentence cut at its first colon, so that the details of the evidence behind
// it are left out, and only if what remains still holds every word of the claim's scope. Nothing else counts, since a
// claim with a word less of scope is a wider claim. Tested by tests/lint/claim_text_test.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace assay::lint {

/// A sentence that a bundle carries.
struct GeneratedSentence {
  std::string id;
  std::string sentence;
  std::vector<std::string> scope;  ///< Device, driver, assembler, target: what must not be left out.
};

struct RefusedSentence {
  std::string id;
  std::string missing;
};

/// What one bundle says, as the guardrail judged it.
struct BundleClaims {
  std::string manifest_sha256;
  std::vector<GeneratedSentence> supported;
  std::vector<RefusedSentence> refused;

  const GeneratedSentence* find(std::string_view id) const;
  const RefusedSentence* find_refused(std::string_view id) const;
};

/// The claims of the bundle with this digest, or its first 12 or more digits. Error: not found, or not verified.
using ClaimSource = std::function<Result<const BundleClaims*>(const std::string& digest)>;

/// One spelling for comparison: normalised, without marks of emphasis and code, single spaces.
std::string canonical_sentence(std::string_view);

bool is_generated_or_weaker(std::string_view written, const GeneratedSentence&);

}  // namespace assay::lint
