// Signing a bundle: nobody's word is put to what was not verified first.
//
// The operator's signature makes three files beside the manifest; the envelope is written last, so a signing that was
// cut short is seen as one. A verifier adds his signature to the same statement after computing every oracle again.
// Tested by tests/evidence/sign_bundle_test.cc.
#pragma once

#include <filesystem>
#include <string>

#include "harness/evidence/ed25519.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

/// Verifies the sealed bundle, makes its statement and signs it. Error: not intact, not fit to publish, signed already.
Status sign_bundle(const std::filesystem::path& folder, const VerifyOptions& options, const PrivateKey& key);

/// Why a verifier may not sign what he found: a finding, no signature of an operator, something that was not
/// recomputed. Empty if he may.
std::string why_not_cosign(const VerifyReport& report);

/// Adds the verifier's signature to the envelope of the bundle that `report` is of. Error: why_not_cosign, the key
/// signed already, the envelope is no longer the one that was verified.
Status cosign_bundle(const std::filesystem::path& folder, const VerifyReport& report, const PrivateKey& key);

}  // namespace assay::evidence
