// `assay lint` as people start it: documents, folders, bundles, SARIF, and the code it ends with.
#include <filesystem>

#include "harness/base/json.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

const std::string kResults = ASSAY_SOURCE_DIR "/docs/results/h100";
/// The manifest of all-gates.
const std::string kBundle = "5622cf0fabccd75a";

class LintTest : public ProcessTest {
 protected:
  Ended lint(const std::string& text, std::vector<std::string> more = {}) {
    write("x.md", text);
    std::vector<std::string> words{"lint", at("x.md"), "--bundles", kResults};
    words.insert(words.end(), more.begin(), more.end());
    return assay(words);
  }
  static std::string marked(const std::string& id, const std::string& sentence) {
    return "Self-attested.\n\n<!-- claim:" + id + " bundle=" + kBundle + " -->\n" + sentence + "\n";
  }
};

TEST_F(LintTest, EndsWithZeroOnADocumentThatClaimsNothing) {
  const Ended ended = lint("# A title\n\nThe gate asks whether tensor memory keeps what was written.\n");
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.out, "");
}

TEST_F(LintTest, NamesThePlaceTheRuleAndTheRemedyOfAFinding) {
  const Ended ended = lint("# A title\n\nGB10 lacks tensor memory.\n");
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, at("x.md") +
                           ":3:1: CL006: says that silicon has or lacks something: \"GB10 lacks tensor memory.\"; say "
                           "'unproven here' and which software refused what\n");
}

TEST_F(LintTest, WritesTheSentenceOfAVerifiedBundleAndThenTakesIt) {
  const Ended refused = lint(marked("executes.tma.load", "TMA works on H100."));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, HasSubstr("CL001: claim executes.tma.load reads \"On an NVIDIA H100"));
  const Ended written = lint(marked("executes.tma.load", "TMA works on H100."), {"--write"});
  EXPECT_EQ(written.code, 0) << written.out << written.err;
  EXPECT_THAT(test::text_of(at("x.md")), HasSubstr("executes correctly when assembled for sm_90a"));
}

TEST_F(LintTest, RefusesAClaimThatTheBundleRefusesAndOneThatNoBundleHas) {
  EXPECT_THAT(lint(marked("executes.tcgen05.alloc", "It runs.")).out,
              HasSubstr("CL003: claim executes.tcgen05.alloc: "));
  EXPECT_THAT(lint(marked("executes.nothing", "It runs.")).out,
              HasSubstr("CL002: bundle 5622cf0fabccd75a has no claim executes.nothing"));
  EXPECT_THAT(lint("Self-attested.\n\n<!-- claim:x bundle=000000000000 -->\nIt runs.\n").out,
              HasSubstr("CL002: no bundle with a manifest of digest 000000000000 was found"));
}

TEST_F(LintTest, SpeaksFromNoBundleThatDoesNotVerify) {
  fs::copy(kResults + "/all-gates", at("copy"), fs::copy_options::recursive);
  write("copy/extra", "x");
  write("x.md", marked("executes.tma.load", "It runs."));
  const Ended ended = assay({"lint", at("x.md"), "--bundles", at("copy")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("copy: not verified: "));
}

TEST_F(LintTest, ReadsTheDocumentsOfAFolderOnce) {
  (void)make_folder(at("docs/.hidden"));
  write("docs/a.md", "GB10 lacks tensor memory.\n");
  write("docs/b.txt", "GB10 lacks tensor memory.\n");
  write("docs/c.cc", "GB10 lacks tensor memory.\n");
  write("docs/.hidden/d.md", "GB10 lacks tensor memory.\n");
  const Ended ended = assay({"lint", at("docs"), at("docs/a.md")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(test::lines_of(ended.out), 2u) << ended.out;
}

TEST_F(LintTest, WritesSarifToAFileOrAlone) {
  EXPECT_EQ(lint("GB10 lacks tensor memory.\n", {"--sarif", at("out.sarif")}).code, 1);
  const Result<Json> file = parse_json(test::text_of(at("out.sarif")), "out.sarif");
  ASSERT_TRUE(file) << file.error().message;
  const Ended alone = lint("GB10 lacks tensor memory.\n", {"--sarif", "-"});
  const Result<Json> out = parse_json(alone.out, "stdout");
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(*file, *out);
  EXPECT_EQ(out->at("runs").at(0).at("results").size(), 1u);
}

TEST_F(LintTest, EndsWithTwoWhereThereIsNothingToRead) {
  EXPECT_EQ(assay({"lint"}).code, 2);
  const Ended ended = assay({"lint", at("missing.md")});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("missing.md"));
}

TEST_F(LintTest, TakesTheDocumentsOfThisRepository) {
  const std::string root = ASSAY_SOURCE_DIR;
  const Ended ended = assay(
      {"lint", root + "/README.md", root + "/CONTRIBUTING.md", root + "/docs", "--bundles", root + "/docs/results"});
  EXPECT_EQ(ended.code, 0) << ended.out;
}

}  // namespace
}  // namespace assay::cli
