// DSSE envelopes: bytes, what sort of bytes they are, and signatures over both.
//
// What is signed is PAE(type, payload), so a signature can be moved neither to another payload nor to another type. A
// reader decodes, checks signatures, compares the type and only then parses the payload: until somebody is known to
// vouch for it, no parser sees it. `keyid` is in nobody's signature; it helps to find a key and is never believed.
// Ancestry: secure-systems-lab/dsse, protocol 1.0.0. Tested by tests/evidence/dsse_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/ed25519.h"

namespace assay::evidence {

/// "DSSEv1 LENGTH TYPE LENGTH PAYLOAD": the bytes that are signed.
std::string pae(std::string_view payload_type, std::string_view payload);

struct EnvelopeSignature {
  std::string keyid;      ///< As the envelope says; may be empty.
  std::string signature;  ///< 64 bytes.
  bool operator==(const EnvelopeSignature&) const = default;
};

struct Envelope {
  std::string payload;  ///< Decoded; of nobody until a signature is good.
  std::string payload_type;
  std::vector<EnvelopeSignature> signatures;
  bool operator==(const Envelope&) const = default;
};

/// An envelope of the payload with this key's signature on it.
Result<Envelope> sign_payload(std::string payload_type, std::string payload, const PrivateKey& key);
/// Adds a signature of the same payload.
Status add_signature(Envelope& envelope, const PrivateKey& key);

Result<std::string> envelope_text(const Envelope& envelope);
/// Strict: an unknown or missing field, base64 with two meanings, no signature, a signature that is not of 64 bytes.
Result<Envelope> read_envelope(std::string_view text, std::string_view name);

/// Who of `keys` signed: for each signature of the envelope the index of its key, or nothing if it is of none of them.
/// Error: a signature names a key of `keys` (by its keyid) and is not that key's; a key signed twice.
Result<std::vector<std::optional<std::size_t>>> signers(const Envelope& envelope, std::span<const PublicKey> keys);

}  // namespace assay::evidence
