// Trust files and signed bundles for the tests: a good one of each, to be spoiled one thing at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/evidence/closed_world.h"
#include "harness/evidence/dsse.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/sign_bundle.h"
#include "harness/evidence/statement.h"
#include "harness/evidence/trust.h"
#include "tests/evidence/fixtures.h"
#include "tests/evidence/keys.h"

namespace assay::evidence {

TrustedKey trusted(const PrivateKey& key, Role role);

TrustFile good_trust();

/// A question and a gate that ran, with an image of each.
std::vector<Record> signed_records();
std::vector<std::string> signed_artifacts();

/// What a build that has a catalogue claims of every bundle.
Json some_claims();
VerifyOptions with_claims(Json claims = some_claims());
VerifyOptions with_trust(TrustFile trust = good_trust());

IssuedChallenge challenge_of(const PrivateKey& issuer, Demands demands = {});

/// A sealed bundle that answers a verifier's challenge; not signed.
void answer(const std::filesystem::path& folder, const IssuedChallenge& challenge,
            const std::vector<Record>& records = signed_records());

/// A self-issued run, sealed and signed by its operator.
void write_signed_bundle(const std::filesystem::path& folder, const VerifyOptions& options = {},
                         const PrivateKey& key = operator_key());

/// Edits the envelope as an envelope.
void edit_envelope(const std::filesystem::path& folder, const std::function<void(Envelope&)>& edit);

/// Says something else and signs that with the operator's own key: only recomputation is left to find it.
void sign_again(const std::filesystem::path& folder, const std::function<void(Json&)>& edit);

}  // namespace assay::evidence
