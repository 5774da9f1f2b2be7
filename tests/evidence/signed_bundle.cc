#include "tests/evidence/signed_bundle.h"

#include <algorithm>
#include <utility>

#include "harness/evidence/bundle_writer.h"
#include "tests/support/json.h"

namespace assay::evidence {

TrustedKey trusted(const PrivateKey& key, Role role) {
  return {.key = key.public_key(),
          .role = role,
          .owner = "the " + std::string(word(role)) + " lab",
          .not_before = "2026-01-01T00:00:00Z",
          .not_after = "2026-12-31T23:59:59Z",
          .revoked = false};
}

TrustFile good_trust() {
  return {.keys = {trusted(operator_key(), Role::operator_), trusted(verifier_key(), Role::verifier)}};
}

std::vector<Record> signed_records() {
  Record record = good_record();
  record.artifacts = {{"cubin", digest_of("a cubin")}, {"log", digest_of("a log")}};
  return {good_question(), record};
}

std::vector<std::string> signed_artifacts() { return {"a cubin", "a log"}; }

Json some_claims() {
  return {{"catalogue_sha256", digest_of("catalogue")},
          {"claims", {{{"id", "executes.tma.load"}, {"sentence", "It ran."}}}},
          {"refused", {{{"id", "executes.tcgen05.alloc"}, {"missing", "no record"}}}}};
}

VerifyOptions with_claims(Json claims) {
  VerifyOptions options;
  options.claims = [claims = std::move(claims)](const VerifiedBundle&) { return claims; };
  return options;
}

VerifyOptions with_trust(TrustFile trust) {
  VerifyOptions options;
  options.trust = std::move(trust);
  return options;
}

IssuedChallenge challenge_of(const PrivateKey& issuer, Demands demands) {
  return *issue_challenge(demands, issuer, *parse_utc("2026-11-22T12:00:00Z"));
}

void answer(const std::filesystem::path& folder, const IssuedChallenge& challenge, const std::vector<Record>& records) {
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

void write_signed_bundle(const std::filesystem::path& folder, const VerifyOptions& options, const PrivateKey& key) {
  write_bundle(folder, signed_records(), signed_artifacts());
  const Status done = sign_bundle(folder, options, key);
  ASSERT_TRUE(done) << done.error().message;
}

void edit_envelope(const std::filesystem::path& folder, const std::function<void(Envelope&)>& edit) {
  Envelope envelope = *read_envelope(read_text(folder / kEnvelopeFile), kEnvelopeFile);
  edit(envelope);
  write_text(folder / kEnvelopeFile, *envelope_text(envelope));
}

void sign_again(const std::filesystem::path& folder, const std::function<void(Json&)>& edit) {
  Json statement = test::parsed(read_text(folder / kStatementFile));
  edit(statement);
  const std::string payload = *canonical_json(statement);
  write_text(folder / kStatementFile, payload);
  write_text(folder / kEnvelopeFile,
             *envelope_text(*sign_payload(std::string(kStatementPayloadType), payload, operator_key())));
}

}  // namespace assay::evidence
