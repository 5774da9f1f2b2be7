// The lines of a policy, judged against one verified bundle.
//
// Denial is the default. A line is met only by a record of this bundle, of the device that the line is about, that
// amounts to what the line asks; `failed` is what the records speak against (a mismatch, a fault, a hang, a failed
// control, a limit out of bounds, a text that does not assemble), `unproven` is everything that they leave open, and a
// line about another device than the bundle's does not apply. Where a bundle has no device at all, every line applies:
// a machine that lost its GPU passes nothing by it. Records of an emulated driver meet nothing but `agrees@PROFILE`
// (and `assembles`, which is the assembler's word). Tested by tests/reports/requirements_test.cc.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "harness/evidence/verify.h"
#include "reports/check.h"
#include "reports/guardrail.h"
#include "reports/policy.h"
#include "reports/profiles.h"

namespace assay::reports {

/// What a policy is judged against.
struct CheckEvidence {
  const evidence::VerifyReport& bundle;
  const Judgement& claims;
  std::span<const Profile> profiles;
  /// Whether the verifier made the inputs and outputs of this record again. What it could not, proves nothing here.
  std::function<bool(const evidence::Record&)> recomputed;
};

CheckRow judge(const Requirement&, const CheckEvidence&);
std::vector<CheckRow> judge(const Policy&, const CheckEvidence&);

/// "tma" of "tma.load": what gates are listed under.
std::string family_of(std::string_view gate);

}  // namespace assay::reports
