#include "reports/guardrail.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "reports/bundle_view.h"
#include "reports/drafts.h"

namespace assay::reports {
namespace {

struct KindRow {
  ClaimKind kind;
  Drafts (*draft)(const Claim&, const BundleView&);
};
constexpr std::array<KindRow, 14> kDrafts = {{{ClaimKind::query, draft_query},
                                              {ClaimKind::limit, draft_limit},
                                              {ClaimKind::capability, draft_capability},
                                              {ClaimKind::accepts, draft_accepts},
                                              {ClaimKind::refuses, draft_refuses},
                                              {ClaimKind::loads, draft_loads},
                                              {ClaimKind::driver_refuses, draft_driver_refuses},
                                              {ClaimKind::patched, draft_patched},
                                              {ClaimKind::walk, draft_walk},
                                              {ClaimKind::method, draft_method},
                                              {ClaimKind::unproven, draft_unproven},
                                              {ClaimKind::profile, draft_profile},
                                              {ClaimKind::correctness, draft_correctness},
                                              {ClaimKind::throughput, draft_throughput}}};

Drafts draft(const Claim& claim, const BundleView& bundle) {
  if (!bundle.silence().empty()) return lacking(bundle.silence());
  const auto row = std::ranges::find(kDrafts, claim.kind, &KindRow::kind);
  return row == kDrafts.end() ? lacking("a kind that the guardrail does not know") : row->draft(claim, bundle);
}

std::string instance(const Claim& claim, const std::string& key) {
  return key.empty() ? claim.id : fmt::format("{}/{}", claim.id, key);
}

Json to_json(const Scope& scope) {
  return {{"device", scope.device},
          {"compute_capability", scope.compute_capability},
          {"driver", scope.driver},
          {"assembler", scope.assembler},
          {"target", scope.target}};
}

Json to_json(const SupportedClaim& claim) {
  return {{"id", claim.id()},
          {"kind", word(claim.kind())},
          {"class", word(claim.evidence_class())},
          {"level", word(claim.level())},
          {"sentence", claim.sentence()},
          {"does_not_say", claim.does_not_say()},
          {"scope", to_json(claim.scope())},
          {"records", claim.records()}};
}

}  // namespace

Drafts lacking(std::string what) { return {.made = {}, .lacks = {{.key = "", .what = std::move(what)}}}; }

Drafts or_lacking(Drafts drafts, std::string what) {
  if (drafts.made.empty() && drafts.lacks.empty()) return lacking(std::move(what));
  return drafts;
}

Judgement Guardrail::judge(const evidence::VerifiedBundle& bundle) const {
  const BundleView view(bundle.report());
  Judgement judgement;
  for (const Claim& claim : catalogue_) {
    Drafts drafts = draft(claim, view);
    for (Draft& one : drafts.made) {
      SupportedClaim supported;
      supported.id_ = instance(claim, one.key);
      supported.kind_ = claim.kind;
      supported.class_ = one.evidence_class;
      supported.level_ = one.level;
      supported.scope_ = std::move(one.scope);
      supported.sentence_ = std::move(one.sentence);
      supported.does_not_say_ = claim.does_not_say;
      supported.records_ = std::move(one.records);
      judgement.supported.push_back(std::move(supported));
    }
    for (Lack& lack : drafts.lacks)
      judgement.refused.push_back({instance(claim, lack.key), claim.subject, std::move(lack.what)});
  }
  return judgement;
}

Json to_json(const Judgement& judgement, std::string_view catalogue) {
  Json claims = Json::array(), refused = Json::array();
  for (const SupportedClaim& claim : judgement.supported) claims.push_back(to_json(claim));
  for (const RefusedClaim& claim : judgement.refused)
    refused.push_back({{"id", claim.id}, {"subject", claim.subject}, {"missing", claim.missing}});
  return {{"catalogue_sha256", catalogue}, {"claims", std::move(claims)}, {"refused", std::move(refused)}};
}

}  // namespace assay::reports
