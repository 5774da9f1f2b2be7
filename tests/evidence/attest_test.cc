// A signed bundle, one change, and what is found: without trust, and with it.
#include "harness/evidence/attest.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/forger.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string id_of(const PrivateKey& key) { return std::string(short_id(key.public_key().keyid())); }

class AttestTest : public testing::Test {
 protected:
  fs::path bundle() const { return folder_.path() / "bundle"; }
  TemporaryFolder folder_;
};

// --- How far a signature goes ---

TEST_F(AttestTest, NotSignedIsSelfAttested) {
  write_bundle(bundle(), signed_records(), signed_artifacts());
  const Attestation said = verify_bundle(bundle()).attestation;
  EXPECT_FALSE(said.is_signed);
  EXPECT_EQ(said.trust, Trust::self_attested);
  EXPECT_EQ(said.line,
            "self-attested, not independently verified: whoever holds the machine can write a consistent bundle");
}

TEST_F(AttestTest, WithoutTrustASignatureVouchesForNothing) {
  write_signed_bundle(bundle());
  const VerifyReport report = verify_bundle(bundle());
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_TRUE(report.attestation.is_signed);
  EXPECT_EQ(report.attestation.trust, Trust::self_attested);
  EXPECT_EQ(report.attestation.signatures.front().role, "");
  EXPECT_EQ(report.attestation.line, "self-attested, not independently verified: signed with key " +
                                         id_of(operator_key()) + ", for which nobody but the bundle vouches");
}

TEST_F(AttestTest, ATrustedOperatorAttests) {
  write_signed_bundle(bundle());
  const VerifyReport report = verify_bundle(bundle(), with_trust());
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_EQ(report.attestation.trust, Trust::by_operator);
  EXPECT_EQ(report.attestation.signatures.front().role, "operator");
  EXPECT_EQ(report.attestation.signatures.front().owner, "the operator lab");
  EXPECT_EQ(report.attestation.line, "attested by the operator key " + id_of(operator_key()) +
                                         " (the operator lab); not independently verified: the challenge is the "
                                         "operator's own");
}

void cosign(const fs::path& bundle, const PrivateKey& key) {
  edit_envelope(bundle, [&](Envelope& envelope) { ASSERT_TRUE(add_signature(envelope, key)); });
}

/// The sentence for a bundle that answers a challenge of `issuer`, is signed by the operator, and by `second`.
std::string line_of(const fs::path& bundle, const PrivateKey& issuer, const PrivateKey* second, Trust expected,
                    const TrustFile& trust = good_trust()) {
  fs::remove_all(bundle);
  answer(bundle, challenge_of(issuer));
  EXPECT_TRUE(sign_bundle(bundle, {}, operator_key()));
  if (second != nullptr) cosign(bundle, *second);
  const VerifyReport report = verify_bundle(bundle, with_trust(trust));
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_EQ(report.attestation.trust, expected);
  return report.attestation.line;
}

TEST_F(AttestTest, IndependenceTakesAnotherKeyAndItsChallenge) {
  const PrivateKey verifier = verifier_key(), stranger = stranger_key();
  const std::string attested = "attested by the operator key " + id_of(operator_key()) + " (the operator lab)";
  EXPECT_EQ(line_of(bundle(), verifier, &verifier, Trust::independent),
            "independently verified: " + attested + " on the challenge of the verifier key " + id_of(verifier) +
                " (the verifier lab), who signed it too");
  EXPECT_EQ(line_of(bundle(), verifier, nullptr, Trust::by_operator),
            attested + "; not independently verified: the verifier who issued the challenge has not signed");
  EXPECT_EQ(line_of(bundle(), verifier, &stranger, Trust::by_operator),
            attested + "; not independently verified: the verifier who issued the challenge has not signed");
  EXPECT_EQ(
      line_of(bundle(), stranger, &verifier, Trust::by_operator),
      attested + "; not independently verified: the challenge is of key " + id_of(stranger) + ", which is not trusted");
  EXPECT_EQ(line_of(bundle(), operator_key(), &verifier, Trust::by_operator),
            attested + "; not independently verified: the challenge is the operator's own");
  TrustFile publisher = good_trust();
  publisher.keys[1].role = Role::publisher;
  EXPECT_EQ(line_of(bundle(), verifier, &verifier, Trust::by_operator, publisher),
            attested + "; not independently verified: the challenge is of a key that is no verifier's");
}

TEST_F(AttestTest, ASelfIssuedChallengeIsNeverIndependent) {
  write_signed_bundle(bundle());
  cosign(bundle(), verifier_key());
  const VerifyReport report = verify_bundle(bundle(), with_trust());
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_EQ(report.attestation.signatures.size(), 2u);
  EXPECT_EQ(report.attestation.trust, Trust::by_operator);
}

// --- What is refused ---

struct Forgery {
  const char* what;
  std::function<void(const fs::path&)> forge;
  std::string message;
  VerifyOptions options = {};
};

std::function<void(const fs::path&)> envelope_edit(const std::function<void(Envelope&)>& edit) {
  return [=](const fs::path& bundle) { edit_envelope(bundle, edit); };
}
/// Signed again with the operator's own key.
std::function<void(const fs::path&)> said_otherwise(const char* pointer, const Json& value) {
  return [=](const fs::path& bundle) {
    sign_again(bundle, [&](Json& statement) { statement[Json::json_pointer(pointer)] = value; });
  };
}
std::string not_given(const std::string& pointer) {
  return "statement.intoto.json: " + pointer + " is not what this bundle gives";
}
VerifyOptions changed_trust(const std::function<void(TrustFile&)>& change) {
  TrustFile trust = good_trust();
  change(trust);
  return with_trust(trust);
}

/// By another key, in place of the operator's.
void sign_by(const fs::path& bundle, const PrivateKey& key) {
  for (const std::string_view name : kSignatureFiles) fs::remove(bundle / name);
  ASSERT_TRUE(sign_bundle(bundle, {}, key));
}

std::vector<Forgery> forgeries() {
  const std::string mine = id_of(operator_key()), other = id_of(stranger_key());
  return {
      // Whose signature.
      {"not signed",
       [](const fs::path& b) {
         for (const std::string_view name : kSignatureFiles) fs::remove(b / name);
       },
       "evidence.dsse.json: missing: not signed, and a trusted signature is asked for", with_trust()},
      {"a key that nobody trusts", [](const fs::path& b) { sign_by(b, stranger_key()); },
       "evidence.dsse.json: not signed by a trusted operator; signed by key " + other, with_trust()},
      {"a verifier in place of an operator", [](const fs::path& b) { sign_by(b, verifier_key()); },
       "evidence.dsse.json: not signed by a trusted operator; signed by key " + id_of(verifier_key()), with_trust()},
      {"a publisher in place of an operator", [](const fs::path&) {},
       "evidence.dsse.json: not signed by a trusted operator; signed by key " + mine,
       changed_trust([](TrustFile& t) { t.keys[0].role = Role::publisher; })},
      {"a trusted key's name on another's signature",
       [](const fs::path& b) {
         sign_by(b, stranger_key());
         edit_envelope(b, [](Envelope& e) { e.signatures[0].keyid = operator_key().public_key().keyid(); });
       },
       "evidence.dsse.json: signatures[0] names key '" + mine + "', but is of key " + other, with_trust()},
      {"the same, beside a key that was swapped too",
       [](const fs::path& b) {
         sign_by(b, stranger_key());
         edit_envelope(b, [](Envelope& e) { e.signatures[0].keyid = operator_key().public_key().keyid(); });
         write_text(b / kPublicKeyFile, operator_key().public_key().pem());
       },
       "evidence.dsse.json: signatures[0] names key " + mine + ", which did not sign these bytes", with_trust()},
      {"one signature twice", envelope_edit([](Envelope& e) { e.signatures.push_back(e.signatures[0]); }),
       "evidence.dsse.json: signatures[1] is a second one of key " + mine + "; a key counts once"},
      {"a key that was revoked", [](const fs::path&) {},
       "evidence.dsse.json: key " + mine + " (the operator lab) is revoked",
       changed_trust([](TrustFile& t) { t.keys[0].revoked = true; })},
      {"a key that came later", [](const fs::path&) {},
       "evidence.dsse.json: key " + mine +
           " (the operator lab) speaks of runs from 2026-11-22T12:00:06Z on, this one began at 2026-11-22T12:00:05Z",
       changed_trust([](TrustFile& t) { t.keys[0].not_before = "2026-11-22T12:00:06Z"; })},
      {"a key that ended earlier", [](const fs::path&) {},
       "evidence.dsse.json: key " + mine +
           " (the operator lab) speaks of runs up to 2026-11-22T12:00:05Z, this one ended at 2026-11-22T12:00:06Z",
       changed_trust([](TrustFile& t) { t.keys[0].not_after = "2026-11-22T12:00:05Z"; })},
      {"another key in run.pub.pem",
       [](const fs::path& b) { write_text(b / kPublicKeyFile, stranger_key().public_key().pem()); },
       "evidence.dsse.json: no signature is of the key in run.pub.pem"},
      {"a key of small order in run.pub.pem",
       [](const fs::path& b) {
         write_text(b / kPublicKeyFile,
                    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                    "-----END PUBLIC KEY-----\n");
       },
       "run.pub.pem: public key: a point of small order, under which anybody can sign"},
      {"run.pub.pem spelled otherwise",
       [](const fs::path& b) { write_text(b / kPublicKeyFile, read_text(b / kPublicKeyFile) + "\n"); },
       "run.pub.pem: not spelled as the writer spells it"},
      // The envelope.
      {"another payload", envelope_edit([](Envelope& e) { e.payload += " "; }),
       "evidence.dsse.json: signatures[0] names key " + mine + ", which did not sign these bytes"},
      {"another type", envelope_edit([](Envelope& e) { e.payload_type = "application/json"; }),
       "evidence.dsse.json: signatures[0] names key " + mine + ", which did not sign these bytes"},
      {"another type, signed",
       envelope_edit([](Envelope& e) { e = *sign_payload("application/json", e.payload, operator_key()); }),
       "evidence.dsse.json: payloadType 'application/json' is not 'application/vnd.in-toto+json'"},
      {"no envelope", [](const fs::path& b) { write_text(b / kEnvelopeFile, "{}"); },
       "evidence.dsse.json: field 'payload': missing"},
      {"no JSON", [](const fs::path& b) { write_text(b / kEnvelopeFile, "x"); },
       "evidence.dsse.json:1:1 (offset 0): not JSON: unexpected 'x'"},
      // What is signed.
      {"a readable copy that differs",
       [](const fs::path& b) { write_text(b / kStatementFile, read_text(b / kStatementFile) + "\n"); },
       "statement.intoto.json: differs from the payload of evidence.dsse.json"},
      {"fewer records", said_otherwise("/predicate/record_count", 1), not_given("/predicate/record_count")},
      {"a better summary", said_otherwise("/predicate/summary/by_verdict/proven", 2),
       not_given("/predicate/summary/by_verdict/proven")},
      {"another device", said_otherwise("/predicate/scope/device", "NVIDIA GB10"),
       not_given("/predicate/scope/device")},
      {"another tool", said_otherwise("/predicate/tool/version", "9.9"), not_given("/predicate/tool/version")},
      {"another ledger", said_otherwise("/predicate/chain_head", digest_of("x")), not_given("/predicate/chain_head")},
      {"another bundle", said_otherwise("/subject/0/digest/sha256", digest_of("x")),
       not_given("/subject/0/digest/sha256")},
      {"no image", said_otherwise("/subject", Json::array()), not_given("/subject/1")},
      {"one field more", said_otherwise("/predicate/independent", true), not_given("/predicate/independent")},
      {"another statement type", said_otherwise("/_type", "https://in-toto.io/Statement/v2"), not_given("/_type")},
      {"another predicate", said_otherwise("/predicateType", "urn:assay:gate-run:2"),
       "statement.intoto.json: predicateType is not 'urn:assay:gate-run:1', which this build reads"},
      {"a list", [](const fs::path& b) { sign_again(b, [](Json& statement) { statement = Json::array(); }); },
       "statement.intoto.json: predicateType is not 'urn:assay:gate-run:1', which this build reads"},
      {"claims edited", said_otherwise("/predicate/claims/0/sentence", "It is fast."),
       not_given("/predicate/claims/0/sentence"), with_claims()},
      {"a refusal kept silent", said_otherwise("/predicate/refused", Json::array()), not_given("/predicate/refused/0"),
       with_claims()},
      {"claims that are no list", said_otherwise("/predicate/claims", "all"), not_given("/predicate/claims")},
      {"spelled otherwise",
       [](const fs::path& b) {
         const std::string payload = *pretty_json(test::parsed(read_text(b / kStatementFile)));
         write_text(b / kStatementFile, payload);
         write_text(b / kEnvelopeFile,
                    *envelope_text(*sign_payload(std::string(kStatementPayloadType), payload, operator_key())));
       },
       "statement.intoto.json: not spelled as the writer spells it"},
      {"a number twice",
       [](const fs::path& b) {
         std::string payload = read_text(b / kStatementFile);
         payload.insert(1, "\"_type\":0,");
         write_text(b / kStatementFile, payload);
         write_text(b / kEnvelopeFile,
                    *envelope_text(*sign_payload(std::string(kStatementPayloadType), payload, operator_key())));
       },
       "statement.intoto.json:1:12 (offset 11): duplicate key '_type'"},
      {"a leak in a claim", said_otherwise("/predicate/claims/0/sentence", "ran on 10.1.2.3"),
       "statement.intoto.json: IP address at offset "},
      // The bundle under a good signature.
      {"another bundle under the signature",
       [](const fs::path& b) { forge_record(b, 0, [](Record& record) { record.measurements[0].value = 144; }); },
       not_given("/predicate/chain_head")},
      // Half a signature.
      {"no statement", [](const fs::path& b) { fs::remove(b / kStatementFile); },
       "statement.intoto.json: missing beside evidence.dsse.json; a signature cut short is removed whole and made "
       "again"},
      {"no key", [](const fs::path& b) { fs::remove(b / kPublicKeyFile); },
       "run.pub.pem: missing beside evidence.dsse.json; a signature cut short is removed whole and made again"},
      {"no envelope at all", [](const fs::path& b) { fs::remove(b / kEnvelopeFile); },
       "evidence.dsse.json: missing beside run.pub.pem; a signature cut short is removed whole and made again"},
      {"a key behind a link",
       [](const fs::path& b) {
         fs::rename(b / kPublicKeyFile, b.parent_path() / "elsewhere");
         fs::create_symlink(b.parent_path() / "elsewhere", b / kPublicKeyFile);
       },
       "run.pub.pem: is a symbolic link"},
      {"an empty envelope", [](const fs::path& b) { write_text(b / kEnvelopeFile, ""); }, "evidence.dsse.json:1:1 "},
      {"an empty key", [](const fs::path& b) { write_text(b / kPublicKeyFile, ""); },
       "run.pub.pem: no Ed25519 public key in PEM"},
      {"an empty statement", [](const fs::path& b) { write_text(b / kStatementFile, ""); },
       "statement.intoto.json: differs from the payload of evidence.dsse.json"},
  };
}

TEST_F(AttestTest, EveryForgeryIsRefusedWithItsOwnMessage) {
  write_signed_bundle(bundle(), with_claims());
  ASSERT_THAT(messages(verify_bundle(bundle(), with_claims())), IsEmpty());
  for (const Forgery& forgery : forgeries()) {
    SCOPED_TRACE(forgery.what);
    const TemporaryFolder folder;
    const fs::path forged = folder.path() / "bundle";
    fs::copy(bundle(), forged, fs::copy_options::recursive);
    forgery.forge(forged);
    const VerifyReport report = verify_bundle(forged, forgery.options);
    EXPECT_FALSE(report.intact);
    EXPECT_EQ(report.attestation.trust == Trust::independent, false);
    EXPECT_THAT(messages(report), Contains(testing::StartsWith(forgery.message)));
  }
}

TEST_F(AttestTest, RefusesAFlipOfEveryByteOfASignature) {
  write_signed_bundle(bundle());
  for (const std::string_view name : kSignatureFiles) {
    const std::string good = read_text(bundle() / name);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      write_text(bundle() / name, bad);
      ASSERT_FALSE(verify_bundle(bundle()).intact) << name << " at " << i;
    }
    write_text(bundle() / name, good);
  }
  EXPECT_TRUE(verify_bundle(bundle()).intact);
}

TEST_F(AttestTest, ClaimsOfAnotherCatalogueAreNotCalledForged) {
  write_signed_bundle(bundle(), with_claims());
  EXPECT_FALSE(verify_bundle(bundle(), with_claims()).attestation.claims_not_recomputed);
  Json newer = some_claims();
  newer["catalogue_sha256"] = digest_of("a later catalogue");
  newer["claims"] = Json::array();
  for (const VerifyOptions& options : {with_claims(newer), VerifyOptions{}}) {
    const VerifyReport report = verify_bundle(bundle(), options);
    EXPECT_THAT(messages(report), IsEmpty());
    EXPECT_TRUE(report.attestation.claims_not_recomputed);
  }
}

TEST_F(AttestTest, ASignatureWithoutClaimsIsWhole) {
  write_signed_bundle(bundle());
  const VerifyReport report = verify_bundle(bundle(), with_claims());
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_FALSE(report.attestation.claims_not_recomputed);
}

// --- The challenge ---

struct ChallengeForgery {
  const char* what;
  std::function<void(const fs::path&)> forge;
  std::string message;  ///< With trust in the issuer.
  bool needs_trust = false;
};

void replace_envelope(const fs::path& bundle, const Envelope& envelope) {
  write_text(bundle / kChallengeEnvelopeFile, *envelope_text(envelope));
  seal_again(bundle);
}
Envelope issued(const fs::path& bundle) { return *read_envelope(read_text(bundle / kChallengeEnvelopeFile), "x"); }

const std::vector<ChallengeForgery>& challenge_forgeries() {
  static const std::vector<ChallengeForgery> rows{
      {"its envelope is not kept",
       [](const fs::path& b) {
         fs::remove(b / kChallengeEnvelopeFile);
         seal_again(b);
       },
       "challenge.dsse.json: missing: the challenge says that key '" + id_of(verifier_key()) + "' issued it"},
      {"self-issued under a verifier's envelope",
       [](const fs::path& b) { forge_document(b, "challenge.json", [](Json& j) { j["issuer"] = "self"; }); },
       "challenge.dsse.json: signed, but the challenge says that it is self-issued"},
      {"a longer life",
       [](const fs::path& b) {
         forge_document(b, "challenge.json", [](Json& j) { j["expires_utc"] = "2027-11-22T12:00:00Z"; });
       },
       "challenge.dsse.json: its payload is not challenge.json"},
      {"issued by the operator in the verifier's name",
       [](const fs::path& b) {
         replace_envelope(b, *sign_payload(std::string(kChallengePayloadType), issued(b).payload, operator_key()));
       },
       "challenge.dsse.json: not signed by key " + id_of(verifier_key()) + ", which the challenge names", true},
      {"and under his key id",
       [](const fs::path& b) {
         Envelope forged = *sign_payload(std::string(kChallengePayloadType), issued(b).payload, operator_key());
         forged.signatures[0].keyid = verifier_key().public_key().keyid();
         replace_envelope(b, forged);
       },
       "challenge.dsse.json: signatures[0] names key " + id_of(verifier_key()) + ", which did not sign these bytes",
       true},
      {"some other signed document",
       [](const fs::path& b) { replace_envelope(b, *sign_payload("text/plain", issued(b).payload, verifier_key())); },
       "challenge.dsse.json: payloadType 'text/plain' is not 'application/vnd.assay.challenge+json', so it is no "
       "challenge"},
      {"no envelope",
       [](const fs::path& b) {
         write_text(b / kChallengeEnvelopeFile, "{}");
         seal_again(b);
       },
       "challenge.dsse.json: field 'payload': missing"},
      {"an empty envelope",
       [](const fs::path& b) {
         write_text(b / kChallengeEnvelopeFile, "");
         seal_again(b);
       },
       "challenge.dsse.json:1:1 (offset 0): not JSON: the text ends too early"},
  };
  return rows;
}

TEST_F(AttestTest, AChallengeIsItsIssuersOrRefused) {
  answer(bundle(), challenge_of(verifier_key()));
  ASSERT_THAT(messages(verify_bundle(bundle())), IsEmpty());
  for (const ChallengeForgery& forgery : challenge_forgeries()) {
    SCOPED_TRACE(forgery.what);
    const TemporaryFolder folder;
    const fs::path forged = folder.path() / "bundle";
    fs::copy(bundle(), forged, fs::copy_options::recursive);
    forgery.forge(forged);
    EXPECT_THAT(messages(verify_bundle(forged, with_trust())), Contains(forgery.message));
    if (forgery.needs_trust) continue;
    EXPECT_THAT(messages(verify_bundle(forged)), ElementsAre(forgery.message));
  }
}

TEST_F(AttestTest, ARevokedVerifiersChallengeIsRefused) {
  answer(bundle(), challenge_of(verifier_key()));
  ASSERT_TRUE(sign_bundle(bundle(), {}, operator_key()));
  const VerifyReport report =
      verify_bundle(bundle(), changed_trust([](TrustFile& trust) { trust.keys[1].revoked = true; }));
  EXPECT_THAT(messages(report),
              ElementsAre("challenge.dsse.json: key " + id_of(verifier_key()) + " (the verifier lab) is revoked"));
  EXPECT_EQ(report.attestation.trust, Trust::by_operator);
}

TEST_F(AttestTest, ABundleAnswersTheChallengeThatWasIssued) {
  const IssuedChallenge mine = challenge_of(verifier_key()), other = challenge_of(verifier_key());
  answer(bundle(), mine);
  VerifyOptions options;
  options.challenge_sha256 = digest_of(mine.payload);
  EXPECT_THAT(messages(verify_bundle(bundle(), options)), IsEmpty());
  options.challenge_sha256 = digest_of(other.payload);
  EXPECT_THAT(messages(verify_bundle(bundle(), options)),
              ElementsAre("challenge.json: not the challenge that was to be answered; the bundle is of another run"));
}

TEST_F(AttestTest, AChallengeSaysWhichGatesAndHowOften) {
  std::vector<Record> records = signed_records();
  Record again = records[1];
  again.attempt = 2;
  records.push_back(again);
  answer(bundle(), challenge_of(verifier_key(), {.gates = {"tma.load", "wgmma.bf16"}, .max_attempts = 1}), records);
  EXPECT_THAT(messages(verify_bundle(bundle())),
              ElementsAre("gates.jsonl:3: attempt 2, the challenge allows 1",
                          "gates.jsonl: no record of gate 'wgmma.bf16', which the challenge asks for"));
  fs::remove_all(bundle());
  answer(bundle(), challenge_of(verifier_key(), {.gates = {"tma.load"}, .max_attempts = 2}), records);
  EXPECT_THAT(messages(verify_bundle(bundle())), IsEmpty());
  fs::remove_all(bundle());
  records[1].gate = records[2].gate = "control.copy";
  answer(bundle(), challenge_of(verifier_key(), {.gates = {"control.copy"}, .max_attempts = 1}), records);
  EXPECT_THAT(messages(verify_bundle(bundle())), IsEmpty());
}

TEST_F(AttestTest, AGateThatNobodyAskedAnswersNoChallenge) {
  Record left_out = good_question("wgmma.bf16");
  left_out.measurements.clear();
  left_out.stopped = Stopped::not_selected;
  left_out.started_utc = left_out.finished_utc = "2026-11-22T12:00:07Z";
  left_out.monotonic_ns = 20;
  std::vector<Record> records = signed_records();
  records.push_back(left_out);
  const std::vector<std::string> refused{"gates.jsonl:3: not selected, but the challenge asks for this gate"};
  const auto found = [&](const Demands& demands) {
    fs::remove_all(bundle());
    answer(bundle(), challenge_of(verifier_key(), demands), records);
    return messages(verify_bundle(bundle()));
  };
  EXPECT_EQ(found({.gates = {"tma.load"}}), std::vector<std::string>{});
  EXPECT_EQ(found({.gates = {"tma.load", "wgmma.bf16"}}), refused);
  EXPECT_EQ(found({}), refused);
  fs::remove_all(bundle());
  write_bundle(bundle(), records, signed_artifacts());
  EXPECT_THAT(messages(verify_bundle(bundle())), IsEmpty());
}

}  // namespace
}  // namespace assay::evidence
