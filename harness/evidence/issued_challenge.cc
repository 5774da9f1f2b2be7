#include "harness/evidence/issued_challenge.h"

#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/dsse.h"
#include "harness/evidence/redact.h"

namespace assay::evidence {

Result<IssuedChallenge> issue_challenge(const Demands& demands, const PrivateKey& issuer,
                                        std::chrono::sys_seconds now) {
  if (const auto leak = scan(demands.purpose))
    return Error{fmt::format("purpose: {} at offset {}, which no bundle may hold", leak->what, leak->offset)};
  Challenge challenge = make_challenge(demands.purpose, now, demands.lifetime);
  challenge.issuer = issuer.public_key().keyid();
  challenge.gates = demands.gates;
  challenge.max_attempts = demands.max_attempts;
  const auto text = pretty_json(to_json(challenge));
  if (!text) return text.error();
  const auto envelope = sign_payload(std::string(kChallengePayloadType), *text, issuer);
  if (!envelope) return envelope.error();
  auto written = envelope_text(*envelope);
  if (!written) return written.error();
  return IssuedChallenge{std::move(challenge), *text, *std::move(written)};
}

Result<IssuedChallenge> read_issued_challenge(std::string_view text, std::string_view name) {
  auto envelope = read_envelope(text, name);
  if (!envelope) return envelope.error();
  if (envelope->payload_type != kChallengePayloadType)
    return Error{fmt::format("{}: payloadType '{}' is not '{}', so it is no challenge", name, envelope->payload_type,
                             kChallengePayloadType)};
  const auto json = parse_json(envelope->payload, fmt::format("{}: payload", name));
  if (!json) return json.error();
  auto challenge = challenge_from_json(*json, fmt::format("{}: payload", name));
  if (!challenge) return challenge.error();
  if (!is_sha256_hex(challenge->issuer))
    return Error{fmt::format("{}: payload: field 'issuer': '{}' is no key id", name, challenge->issuer)};
  return IssuedChallenge{*std::move(challenge), std::move(envelope->payload), std::string(text)};
}

std::string why_unanswerable(const Challenge& challenge, std::chrono::sys_seconds now) {
  // Times of this spelling sort as text.
  const std::string time = format_utc(now);
  if (time < challenge.issued_utc)
    return fmt::format("issued at {}, and this machine's clock says {}; set the clock", challenge.issued_utc, time);
  if (time >= challenge.expires_utc)
    return fmt::format("expired at {}; ask the verifier for a new one", challenge.expires_utc);
  return {};
}

}  // namespace assay::evidence
