#include "harness/cli/verify_options.h"

#include <memory>

#include "harness/base/json.h"
#include "harness/cli/gate_check.h"
#include "harness/cli/image_check.h"
#include "harness/cli/recompute.h"
#include "harness/evidence/statement.h"
#include "probes/gates.h"
#include "reports/claims.h"
#include "reports/guardrail.h"

namespace assay::cli {
namespace {

/// A catalogue that cannot be read is a fault of the build, which then claims nothing.
Json claims_of(const evidence::VerifiedBundle& bundle) {
  const auto catalogue = reports::builtin_claims();
  if (!catalogue) return evidence::no_claims();
  return to_json(reports::Guardrail(*catalogue).judge(bundle), reports::catalogue_sha256(*catalogue));
}

}  // namespace

evidence::VerifyOptions verify_options(bool again) {
  evidence::VerifyOptions options;
  if (again) {
    const auto texts = std::make_shared<GateTexts>();
    options.recompute = recompute;
    options.check_image = image_check(texts);
    options.check_gate = gate_check(texts);
  }
  options.knows_gate = knows_gate;
  options.variants = variants;
  options.gate_set = probes::gate_set;
  options.compare_images = compare_images;
  options.claims = claims_of;
  return options;
}

Status add_trust(evidence::VerifyOptions& options, const std::string& file) {
  if (file.empty()) return ok();
  auto trust = evidence::load_trust(file);
  if (!trust) return trust.error();
  options.trust = *std::move(trust);
  return ok();
}

}  // namespace assay::cli
