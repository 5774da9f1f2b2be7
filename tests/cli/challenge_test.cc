// A verifier's challenge from its issue to the bundle that answers it.
#include "harness/base/json.h"
#include "harness/evidence/key_file.h"
#include "tests/cli/process_test.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using evidence::verifier_key;

class ChallengeCommandTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    ASSERT_TRUE(evidence::write_private_key(at("v.pem"), verifier_key(), std::nullopt));
  }
  Ended issue(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"challenge", "--key", at("v.pem"), "-o", at(file)};
    words.insert(words.end(), more.begin(), more.end());
    return assay(words);
  }
  Ended answer(const std::string& file, const std::string& folder, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--challenge", at(file), "--quiet"});
    return assay(run_on_stand_in(folder, std::move(more)));
  }
  bool was_noted() const { return !fs::is_empty(box_.path("state") / "assay" / "answered-challenges"); }
};

TEST_F(ChallengeCommandTest, IsIssuedOnceUnderItsKey) {
  const Ended ended = issue("c.json", {"--hours", "2", "--gate", "device.query", "--max-attempts", "3", "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto issued = evidence::read_issued_challenge(evidence::read_text(at("c.json")), "c");
  ASSERT_TRUE(issued) << issued.error().message;
  EXPECT_EQ(issued->challenge.gates, std::vector<std::string>{"device.query"});
  EXPECT_EQ(issued->challenge.max_attempts, 3);
  const Json summary = test::parsed(ended.out);
  EXPECT_EQ(summary["challenge_sha256"], evidence::digest_of(issued->payload));
  EXPECT_EQ(summary["issuer"], verifier_key().public_key().keyid());
  const auto begin = evidence::parse_utc(issued->challenge.issued_utc),
             end = evidence::parse_utc(issued->challenge.expires_utc);
  EXPECT_EQ(*end - *begin, std::chrono::hours(2));
  const Ended again = issue("c.json");
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "assay challenge: " + at("c.json") + ": cannot create: File exists\n");
}

TEST_F(ChallengeCommandTest, AsksForNoGateThatThereIsNot) {
  EXPECT_EQ(issue("c.json", {"--gate", "tma.teleport"}).err,
            "assay challenge: no gate 'tma.teleport'; 'assay gates' and 'assay kernels' list them\n");
  EXPECT_EQ(issue("c.json", {"--purpose", "ask bob@example.org"}).code, 2);
  EXPECT_FALSE(fs::exists(at("c.json")));
}

TEST_F(ChallengeCommandTest, IsAnsweredByOneBundleOnce) {
  ASSERT_EQ(issue("c.json", {"--gate", "device.query"}).code, 0);
  ASSERT_EQ(issue("other.json").code, 0);
  const Ended run = answer("c.json", "bundle");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(evidence::read_text(fs::path(at("bundle")) / "challenge.dsse.json"), evidence::read_text(at("c.json")));
  EXPECT_EQ(assay({"verify", at("bundle"), "--recompute", "--challenge", at("c.json")}).code, 0);
  const Ended other = assay({"verify", at("bundle"), "--challenge", at("other.json")});
  EXPECT_EQ(other.code, 4);
  EXPECT_THAT(other.out,
              HasSubstr("challenge.json: not the challenge that was to be answered; the bundle is of another "
                        "run [challenge]\n"));
  const Ended again = answer("c.json", "second");
  EXPECT_EQ(again.code, 4);
  const std::string digest = evidence::digest_of(evidence::read_text(fs::path(at("bundle")) / "challenge.json"));
  EXPECT_EQ(again.err, "assay run: this machine has answered the challenge " + digest.substr(0, 12) + " before, with " +
                           at("bundle") + "; a challenge is answered once, ask the verifier for a new one\n");
  EXPECT_FALSE(fs::exists(at("second")));
}

TEST_F(ChallengeCommandTest, ExpiredIsRefusedBeforeAnythingRuns) {
  const auto late = evidence::issue_challenge({}, verifier_key(), evidence::utc_now() - std::chrono::hours(25));
  ASSERT_TRUE(late);
  write("late.json", late->envelope);
  const Ended ended = answer("late.json", "bundle");
  EXPECT_EQ(ended.code, 4);
  EXPECT_EQ(ended.err, "assay run: " + at("late.json") + ": expired at " + late->challenge.expires_utc +
                           "; ask the verifier for a new one\n");
  EXPECT_FALSE(fs::exists(at("bundle")));
  const auto early = evidence::issue_challenge({}, verifier_key(), evidence::utc_now() + std::chrono::hours(2));
  write("early.json", early->envelope);
  EXPECT_EQ(answer("early.json", "bundle").code, 4);
}

TEST_F(ChallengeCommandTest, WhatIsNoChallengeIsRefused) {
  write("none.json", "{}");
  EXPECT_EQ(answer("none.json", "bundle").code, 4);
  EXPECT_EQ(answer("missing.json", "bundle").code, 2);
  ASSERT_EQ(issue("c.json").code, 0);
  const Ended both = answer("c.json", "bundle", {"--gate", "device.query"});
  EXPECT_EQ(both.code, 2);
  EXPECT_EQ(both.err,
            "assay run: --gate: a verifier's challenge says which gates are asked; leave out one of the two\n");
  EXPECT_FALSE(fs::exists(at("bundle")));
}

TEST_F(ChallengeCommandTest, ARunThatNeverBeganGivesItBack) {
  ASSERT_EQ(issue("c.json", {"--gate", "device.query"}).code, 0);
  write("full/notes", "mine");
  EXPECT_EQ(answer("c.json", "full").code, 2);
  EXPECT_FALSE(was_noted());
  EXPECT_EQ(answer("c.json", "bundle").code, 0);
  EXPECT_TRUE(was_noted());
}

}  // namespace
}  // namespace assay::cli
