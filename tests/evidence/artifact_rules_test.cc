// Files that records name, files that none names, and what is handed to the functions that know more.
#include "harness/evidence/artifact_rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/evidence/forger.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ArtifactRulesTest : public testing::Test {
 protected:
  fs::path bundle() const { return folder_.path() / "bundle"; }
  TemporaryFolder folder_;
};

TEST_F(ArtifactRulesTest, EveryArtifactThatIsNamedIsThere) {
  Record record = good_record();
  record.artifacts["cubin"] = digest_of("a cubin");
  write_bundle(bundle(), {record}, {"a cubin"});
  fs::remove(bundle() / "artifacts" / digest_of("a cubin"));
  seal_again(bundle());
  EXPECT_THAT(messages(verify_bundle(bundle())),
              ElementsAre("gates.jsonl:1: cubin names artifact " + digest_of("a cubin") + ", which is not there"));
}

TEST_F(ArtifactRulesTest, HandsEachRecordToTheGateTableWithItsFiles) {
  Record record = good_record();
  record.artifacts["ptx"] = digest_of("a text");
  write_bundle(bundle(), {good_question(), record}, {"a text"});
  VerifyOptions options;
  options.check_gate = [](const Record& one, const ReadArtifact& read) {
    if (one.target.empty()) return std::string();
    EXPECT_EQ(read(digest_of("a text")), "a text");
    EXPECT_EQ(read(digest_of("no text")), "");
    return std::string("not so");
  };
  const VerifyReport report = verify_bundle(bundle(), options);
  EXPECT_THAT(messages(report), ElementsAre("gates.jsonl:2: not so"));
  EXPECT_EQ(report.findings.front().rule, "gate-table");
}

}  // namespace
}  // namespace assay::evidence
