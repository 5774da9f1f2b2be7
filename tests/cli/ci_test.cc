// The pipelines of docs/ci do what they say: their steps are commands of this program, and a driver that does not
// answer makes them red.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "harness/base/child.h"
#include "harness/base/json.h"
#include "reports/policy.h"
#include "reports/waivers.h"
#include "tests/cli/process_test.h"
#include "tests/support/json.h"
#include "tests/support/schema.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

const fs::path kCi = fs::path(ASSAY_SOURCE_DIR) / "docs/ci";

struct Step {
  std::string name, run, when;
};

struct Job {
  std::string name;
  std::vector<std::string> lenient;
  std::vector<Step> steps;
};

/// The jobs of a pipeline, read by a YAML parser.
std::vector<Job> jobs_of(const std::string& file) {
  const auto read = run_child(
      {.command = {"/usr/bin/env", "python3", ASSAY_SOURCE_DIR "/tests/cli/ci_steps.py", (kCi / file).string()}});
  EXPECT_TRUE(read && read->exit_code == 0) << file << (read ? read->log : read.error().message);
  const auto json = parse_json(read->output, file);
  EXPECT_TRUE(json);
  std::vector<Job> jobs;
  for (const Json& one : json->at("jobs")) {
    Job job{.name = one.at("name"), .lenient = one.at("lenient"), .steps = {}};
    for (const Json& step : one.at("steps")) job.steps.push_back({step.at("name"), step.at("run"), step.at("when")});
    jobs.push_back(std::move(job));
  }
  return jobs;
}

class CiTest : public ProcessTest, public ::testing::WithParamInterface<std::string> {
 protected:
  static const Job& job_with_a_gpu(const std::vector<Job>& jobs) {
    const auto found =
        std::ranges::find_if(jobs, [](const Job& job) { return job.name == "gpu" || job.name == "assay-gpu"; });
    EXPECT_NE(found, jobs.end());
    return *found;
  }

  /// One step in the checkout, as the runner's shell runs it, with the loader's libcuda being a broken one.
  int run(const Step& step) {
    write("step.sh", "cd " + at("checkout") + "\n" + step.run);
    const Ended ended = shell_.run(
        {.arguments = {"--noprofile", "--norc", "-eo", "pipefail", at("step.sh")},
         .environment = {{"PATH", fs::path(ASSAY_PROGRAM).parent_path().string() + ":/usr/local/bin:/usr/bin:/bin"},
                         {"LD_LIBRARY_PATH", at("lib")}}});
    return ended.code;
  }

  static bool is_due(const Step& step, bool failed) {
    if (step.when.find("ASSAY_BASELINE") != std::string::npos) return false;  // the variable is not set
    if (step.when.empty()) return !failed;
    if (step.when.find("failure()") != std::string::npos) return failed;
    return true;  // "!cancelled()" and GitLab's after_script
  }

  test::Sandbox shell_{"/bin/bash"};
};

TEST_P(CiTest, EveryCommandAndOptionExists) {
  const std::string help = assay(std::vector<std::string>{"--help"}).out;
  std::size_t commands = 0;
  for (const Job& job : jobs_of(GetParam()))
    for (const Step& step : job.steps) {
      const std::regex command("(^|\\n)assay ([a-z]+)([^\\n]*)");
      for (std::sregex_iterator at(step.run.begin(), step.run.end(), command), end; at != end; ++at) {
        const std::string name = (*at)[2], rest = (*at)[3];
        EXPECT_THAT(help, HasSubstr("\n  " + name + " ")) << step.run;
        const std::string options = assay(std::vector<std::string>{name, "--help"}).out;
        const std::regex option("--[a-z-]+");
        for (std::sregex_iterator one(rest.begin(), rest.end(), option); one != end; ++one)
          EXPECT_THAT(options, HasSubstr(one->str())) << step.run;
        ++commands;
      }
    }
  EXPECT_GE(commands, 6u);
}

TEST_P(CiTest, NothingHidesAFailure) {
  for (const Job& job : jobs_of(GetParam())) {
    EXPECT_THAT(job.lenient, ::testing::IsEmpty()) << job.name;
    for (const Step& step : job.steps)
      for (const char* hiding : {"|| ", "set +e", "; true", "| "})
        EXPECT_THAT(step.run, Not(HasSubstr(hiding))) << job.name;
  }
}

TEST_P(CiTest, EveryPolicyThatAStepNamesIsThere) {
  std::set<std::string> named;
  const std::regex file("ci/([a-z0-9.-]+\\.json)");
  for (const Job& job : jobs_of(GetParam()))
    for (const Step& step : job.steps)
      for (std::sregex_iterator at(step.run.begin(), step.run.end(), file), end; at != end; ++at)
        named.insert((*at)[1]);
  EXPECT_GE(named.size(), 3u);
  for (const std::string& name : named) EXPECT_TRUE(fs::exists(kCi / name)) << name;
}

TEST_P(CiTest, ADriverThatDiedMakesTheGpuJobRedWithThree) {
  fs::create_directories(at("lib"));
  fs::create_directories(at("checkout/ci"));
  fs::copy_file(stand_in("broken"), at("lib/libcuda.so.1"));
  for (const auto& entry : fs::directory_iterator(kCi))
    if (entry.is_regular_file()) fs::copy_file(entry, at("checkout/ci") / entry.path().filename());
  int first_failure = 0;
  std::size_t ran = 0;
  const std::vector<Job> jobs = jobs_of(GetParam());
  for (const Step& step : job_with_a_gpu(jobs).steps) {
    if (!is_due(step, first_failure != 0)) continue;
    const int code = run(step);
    ++ran;
    if (first_failure == 0) first_failure = code;
    // A build of changed sources records a bundle that is unfit to check, which is told before anything else.
    if (step.run.starts_with("assay check")) {
      EXPECT_THAT(code, ::testing::AnyOf(3, 4)) << step.run;
    }
  }
  EXPECT_EQ(first_failure, 3);
  EXPECT_GE(ran, 2u);
}

INSTANTIATE_TEST_SUITE_P(Pipelines, CiTest, ::testing::Values("github-actions.yml", "gitlab-ci.yml"),
                         [](const auto& file) { return file.param.substr(0, 6); });

TEST(CiFilesTest, ThePoliciesAreReadAndFitTheirSchema) {
  const auto profiles = reports::builtin_profiles();
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(kCi)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".policy.json")) continue;
    const std::string text = evidence::read_text(entry.path());
    const auto policy = reports::parse_policy(text, name, *profiles);
    EXPECT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(test::Schema("policy").check(test::parsed(text)), "") << name;
    ++seen;
  }
  EXPECT_EQ(seen, 4u);
}

TEST(CiFilesTest, TheWaiversAreReadAndFitTheirSchema) {
  const std::string text = evidence::read_text(kCi / "waivers.json");
  const auto waivers = reports::parse_waivers(text, "waivers.json");
  ASSERT_TRUE(waivers) << waivers.error().message;
  EXPECT_EQ(waivers->size(), 1u);
  EXPECT_EQ(test::Schema("waivers").check(test::parsed(text)), "");
}

/// What the reader refuses of a policy, the schema refuses too.
TEST(CiFilesTest, ThePolicySchemaRefusesWhatTheReaderRefuses) {
  const auto profiles = reports::builtin_profiles();
  for (const char* line :
       {R"({})", R"({"gate":""})", R"({"gate":"a","claim":"b"})", R"({"gate":"a","suffices":"emulated"})",
        R"({"gate":"a","suffices":"agrees@gb11"})", R"({"gate":"a","target":"hopper"})", R"({"gate":"a","min":1})",
        R"({"limit":"a","min":2,"suffices":"proven"})", R"({"limit":"a","min":1,"target":"sm_90a"})",
        R"({"limit":"a","min":"1"})", R"({"claim":"a","suffices":"proven"})", R"({"gate":"a","sufices":"proven"})",
        R"({"gate":"a","device":{"compute_capability":"hopper"}})", R"({"gate":"a","device":"9.0"})"}) {
    const std::string text = R"({"schema":"policy/1","name":"n","requirements":[)" + std::string(line) + "]}";
    EXPECT_FALSE(reports::parse_policy(text, "p.json", *profiles)) << line;
    EXPECT_NE(test::Schema("policy").check(test::parsed(text)), "") << line;
  }
}

}  // namespace
}  // namespace assay::cli
