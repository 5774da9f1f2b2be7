#include "harness/evidence/issued_challenge.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/dsse.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

TEST(IssuedChallengeTest, HoldsWhatTheVerifierAsksFor) {
  const IssuedChallenge issued = challenge_of(
      verifier_key(),
      {.gates = {"tma.load"}, .max_attempts = 3, .purpose = "acceptance", .lifetime = std::chrono::hours(2)});
  EXPECT_EQ(issued.challenge.issuer, verifier_key().public_key().keyid());
  EXPECT_EQ(issued.challenge.issued_utc, "2026-11-22T12:00:00Z");
  EXPECT_EQ(issued.challenge.expires_utc, "2026-11-22T14:00:00Z");
  EXPECT_EQ(issued.challenge.gates, std::vector<std::string>{"tma.load"});
  EXPECT_EQ(issued.challenge.max_attempts, 3);
  EXPECT_EQ(issued.challenge.purpose, "acceptance");
  const auto back = read_issued_challenge(issued.envelope, "c.dsse.json");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->challenge, issued.challenge);
  EXPECT_EQ(back->payload, issued.payload);
  EXPECT_EQ(back->envelope, issued.envelope);
  const PublicKey key = verifier_key().public_key();
  EXPECT_THAT(*signers(*read_envelope(issued.envelope, "c"), std::span(&key, 1)), testing::ElementsAre(0));
}

TEST(IssuedChallengeTest, IsKeptByteForByte) {
  const TemporaryFolder folder;
  const IssuedChallenge issued = challenge_of(verifier_key());
  answer(folder.path() / "bundle", issued);
  EXPECT_EQ(read_text(folder.path() / "bundle" / "challenge.json"), issued.payload);
  EXPECT_EQ(read_text(folder.path() / "bundle" / "challenge.dsse.json"), issued.envelope);
}

TEST(IssuedChallengeTest, RefusesAPurposeThatNoBundleMayHold) {
  const auto issued = issue_challenge({.purpose = "for bob@example.org"}, verifier_key());
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().message, "purpose: e-mail address at offset 4, which no bundle may hold");
}

TEST(IssuedChallengeTest, RefusesWhatIsNoChallenge) {
  const auto refusal = [](const std::string& type, const Json& payload) {
    const auto read =
        read_issued_challenge(*envelope_text(*sign_payload(type, spelled(payload), verifier_key())), "c.dsse.json");
    return read ? "" : read.error().message;
  };
  const std::string type(kChallengePayloadType);
  Json good = test::parsed(challenge_of(verifier_key()).payload);
  EXPECT_EQ(refusal(type, good), "");
  EXPECT_EQ(
      refusal("text/plain", good),
      "c.dsse.json: payloadType 'text/plain' is not 'application/vnd.assay.challenge+json', so it is no challenge");
  EXPECT_EQ(refusal(type, Json::array()), "c.dsse.json: payload: expected an object, found array");
  good["issuer"] = "self";
  EXPECT_EQ(refusal(type, good), "c.dsse.json: payload: field 'issuer': 'self' is no key id");
  EXPECT_FALSE(read_issued_challenge("", "c"));
}

TEST(IssuedChallengeTest, IsAnsweredBetweenIssueAndExpiry) {
  const Challenge challenge = challenge_of(verifier_key()).challenge;
  const auto why = [&](const char* time) { return why_unanswerable(challenge, *parse_utc(time)); };
  EXPECT_EQ(why("2026-11-22T12:00:00Z"), "");
  EXPECT_EQ(why("2026-11-23T11:59:59Z"), "");
  EXPECT_EQ(why("2026-11-23T12:00:00Z"), "expired at 2026-11-23T12:00:00Z; ask the verifier for a new one");
  EXPECT_EQ(why("2026-11-22T11:59:59Z"),
            "issued at 2026-11-22T12:00:00Z, and this machine's clock says 2026-11-22T11:59:59Z; set the clock");
}

}  // namespace
}  // namespace assay::evidence
