#include "harness/evidence/challenge.h"

#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

TEST(ChallengeTest, GoesToJsonAndBackUnchanged) {
  const Challenge challenge = make_challenge("nightly");
  const auto back = challenge_from_json(to_json(challenge), "challenge.json");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, challenge);
}

TEST(ChallengeTest, OfTheFirstSchemaIsRead) {
  Json first = to_json(good_challenge());
  first["schema"] = "challenge/1";
  first.erase("gates");
  first.erase("max_attempts");
  const auto challenge = challenge_from_json(first, "challenge.json");
  ASSERT_TRUE(challenge) << challenge.error().message;
  EXPECT_EQ(*challenge, good_challenge());
}

TEST(ChallengeTest, IsFreshEachTime) { EXPECT_NE(make_challenge("a").nonce, make_challenge("a").nonce); }

TEST(ChallengeTest, IsValidFromNowForItsLifetime) {
  const Challenge challenge = make_challenge("a", *parse_utc("2026-11-22T12:00:00Z"), std::chrono::hours(1));
  EXPECT_EQ(challenge.issued_utc, "2026-11-22T12:00:00Z");
  EXPECT_EQ(challenge.expires_utc, "2026-11-22T13:00:00Z");
  EXPECT_EQ(challenge.issuer, "self");
}

TEST(ChallengeTest, RefusesWhatIsNotExactlyAChallenge) {
  const Json good = to_json(good_challenge());
  const auto refusal = [&](const char* key, const Json& value) {
    Json spoiled = good;
    spoiled[key] = value;
    const auto challenge = challenge_from_json(spoiled, "challenge.json");
    return challenge ? "" : challenge.error().message;
  };
  EXPECT_EQ(refusal("nonce", std::string(64, '0')), "challenge.json: field 'nonce': all zero");
  EXPECT_NE(refusal("nonce", std::string(62, '1')), "");
  EXPECT_NE(refusal("nonce", std::string(64, 'A')), "");
  EXPECT_EQ(refusal("issuer", ""), "challenge.json: field 'issuer': empty");
  EXPECT_EQ(refusal("expires_utc", "2026-11-22T12:00:00Z"),
            "challenge.json: field 'expires_utc': not after issued_utc");
  EXPECT_NE(refusal("issued_utc", "yesterday"), "");
  EXPECT_EQ(
      refusal("schema", "challenge/3"),
      "challenge.json: field 'schema': 'challenge/3' is neither 'challenge/1' nor 'challenge/2', the schemas that "
      "this build reads");
  EXPECT_EQ(refusal("schema", "challenge/1"), "challenge.json: field 'gates': unknown");
  EXPECT_EQ(refusal("gates", {"a", "b", "a"}), "challenge.json: field 'gates': 'a' is named twice");
  EXPECT_EQ(refusal("gates", Json::array({1})), "challenge.json: field 'gates': an element is no gate id");
  EXPECT_EQ(refusal("gates", Json::array({""})), "challenge.json: field 'gates': an element is no gate id");
  EXPECT_NE(refusal("max_attempts", -1), "");
  EXPECT_NE(refusal("note", "x"), "");
  for (const auto& item : good.items()) {
    Json spoiled = good;
    spoiled.erase(item.key());
    EXPECT_FALSE(challenge_from_json(spoiled, "challenge.json")) << item.key();
  }
}

}  // namespace
}  // namespace assay::evidence
