// A bundle that may be spoken from: verified, and fit to publish.
//
// Only open() makes one, so whatever takes a VerifiedBundle cannot be handed records that nobody checked. It may hold
// no evidence at all: the bundle of an emulated device, or of a machine without any, is as honest as another. What
// follows from it is the guardrail's to say (reports/guardrail.h). Tested by tests/evidence/verified_bundle_test.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "harness/base/result.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

class VerifiedBundle {
 public:
  /// Verifies the folder. Error: it is not intact, not fit, or private; the message is the first finding as a person
  /// reads it, the log has all of them, a line each.
  static Result<VerifiedBundle> open(const std::filesystem::path& folder, const VerifyOptions& options = {});

  const VerifyReport& report() const { return report_; }

 private:
  friend std::optional<Json> claims_again(VerifyReport& report, const VerifyOptions& options);
  explicit VerifiedBundle(VerifyReport report) : report_(std::move(report)) {}
  VerifyReport report_;
};

/// The claims of a report without findings as `options.claims` makes them, while verification goes on; nullopt where
/// nothing may be claimed from it, or nobody knows how.
std::optional<Json> claims_again(VerifyReport& report, const VerifyOptions& options);

}  // namespace assay::evidence
