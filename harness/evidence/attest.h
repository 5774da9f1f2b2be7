// Who vouches for a bundle: its signature, held against the bundle and against whom the reader trusts.
//
// In this order, and nothing later if something earlier is wrong: the envelope is decoded, its signatures are checked
// over the bytes, the payload's type is compared, the payload is parsed, and the statement is made again from the
// records. Without a trust file a signature shows only that nothing changed since somebody signed; whoever that was,
// the bundle stays self-attested. Independence takes two keys of two roles and a challenge of the second. Tested by
// tests/evidence/attest_test.cc.
#pragma once

#include "harness/evidence/closed_world.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

/// Fills report.attestation and adds findings. The report is complete but for that.
void attest(const ClosedWorld& world, const VerifyOptions& options, VerifyReport& report);

}  // namespace assay::evidence
