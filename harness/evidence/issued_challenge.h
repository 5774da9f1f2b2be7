// A challenge as a verifier hands it to an operator: signed, with an expiry, and carried whole in the answer.
//
// That the run came after the challenge, and that this bundle and no earlier one answers it, follows from its nonce and
// from the head of the ledger's chain. Who issued it follows from the signature alone, so a bundle whose challenge
// names an issuer must hold that issuer's envelope, and a challenge that the operator issued to himself must not look
// like one. Tested by tests/evidence/issued_challenge_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/ed25519.h"

namespace assay::evidence {

inline constexpr std::string_view kChallengePayloadType = "application/vnd.assay.challenge+json";

struct IssuedChallenge {
  Challenge challenge;
  std::string payload;   ///< What was signed: the text of challenge.json.
  std::string envelope;  ///< The text of challenge.dsse.json.
};

/// What a verifier asks for.
struct Demands {
  std::vector<std::string> gates;
  std::int64_t max_attempts = 1;
  std::string purpose;
  std::chrono::seconds lifetime = std::chrono::hours(24);
};

/// A fresh challenge, signed by its issuer. Error: the purpose holds what no bundle may hold.
Result<IssuedChallenge> issue_challenge(const Demands&, const PrivateKey& issuer,
                                        std::chrono::sys_seconds now = utc_now());

/// Strict, but for the signature: whether it is the issuer's is seen by who has the issuer's key.
Result<IssuedChallenge> read_issued_challenge(std::string_view envelope, std::string_view name);

/// Why a run that begins now cannot answer it: not yet issued, expired. Empty if it can.
std::string why_unanswerable(const Challenge&, std::chrono::sys_seconds now);

}  // namespace assay::evidence
