// What a person reads of claims: the catalogue, and a bundle's sentences with what the others lack.
// Tested by tests/cli/claims_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"
#include "reports/claims.h"
#include "reports/guardrail.h"

namespace assay::cli {

struct ClaimsLayout {
  std::size_t width = 120;
  bool colour = false;
  bool all = false;  ///< Families in full.
};

/// Every claim by kind: id, what it speaks of, and what a sentence of that kind needs.
std::string catalogue_text(std::span<const reports::Claim>, std::size_t width, bool colour);
Json catalogue_json(std::span<const reports::Claim>);
/// Sentences by kind, families folded, then the refused ones with the first thing that each lacks.
std::string judgement_text(const evidence::VerifyReport&, const reports::Judgement&, std::string_view folder,
                           const ClaimsLayout&);
/// The sentences of these claims, families and instances alone.
std::string required_text(const reports::Judgement&, const std::vector<std::string>& ids, const ClaimsLayout&);
/// What the claim, family or instance with this id lacks; empty if the bundle carries it. A family is carried if one of
/// its instances is.
std::string missing_for(const reports::Judgement&, std::string_view id);

}  // namespace assay::cli
