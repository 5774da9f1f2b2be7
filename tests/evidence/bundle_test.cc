#include "harness/evidence/bundle.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/bundle_writer.h"
#include "tests/evidence/fixtures.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class BundleTest : public testing::Test {
 protected:
  fs::path path(std::string_view name = "") const { return folder_.path() / "bundle" / name; }
  BundleWriter writer(const Redactor* redactor = &test_redactor()) {
    auto writer = BundleWriter::create(folder_.path() / "bundle", good_challenge(), redactor);
    EXPECT_TRUE(writer);
    return *std::move(writer);
  }

  TemporaryFolder folder_;
};

TEST_F(BundleTest, HasItsChallengeAndLedgerFromTheStart) {
  const BundleWriter unused = writer();
  EXPECT_EQ(challenge_from_json(test::parsed(read_text(path("challenge.json"))), "c")->nonce, good_challenge().nonce);
  EXPECT_TRUE(fs::exists(path("gates.jsonl")));
  EXPECT_FALSE(fs::exists(path("manifest.json")));
}

TEST_F(BundleTest, IsVerifiedIntactWhenSealed) {
  write_bundle(path(), {good_question(), good_record()}, {"text of a log"});
  const VerifyReport report = verify_bundle(path());
  EXPECT_THAT(messages(report), ElementsAre());
  EXPECT_TRUE(report.intact);
  EXPECT_EQ(report.records.size(), 2u);
  EXPECT_EQ(report.verdicts.at(Verdict::proven), 1u);
  EXPECT_EQ(report.verdicts.at(Verdict::reported), 1u);
  EXPECT_EQ(report.manifest_sha256, digest_of(read_text(path("manifest.json"))));
  EXPECT_EQ(report.environment.device_name(), "NVIDIA H100 80GB HBM3");
  EXPECT_FALSE(report.environment.is_private);
}

TEST_F(BundleTest, RefusesAFolderThatIsNotItsOwn) {
  fs::create_directories(path());
  write_text(path("notes.txt"), "x");
  const auto writer = BundleWriter::create(path(), good_challenge(), nullptr);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().message, path().string() + ": not empty; a bundle gets a folder of its own");
}

TEST_F(BundleTest, RedactsArtifactsBeforeTheyAreHashed) {
  BundleWriter bundle = writer();
  const auto digest = bundle.add_artifact("compiled /home/bob/x.cu for alice");
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, digest_of("compiled ~/x.cu for <user>"));
  EXPECT_EQ(read_text(path("artifacts/" + *digest)), "compiled ~/x.cu for <user>");
}

TEST_F(BundleTest, KeepsEqualArtifactsOnce) {
  BundleWriter bundle = writer();
  EXPECT_EQ(*bundle.add_artifact("same"), *bundle.add_artifact("same"));
  EXPECT_EQ(*bundle.add_artifact("at /home/a1/x"), *bundle.add_artifact("at /home/b2/x"));
  EXPECT_EQ(std::distance(fs::directory_iterator(path("artifacts")), fs::directory_iterator()), 2);
}

TEST_F(BundleTest, PointsRecordsToTheBytesThatWereKept) {
  BundleWriter bundle = writer();
  const std::string log = "see /home/bob/x";
  ASSERT_TRUE(bundle.add_artifact(log));
  Record record = good_record();
  record.stages[0].log_sha256 = digest_of(log);
  record.artifacts["log"] = digest_of(log);
  ASSERT_TRUE(bundle.append(record));
  const Json line = test::parsed(read_text(path("gates.jsonl")));
  EXPECT_EQ(line["artifacts"]["log"], digest_of("see ~/x"));
  EXPECT_EQ(line["stages"][0]["log_sha256"], digest_of("see ~/x"));
}

TEST_F(BundleTest, RefusesABinaryThatNamesAHome) {
  BundleWriter bundle = writer();
  const std::string binary("\0ELF/home/bob/x.cu", 18);
  const auto digest = bundle.add_artifact(binary);
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().message,
            "artifact " + digest_of(binary) + ": home path at offset 4 of a binary; build it with neutral names");
  EXPECT_TRUE(bundle.add_artifact(std::string_view("\0ELF", 4)));
}

TEST_F(BundleTest, RedactsRecordsBeforeTheyAreLabelledAndHashed) {
  BundleWriter bundle = writer();
  Record record = ended_at(Stage::load, StageStatus::refused);
  record.stages[1].message = "cannot open /home/bob/x on lab-gx10 \xff";
  const auto derived = bundle.append(record);
  ASSERT_TRUE(derived);
  EXPECT_EQ(derived->reason, "driver refused the image (CODE): cannot open ~/x on <host> \xEF\xBF\xBD");
  EXPECT_EQ(read_text(path("gates.jsonl")).find("bob"), std::string::npos);
}

TEST_F(BundleTest, IsMarkedPrivateWithoutRedaction) {
  Record record = good_question();
  record.measurements[1].value = "/home/bob/x";
  write_bundle(path(), {record}, {"/home/bob/x"}, nullptr);
  const VerifyReport report = verify_bundle(path());
  EXPECT_TRUE(report.intact) << testing::PrintToString(messages(report));
  EXPECT_TRUE(report.environment.is_private);
  EXPECT_EQ(report.records[0].record.measurements[1].value, "/home/bob/x");
}

TEST_F(BundleTest, StaysPartialWhenInterrupted) {
  BundleWriter bundle = writer();
  ASSERT_TRUE(bundle.append(good_question()));
  ASSERT_TRUE(bundle.append(good_record()));
  ASSERT_TRUE(bundle.interrupt(2));
  const VerifyReport report = verify_bundle(path());
  EXPECT_FALSE(report.intact);
  EXPECT_THAT(messages(report),
              ElementsAre("gates.jsonl: partial: interrupted by SIGINT after record 2 (tma.load@sm_90a#1)"));
  EXPECT_EQ(report.records.size(), 2u);
}

TEST_F(BundleTest, OfAKilledRunHasOneFinding) {
  BundleWriter bundle = writer();
  EXPECT_THAT(messages(verify_bundle(path())), ElementsAre("gates.jsonl: truncated before the first record"));
  ASSERT_TRUE(bundle.append(good_question()));
  EXPECT_THAT(messages(verify_bundle(path())), ElementsAre("gates.jsonl: truncated after record 1 (device.query#1)"));
  ASSERT_TRUE(bundle.finish());
  fs::remove(path("manifest.json"));
  EXPECT_THAT(messages(verify_bundle(path())),
              ElementsAre("manifest.json: missing: not sealed after record 1 (device.query#1)"));
}

TEST_F(BundleTest, RunRulesGoToJsonAndBackAndNameAGateOnce) {
  const RunRules rules{.rules = "rules/1", .gates = {{"a", 1}, {"b", 2}}};
  EXPECT_EQ(run_rules_from_json(to_json(rules), "rules.json")->gates, rules.gates);
  const RunRules twice{.rules = "rules/1", .gates = {{"a", 1}, {"a", 2}}};
  EXPECT_EQ(run_rules_from_json(to_json(twice), "rules.json").error().message,
            "rules.json: gates[1]: 'a' is named twice");
}

}  // namespace
}  // namespace assay::evidence
