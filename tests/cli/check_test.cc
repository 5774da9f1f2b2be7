// `assay check` as CI starts it: which code it ends with, and what it leaves for people and machines.
#include <filesystem>

#include "harness/base/json.h"
#include "harness/cli/verify_options.h"
#include "harness/cuda/driver.h"
#include "tests/cli/process_test.h"
#include "tests/evidence/forger.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"
#include "tests/support/whole_run.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;

const std::string kRecorded = ASSAY_SOURCE_DIR "/docs/results/h100/all-gates";
const std::string kEarlier = ASSAY_SOURCE_DIR "/docs/results/h100/first-gates";
const std::string kCi = ASSAY_SOURCE_DIR "/docs/ci";

class CheckTest : public ProcessTest {
 protected:
  /// A policy of these lines.
  std::string policy(const std::string& lines) const {
    write("policy.json", R"({"schema":"policy/1","name":"test","requirements":[)" + lines + "]}");
    return at("policy.json");
  }
  std::string waiver(const std::string& requirement, const std::string& expires = "9999-12-31") const {
    write("waivers.json", R"({"schema":"waivers/1","waivers":[{"requirement":")" + requirement +
                              R"(","reason":"r","owner":"o","issue":"i","expires":")" + expires + R"("}]})");
    return at("waivers.json");
  }
  Ended check(std::vector<std::string> more, const std::string& bundle = kRecorded) {
    std::vector<std::string> words{"check", bundle};
    words.insert(words.end(), more.begin(), more.end());
    return assay(words);
  }
  Ended require(const std::string& lines, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--require", policy(lines)});
    return check(more);
  }
  std::string copy_of(const std::string& bundle) const {
    fs::copy(bundle, at("copy"), fs::copy_options::recursive);
    return at("copy");
  }
  /// As a build of unchanged sources would have recorded it.
  static void make_fit(const fs::path& bundle) {
    evidence::forge_document(bundle, "environment.json", [](Json& environment) {
      environment["tool"]["git_dirty"] = false;
      environment["tool"]["git_commit"] = std::string(40, 'a');
    });
  }
};

constexpr const char* kProven = R"({"gate":"tma.load"})";
constexpr const char* kRefused = R"({"gate":"tcgen05.alloc"})";
constexpr const char* kTooLittle = R"({"limit":"dynamic_shared_memory_measured","min":232449,"unit":"B"})";
constexpr const char* kElsewhere = R"({"gate":"mma.fp4","device":{"compute_capability":"12.1"}})";

TEST_F(CheckTest, TheExamplePolicyHoldsOnTheRecordedRun) {
  const Ended ended = check({"--require", kCi + "/h100.policy.json"});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\nmet     gate wgmma.bf16 "));
  EXPECT_THAT(ended.out, EndsWith("\npolicy h100 holds: 10 met (exit 0)\n"));
  EXPECT_EQ(ended.err, "");
}

TEST_F(CheckTest, EndsWithTheCodeOfTheWorstLine) {
  const std::string comma = ",";
  EXPECT_EQ(require(kProven).code, 0);
  EXPECT_EQ(require(kElsewhere).code, 77);
  EXPECT_EQ(require(kProven + comma + kElsewhere).code, 0);
  EXPECT_EQ(require(kProven + comma + kRefused + comma + kElsewhere).code, 5);
  EXPECT_EQ(require(kProven + comma + kRefused + comma + kTooLittle).code, 1);
}

TEST_F(CheckTest, PutsWhatIsNotMetFirst) {
  const Ended ended = require(std::string(kProven) + "," + kRefused);
  EXPECT_THAT(ended.out, ContainsRegex("result +requirement +asked +found +why\nunproven  gate tcgen05.alloc  proven "
                                       "+refused  assembler refused"));
  EXPECT_THAT(ended.out, EndsWith("\npolicy test is unproven: 1 unproven, 1 met (exit 5)\n"));
}

TEST_F(CheckTest, AClaimIsWhatTheGuardrailSays) {
  EXPECT_EQ(require(R"({"claim":"executes.tma.load"})").code, 0);
  const Ended refused = require(R"({"claim":"executes.tcgen05.alloc"})");
  EXPECT_EQ(refused.code, 5);
  EXPECT_THAT(refused.out, HasSubstr("claim executes.tcgen05.alloc  supported  refused"));
}

TEST_F(CheckTest, SlipsOfThePenAreUsage) {
  const Ended gate = require(R"({"gate":"tma.laod"})");
  EXPECT_EQ(gate.code, 2);
  EXPECT_EQ(gate.err, "assay check: " + at("policy.json") +
                          ": 'gate tma.laod': there is no gate of this name; 'assay gates' lists them\n");
  EXPECT_EQ(require(R"({"claim":"executes.tma.laod"})").code, 2);
  EXPECT_EQ(require(R"({"gate":"tma.load","sufices":"proven"})").code, 2);
  EXPECT_EQ(check({"--require", at("nowhere.json")}).code, 2);
  EXPECT_EQ(check({}).err,
            "assay check: nothing to hold the bundle against: name --require, --baseline or --against-env\n");
  EXPECT_EQ(check({}).code, 2);
  write("report.xml", "<testsuites/>");
  EXPECT_EQ(check({"--require", policy(kProven)}, at("report.xml")).code, 2);
}

TEST_F(CheckTest, ADamagedBundleIsFourWhateverIsAsked) {
  const std::string copy = copy_of(kRecorded);
  std::string ledger = evidence::read_text(copy + "/gates.jsonl");
  ledger[ledger.size() / 2] ^= 1;
  evidence::write_text(copy + "/gates.jsonl", ledger);
  EXPECT_EQ(check({"--require", policy(kElsewhere)}, copy).code, 4);
  EXPECT_EQ(check({"--baseline", copy}).code, 4);
  const Ended waived = check({"--require", policy(kProven), "--waivers", waiver("gate tma.load")}, copy);
  EXPECT_EQ(waived.code, 4);
  EXPECT_THAT(waived.err, StartsWith("assay check: " + copy + ": "));
  EXPECT_EQ(waived.out, "");
}

TEST_F(CheckTest, ADriverThatDidNotAnswerIsThreeAndCannotBeWaived) {
  ASSERT_EQ(assay(run_into("bundle", {"--quiet", "--gate", "control.copy", "--driver", stand_in("broken")})).code, 3);
  make_fit(at("bundle"));
  const std::string lines = R"({"gate":"control.copy","suffices":"assembles","target":"sm_90a"})";
  const Ended ended = check({"--require", policy(lines)}, at("bundle"));
  EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("environment  environment driver"));
  EXPECT_THAT(ended.out, HasSubstr("policy test cannot be judged: no device answered: "));
  EXPECT_EQ(check({"--require", policy(lines), "--waivers", waiver("environment driver")}, at("bundle")).code, 3);
  EXPECT_EQ(check({"--require", policy(kElsewhere)}, at("bundle")).code, 3);
}

TEST_F(CheckTest, AMachineWithoutAGpuPassesNoPolicyOfOne) {
  if (const auto signs = cuda::nvidia_signs(); !signs.empty())
    GTEST_SKIP() << "this machine shows signs of a driver: " << signs.front();
  ASSERT_EQ(assay(run_into("bundle", {"--quiet", "--gate", "mma.fp4"})).code, 0);
  make_fit(at("bundle"));
  for (const char* name : {"/h100.policy.json", "/gb10.policy.json", "/emulated-gb10.policy.json"})
    EXPECT_EQ(check({"--require", kCi + name}, at("bundle")).code, 5) << name;
  const Ended assembles =
      check({"--require", policy(R"({"gate":"mma.fp4","target":"sm_121a","suffices":"assembles"})")}, at("bundle"));
  EXPECT_EQ(assembles.code, 0) << assembles.out << assembles.err;
}

TEST_F(CheckTest, AWaiverLetsABuildPassLoudly) {
  const Ended waived = require(std::string(kProven) + "," + kRefused, {"--waivers", waiver("gate tcgen05.alloc")});
  EXPECT_EQ(waived.code, 0) << waived.err;
  EXPECT_THAT(waived.out,
              HasSubstr("\nWAIVED  gate tcgen05.alloc  proven  refused  waived until 9999-12-31 by o (i): r;"));
  EXPECT_THAT(waived.out, EndsWith("\npolicy test holds: 1 WAIVED, 1 met (exit 0)\n"));
  EXPECT_EQ(require(kRefused, {"--waivers", waiver("gate tcgen05.alloc", "2026-01-01")}).code, 1);
  EXPECT_EQ(require(kProven, {"--waivers", waiver("gate tcgen05.aloc")}).code, 1);
}

TEST_F(CheckTest, ABaselineLosesNothing) {
  const Ended same = check({"--baseline", kRecorded});
  EXPECT_EQ(same.code, 0);
  EXPECT_THAT(same.out, ContainsRegex("baseline, not shown: [0-9]+ same"));
  EXPECT_EQ(check({"--baseline", kEarlier}).code, 0);
  const Ended lost = check({"--baseline", kRecorded}, kEarlier);
  EXPECT_EQ(lost.code, 1);
  EXPECT_THAT(lost.out, ContainsRegex("\nfailed +baseline tma.reduce@sm_90a +proven +LOST "));
}

TEST_F(CheckTest, ClaimsAreStaleOnAnotherDriver) {
  EXPECT_EQ(check({"--against-env", kRecorded}).code, 0);
  Json environment = test::parsed(evidence::read_text(kRecorded + "/environment.json"));
  environment["driver"]["driver_version"] = "590.1";
  write("environment.json", spelled(environment));
  const Ended stale = check({"--against-env", at("environment.json")});
  EXPECT_EQ(stale.code, 1);
  EXPECT_THAT(stale.out,
              ContainsRegex("STALE  [0-9]+ claims were made with system driver 580.159.04 and are stale with"));
  write("environment.json", "{}");
  EXPECT_EQ(check({"--against-env", at("environment.json")}).code, 2);
}

TEST_F(CheckTest, TrustAsksForAnOperatorsSignature) {
  evidence::write_bundle(at("bundle"), test::whole_run({evidence::good_question()}));
  const std::string lines = policy(R"({"limit":"multiprocessor_count","min":132})");
  Json keys = Json::array();
  for (const evidence::TrustedKey& key : evidence::good_trust().keys) keys.push_back(to_json(key));
  write("trust.json", spelled(Json{{"schema", "trust/1"}, {"keys", keys}}));
  const auto trusted = [&] { return check({"--require", lines, "--trust", at("trust.json")}, at("bundle")); };
  EXPECT_EQ(check({"--require", lines}, at("bundle")).code, 0);
  EXPECT_EQ(trusted().code, 4);
  ASSERT_TRUE(evidence::sign_bundle(at("bundle"), verify_options(true), evidence::operator_key()));
  const Ended ended = trusted();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("attested by the operator key "));
  EXPECT_EQ(check({"--require", lines, "--trust", at("nowhere.json")}, at("bundle")).code, 2);
}

TEST_F(CheckTest, JsonIsAloneOnStandardOutput) {
  const Ended ended = require(kProven, {"--json", "--github"});
  const Result<Json> report = parse_json(ended.out, "report");
  ASSERT_TRUE(report) << ended.out;
  EXPECT_EQ(report->at("schema"), "check-report/1");
  EXPECT_EQ(report->at("conclusion"), "holds");
  EXPECT_EQ(report->at("exit"), 0);
}

TEST_F(CheckTest, GithubGetsAnnotationsSummaryAndOutputs) {
  write("summary.md", "before\n");
  const Ended ended =
      assay({.arguments = {"check", kRecorded, "--require", policy(kRefused), "--github"},
             .environment = {{"GITHUB_STEP_SUMMARY", at("summary.md")}, {"GITHUB_OUTPUT", at("github_output")}}});
  EXPECT_EQ(ended.code, 5);
  EXPECT_THAT(ended.out, ContainsRegex("^::stop-commands::assay-[0-9a-f]+\n"));
  EXPECT_THAT(ended.out,
              ContainsRegex("\n::assay-[0-9a-f]+::\n::error title=assay check%3A tcgen05::gate tcgen05.alloc"));
  EXPECT_THAT(evidence::read_text(at("summary.md")), StartsWith("before\n## assay check: unproven\n"));
  EXPECT_THAT(evidence::read_text(at("github_output")), StartsWith("result=unproven\nlevel="));
}

TEST_F(CheckTest, JunitIsWrittenWhateverTheResult) {
  EXPECT_EQ(require(kRefused, {"--junit", at("assay.xml")}).code, 5);
  EXPECT_THAT(evidence::read_text(at("assay.xml")), HasSubstr("classname=\"NVIDIA_H100_80GB_HBM3.tcgen05\""));
  EXPECT_EQ(require(kProven, {"--junit", at("nowhere/assay.xml")}).code, 2);
}

}  // namespace
}  // namespace assay::cli
