#include "harness/evidence/sign_bundle.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/forger.h"
#include "tests/evidence/signed_bundle.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class SignBundleTest : public testing::Test {
 protected:
  fs::path bundle() const { return folder_.path() / "bundle"; }
  std::string refusal(const VerifyOptions& options = {}) const {
    const Status done = sign_bundle(bundle(), options, operator_key());
    return done ? "" : done.error().message;
  }
  TemporaryFolder folder_;
};

TEST_F(SignBundleTest, LeavesThreeFilesThatAgree) {
  write_signed_bundle(bundle());
  const auto envelope = read_envelope(read_text(bundle() / kEnvelopeFile), kEnvelopeFile);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->payload, read_text(bundle() / kStatementFile));
  EXPECT_EQ(envelope->payload_type, "application/vnd.in-toto+json");
  const auto key = PublicKey::from_pem(read_text(bundle() / kPublicKeyFile));
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, operator_key().public_key());
  EXPECT_THAT(*signers(*envelope, std::span(&*key, 1)), ElementsAre(0));
  EXPECT_THAT(messages(verify_bundle(bundle())), IsEmpty());
}

TEST_F(SignBundleTest, TheManifestStaysWhatItWas) {
  write_bundle(bundle(), signed_records(), signed_artifacts());
  const std::string before = read_text(bundle() / kManifestFile);
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(read_text(bundle() / kManifestFile), before);
}

TEST_F(SignBundleTest, RefusesWhatItCannotVouchFor) {
  write_bundle(bundle(), signed_records(), signed_artifacts());
  write_text(bundle() / "rules.json", "{}");
  EXPECT_THAT(refusal(), testing::StartsWith("rules.json: "));
  fs::remove_all(bundle());
  write_bundle(bundle(), signed_records(), signed_artifacts(), nullptr);
  EXPECT_THAT(refusal(), testing::StartsWith("environment.json: recorded without redaction"));
  EXPECT_FALSE(fs::exists(bundle() / kEnvelopeFile));
  EXPECT_FALSE(fs::exists(bundle() / kPublicKeyFile));
}

TEST_F(SignBundleTest, SignsOnce) {
  write_signed_bundle(bundle());
  const std::string before = read_text(bundle() / kEnvelopeFile);
  EXPECT_EQ(refusal(), bundle().string() + ": signed already; a verifier adds a signature with 'assay verify --sign'");
  EXPECT_EQ(read_text(bundle() / kEnvelopeFile), before);
}

/// As `verify --recompute` sees a whole bundle.
VerifyReport recomputed(const fs::path& bundle, VerifyOptions options = {}) {
  options.recompute = [](const Record&, const Digest&) -> Result<Recomputed> {
    return Recomputed{.known_version = true,
                      .cases = {{.inputs_sha256 = digest_of("inputs"),
                                 .expected_sha256 = digest_of("expected"),
                                 .exact = true,
                                 .observed_if_right = digest_of("observed")}}};
  };
  return verify_bundle(bundle, options);
}

std::string cosigning(const fs::path& bundle, const VerifyReport& report, const PrivateKey& key = verifier_key()) {
  const Status done = cosign_bundle(bundle, report, key);
  return done ? "" : done.error().message;
}

TEST_F(SignBundleTest, AVerifierAddsHisSignatureToTheSameStatement) {
  write_signed_bundle(bundle());
  const std::string statement = read_text(bundle() / kStatementFile);
  ASSERT_EQ(cosigning(bundle(), recomputed(bundle())), "");
  EXPECT_EQ(read_text(bundle() / kStatementFile), statement);
  const VerifyReport report = verify_bundle(bundle(), with_trust());
  EXPECT_THAT(messages(report), IsEmpty());
  ASSERT_EQ(report.attestation.signatures.size(), 2u);
  EXPECT_EQ(report.attestation.signatures[1].role, "verifier");
  EXPECT_EQ(cosigning(bundle(), recomputed(bundle())), "evidence.dsse.json: key " +
                                                           std::string(short_id(verifier_key().public_key().keyid())) +
                                                           " has signed already; a key counts once");
  EXPECT_EQ(cosigning(bundle(), recomputed(bundle()), operator_key()),
            "evidence.dsse.json: key " + std::string(short_id(operator_key().public_key().keyid())) +
                " has signed already; a key counts once");
}

TEST_F(SignBundleTest, AVerifierSignsOnlyWhatWasWhollyVerified) {
  const std::string start = bundle().string() + ": ";
  write_bundle(bundle(), signed_records(), signed_artifacts());
  EXPECT_EQ(cosigning(bundle(), recomputed(bundle())),
            start + "not signed by its operator, who does that with 'assay run --sign'");
  ASSERT_EQ(refusal(with_claims()), "");
  EXPECT_EQ(cosigning(bundle(), recomputed(bundle())),
            start + "its claims are of a catalogue that this build does not have; use the build that signed it");
  EXPECT_EQ(cosigning(bundle(), verify_bundle(bundle(), with_claims())),
            start + "oracles of 1 records not recomputed; use --recompute, with a build that has their gates");
  const VerifyReport report = recomputed(bundle(), with_claims());
  sign_again(bundle(), [](Json& statement) { statement["predicate"]["record_count"] = 3; });
  EXPECT_EQ(cosigning(bundle(), report), "evidence.dsse.json: changed while it was verified");
  EXPECT_EQ(cosigning(bundle(), recomputed(bundle(), with_claims())),
            start + "statement.intoto.json: /predicate/record_count is not what this bundle gives");
}

}  // namespace
}  // namespace assay::evidence
