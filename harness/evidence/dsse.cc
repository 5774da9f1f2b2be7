#include "harness/evidence/dsse.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/base64.h"

namespace assay::evidence {
namespace {

Result<EnvelopeSignature> read_signature(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  EnvelopeSignature read{.keyid = reader.has("keyid") ? reader.string("keyid") : "", .signature = {}};
  const auto signature = unbase64(reader.string("sig"));
  if (!signature) {
    reader.fault("sig", signature.error().message);
  } else if (signature->size() != kSignatureSize) {
    reader.fault("sig", fmt::format("{} bytes, an Ed25519 signature has {}", signature->size(), kSignatureSize));
  } else {
    read.signature = *signature;
  }
  if (const Status status = reader.finish(); !status) return status.error();
  return read;
}

/// The key whose signature this is.
std::optional<std::size_t> signer(std::string_view signed_bytes, const EnvelopeSignature& signature,
                                  std::span<const PublicKey> keys) {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].verifies(signed_bytes, signature.signature)) return i;
  return std::nullopt;
}

/// A name that the signature contradicts; empty if there is none.
std::string false_name(const EnvelopeSignature& signature, std::optional<std::size_t> found,
                       std::span<const PublicKey> keys) {
  if (signature.keyid.empty()) return {};
  const std::string_view named = short_id(signature.keyid);
  if (found && keys[*found].keyid() != signature.keyid)
    return fmt::format("names key '{}', but is of key {}", named, short_id(keys[*found].keyid()));
  const auto is_named = [&](const PublicKey& key) { return key.keyid() == signature.keyid; };
  if (!found && std::any_of(keys.begin(), keys.end(), is_named))
    return fmt::format("names key {}, which did not sign these bytes", named);
  return {};
}

}  // namespace

std::string pae(std::string_view payload_type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type, payload.size(), payload);
}

Result<Envelope> sign_payload(std::string payload_type, std::string payload, const PrivateKey& key) {
  Envelope envelope{.payload = std::move(payload), .payload_type = std::move(payload_type), .signatures = {}};
  if (const Status added = add_signature(envelope, key); !added) return added.error();
  return envelope;
}

Status add_signature(Envelope& envelope, const PrivateKey& key) {
  auto signature = key.sign(pae(envelope.payload_type, envelope.payload));
  if (!signature) return signature.error();
  envelope.signatures.push_back({.keyid = key.public_key().keyid(), .signature = *std::move(signature)});
  return ok();
}

Result<std::string> envelope_text(const Envelope& envelope) {
  Json signatures = Json::array();
  for (const EnvelopeSignature& one : envelope.signatures)
    signatures.push_back({{"keyid", one.keyid}, {"sig", base64(one.signature)}});
  return pretty_json({{"payload", base64(envelope.payload)},
                      {"payloadType", envelope.payload_type},
                      {"signatures", std::move(signatures)}});
}

Result<Envelope> read_envelope(std::string_view text, std::string_view name) {
  const auto json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(name));
  const auto payload = unbase64(reader.string("payload"));
  if (!payload) reader.fault("payload", payload.error().message);
  Envelope envelope{.payload = payload ? *payload : "", .payload_type = reader.string("payloadType"), .signatures = {}};
  const Json& signatures = reader.array("signatures");
  if (signatures.empty()) reader.fault("signatures", "empty");
  if (const Status status = reader.finish(); !status) return status.error();
  for (const Json& element : signatures) {
    auto signature = read_signature(element, fmt::format("{}: signatures[{}]", name, envelope.signatures.size()));
    if (!signature) return signature.error();
    envelope.signatures.push_back(*std::move(signature));
  }
  return envelope;
}

Result<std::vector<std::optional<std::size_t>>> signers(const Envelope& envelope, std::span<const PublicKey> keys) {
  const std::string signed_bytes = pae(envelope.payload_type, envelope.payload);
  std::vector<std::optional<std::size_t>> found;
  for (const EnvelopeSignature& signature : envelope.signatures) {
    const std::string where = fmt::format("signatures[{}]", found.size());
    const std::optional<std::size_t> key = signer(signed_bytes, signature, keys);
    if (const std::string wrong = false_name(signature, key, keys); !wrong.empty())
      return Error{fmt::format("{} {}", where, wrong)};
    if (key && std::find(found.begin(), found.end(), key) != found.end())
      return Error{fmt::format("{} is a second one of key {}; a key counts once", where, short_id(keys[*key].keyid()))};
    found.push_back(key);
  }
  return found;
}

}  // namespace assay::evidence
