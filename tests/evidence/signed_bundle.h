// Trust files and signed bundles for the tests: a good one of each, to be spoiled one thing at a time.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/evidence/closed_world.h"
#include "harness/evidence/dsse.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/sign_bundle.h"
#include "harness/evidence/statement.h"
#include "harness/evidence/trust.h"
#include "tests/evidence/fixtures.h"
#include "tests/evidence/keys.h"

namespace assay::evidence {

inline TrustedKey trusted(const PrivateKey& key, Role role) {
  return {.key = key.public_key(),
          .role = role,
          .owner = "the " + std::string(word(role)) + " lab",
          .not_before = "2026-01-01T00:00:00Z",
          .not_after = "2026-12-31T23:59:59Z",
          .revoked = false};
}

inline TrustFile good_trust() {
  return {.keys = {trusted(operator_key(), Role::operator_), trusted(verifier_key(), Role::verifier)}};
}

/// A question and a gate that ran, with an image of each.
inline std::vector<Record> signed_records() {
  Record record = good_record();
  record.artifacts = {{"cubin", digest_of("a cubin")}, {"log", digest_of("a log")}};
  return {good_question(), record};
}
inline std::vector<std::string> signed_artifacts() { return {"a cubin", "a log"}; }

/// What a build that has a catalogue claims of every bundle.
inline Json some_claims() {
  return {{"catalogue_sha256", digest_of("catalogue")},
          {"claims", {{{"id", "executes.tma.load"}, {"sentence", "It ran."}}}},
          {"refused", {{{"id", "executes.tcgen05.alloc"}, {"missing", "no record"}}}}};
}
inline VerifyOptions with_claims(Json claims = some_claims()) {
  VerifyOptions options;
  options.claims = [claims = std::move(claims)](const VerifiedBundle&) { return claims; };
  return options;
}
inline VerifyOptions with_trust(TrustFile trust = good_trust()) {
  VerifyOptions options;
  options.trust = std::move(trust);
  return options;
}

inline IssuedChallenge challenge_of(const PrivateKey& issuer, Demands demands = {}) {
  return *issue_challenge(demands, issuer, *parse_utc("2026-11-22T12:00:00Z"));
}

/// A sealed bundle that answers a verifier's challenge; not signed.
inline void answer(const std::filesystem::path& folder, const IssuedChallenge& challenge,
                   const std::vector<Record>& records = signed_records()) {
  auto writer = BundleWriter::create(folder, challenge, &test_redactor());
  ASSERT_TRUE(writer) << writer.error().message;
  for (const std::string& artifact : signed_artifacts()) ASSERT_TRUE(writer->add_artifact(artifact));
  std::vector<RequiredGate> gates;
  for (const Record& record : records) {
    const RequiredGate gate{record.gate, record.gate_version};
    if (std::find(gates.begin(), gates.end(), gate) == gates.end()) gates.push_back(gate);
    ASSERT_TRUE(writer->append(record));
  }
  writer->set_gates(gates);
  writer->set_environment(good_environment());
  const auto sealed = writer->finish();
  ASSERT_TRUE(sealed) << sealed.error().message;
}

/// A self-issued run, sealed and signed by its operator.
inline void write_signed_bundle(const std::filesystem::path& folder, const VerifyOptions& options = {},
                                const PrivateKey& key = operator_key()) {
  write_bundle(folder, signed_records(), signed_artifacts());
  const Status done = sign_bundle(folder, options, key);
  ASSERT_TRUE(done) << done.error().message;
}

/// Edits the envelope as an envelope.
inline void edit_envelope(const std::filesystem::path& folder, const std::function<void(Envelope&)>& edit) {
  Envelope envelope = *read_envelope(read_text(folder / kEnvelopeFile), kEnvelopeFile);
  edit(envelope);
  write_text(folder / kEnvelopeFile, *envelope_text(envelope));
}

/// Says something else and signs that with the operator's own key: only recomputation is left to find it.
inline void sign_again(const std::filesystem::path& folder, const std::function<void(Json&)>& edit) {
  Json statement = Json::parse(read_text(folder / kStatementFile));
  edit(statement);
  const std::string payload = *canonical_json(statement);
  write_text(folder / kStatementFile, payload);
  write_text(folder / kEnvelopeFile,
             *envelope_text(*sign_payload(std::string(kStatementPayloadType), payload, operator_key())));
}

}  // namespace assay::evidence
