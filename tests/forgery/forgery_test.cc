// The forgeries are refused, the good bundles are not, the table for people says the same as the table in code, and no
// waiver waives any of it.
#include "tests/forgery/forgery_test.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::forgery {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

std::vector<Row> all_rows() {
  std::vector<Row> all;
  for (const auto& rows : {signature_rows(), challenge_rows(), ledger_rows(), label_rows(), record_rows(), image_rows(),
                           environment_rows(), file_rows(), json_rows(), claim_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

std::vector<Command> commands_of(const Row& row) { return row.commands.empty() ? three(row.message) : row.commands; }

/// "gates.jsonl:5: verdict is labelled ... [label]": the first line of verify that names a rule.
std::string first_fault(const std::vector<std::string>& said) {
  const auto found = std::ranges::find_if(said, [](const std::string& line) { return line.ends_with(']'); });
  return found == said.end() ? "no fault was named" : found->substr(found->find_first_not_of(' '));
}

void forge(const Row& row, const Trial& trial) {
  write_good_bundle(row.start, trial.bundle());
  write_trust(trial.trust());
  if (row.forge) row.forge(trial.bundle());
  if (row.signs_again) sign_anyhow(trial.bundle());
}

}  // namespace

test::Ended Trial::run(std::vector<std::string> words) {
  const std::map<std::string, std::string> paths{{"BUNDLE", bundle().string()},
                                                 {"TRUST", trust().string()},
                                                 {"OUT", out().string()},
                                                 {"WORK", box_.path("").string()}};
  for (std::string& word : words) {
    for (const auto& [name, path] : paths)
      if (word == name || word.starts_with(name + "/")) word = path + word.substr(name.size());
  }
  return box_.run(std::move(words));
}

void Trial::expect(const Command& command, const std::string& rule) {
  SCOPED_TRACE(fmt::format("{}", fmt::join(command.words, " ")));
  const test::Ended ended = run(command.words);
  EXPECT_EQ(ended.code, command.code) << ended.out << ended.err;
  const std::vector<std::string> said = lines_of(ended.out + ended.err);
  const std::string tag = rule.empty() ? "" : fmt::format("[{}]", rule);
  if (command.words.front() == "publish" && command.code == 4) {
    EXPECT_THAT(said, Contains(HasSubstr(first_fault_))) << "publish names the first fault that verify names";
  } else {
    EXPECT_THAT(said, Contains(AllOf(HasSubstr(command.says), HasSubstr(tag))));
  }
  if (command.words.front() == "verify" && said.size() > 1) first_fault_ = first_fault(said);
  if (command.code != 4) return;
  EXPECT_FALSE(fs::exists(out())) << "something was published";
  if (command.words.front() != "verify") {
    EXPECT_EQ(ended.out, "");
  }
}

std::string name_of(const testing::TestParamInfo<Row>& info) {
  std::string name = fmt::format("n{:02}_{}", info.param.number, info.param.attempt);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

TEST_P(ForgeryTest, IsRefused) {
  Trial trial;
  forge(GetParam(), trial);
  if (HasFatalFailure()) return;
  for (const Command& command : commands_of(GetParam())) trial.expect(command, GetParam().rule);
}

// --- What must not be refused ---

class GoodBundleTest : public testing::TestWithParam<Start> {
 protected:
  void SetUp() override {
    if (ASSAY_CROSS_BUILT) GTEST_SKIP() << "a cross-built program starts only on its own machine";
  }
};

/// Untouched, and through the forger's hands without a change: else a row could be refused for what he does besides.
TEST_P(GoodBundleTest, IsTaken) {
  const int no_sentence = GetParam() == Start::emulated_run ? 5 : 0;
  for (const bool resealed : {false, true}) {
    Trial trial;
    const Row untouched{
        .start = GetParam(), .signs_again = resealed, .forge = resealed ? lines([](Lines&) {}) : Forge()};
    forge(untouched, trial);
    ASSERT_FALSE(HasFatalFailure());
    const test::Ended verified = trial.run({"verify", "--recompute", "--trust", "TRUST", "BUNDLE"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("attested by the operator key"));
    EXPECT_EQ(trial.run({"claims", "--trust", "TRUST", "--require", "executes.tma.load", "BUNDLE"}).code, no_sentence);
    EXPECT_EQ(trial.run({"publish", "--trust", "TRUST", "BUNDLE", "--out", "OUT"}).code, no_sentence);
    EXPECT_TRUE(fs::exists(trial.out() / "report.html"));
  }
}

INSTANTIATE_TEST_SUITE_P(Starts, GoodBundleTest,
                         testing::Values(Start::signed_run, Start::answered_run, Start::recorded_run,
                                         Start::emulated_run));

// --- No waiver ---

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (ASSAY_CROSS_BUILT) GTEST_SKIP() << "a cross-built program starts only on its own machine";
  }
};
using WaiverTest = ProgramTest;
using LimitTest = ProgramTest;

/// A waiver for every line of a policy that asks for what the forgery touches.
void write_policy_and_waivers(const fs::path& work) {
  Json requirements = Json::array(), waivers = Json::array();
  for (const char* gate : {"tma.load", "tma.multicast", "wgmma.bf16", "control.copy"}) {
    requirements.push_back({{"gate", gate}, {"id", gate}});
    waivers.push_back(
        {{"requirement", gate}, {"reason", "r"}, {"owner", "o"}, {"issue", "i"}, {"expires", "9999-12-31"}});
  }
  evidence::write_text(work / "policy.json",
                       spelled(Json{{"schema", "policy/1"}, {"name", "all"}, {"requirements", requirements}}));
  evidence::write_text(work / "waivers.json", spelled(Json{{"schema", "waivers/1"}, {"waivers", waivers}}));
}

TEST_F(WaiverTest, WaivesNoForgery) {
  std::size_t tried = 0;
  for (const Row& row : all_rows()) {
    if (row.start != Start::signed_run || !row.commands.empty() || ++tried % 12 != 0) continue;
    SCOPED_TRACE(row.attempt);
    Trial trial;
    forge(row, trial);
    write_policy_and_waivers(trial.bundle().parent_path());
    const test::Ended ended =
        trial.run({"check", "BUNDLE", "--require", "WORK/policy.json", "--waivers", "WORK/waivers.json"});
    EXPECT_EQ(ended.code, 4) << ended.out << ended.err;
    EXPECT_THAT(lines_of(ended.err), Contains(HasSubstr(row.message)));
    EXPECT_THAT(ended.out, testing::Not(HasSubstr("WAIVED")));
  }
  EXPECT_GT(tried, 60u);
}

// --- What no verifier can find ---

/// Changes that docs/forgery.md says nobody can find. Whoever learns to find one moves it to the rows.
std::vector<Row> beyond_reach() {
  const auto one_value = [](Record& r) {
    for (evidence::Measurement& one : r.measurements)
      if (one.key == "l2_cache_size") one.value = 1;
  };
  const auto not_selected = [](Lines& all) {
    Json& line = all.at(line_of(all, "tma.reduce@sm_90a#1"));
    Json silent = all.at(line_of(all, "cubin.arch_patch#1"));
    for (const char* key : {"gate", "instruction", "proves", "does_not_prove"}) silent[key] = line[key];
    for (const char* key : {"started_utc", "finished_utc", "monotonic_ns"}) silent[key] = line[key];
    silent["record_id"] = "tma.reduce#1";
    line = silent;
  };
  return {{.attempt = "an answer that stands alone", .forge = record("device.query#1", one_value)},
          {.attempt = "a gate told as not selected", .forge = lines(not_selected)},
          {.attempt = "another assembler's version", .forge = document(evidence::kEnvironmentFile, [](Json& json) {
                                                       json["toolchain"][0]["version"] = "13.1";
                                                     })}};
}

TEST_F(LimitTest, WhatStandsAloneIsTaken) {
  for (const Row& row : beyond_reach()) {
    SCOPED_TRACE(row.attempt);
    Trial trial;
    const std::string before = [&] {
      write_good_bundle(row.start, trial.bundle());
      return evidence::read_text(trial.bundle() / evidence::kManifestFile);
    }();
    write_trust(trial.trust());
    row.forge(trial.bundle());
    sign_anyhow(trial.bundle());
    EXPECT_NE(evidence::read_text(trial.bundle() / evidence::kManifestFile), before) << "nothing was changed";
    const test::Ended ended = trial.run({"verify", "--recompute", "--trust", "TRUST", "BUNDLE"});
    EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("not independently verified"));
  }
}

TEST_F(LimitTest, ClaimsOfAnUnknownCatalogueAreNotRecomputedAndNeverPublished) {
  Trial trial;
  forge({.signs_again = false,
         .forge =
             [](const fs::path& b) {
               evidence::sign_again(b, [](Json& statement) {
                 statement["predicate"]["catalogue_sha256"] = std::string(64, 'a');
                 statement["predicate"]["claims"] = {{{"id", "x"}, {"sentence", "A forged sentence."}}};
               });
             }},
        trial);
  const test::Ended ended = trial.run({"verify", "--recompute", "--trust", "TRUST", "BUNDLE"});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("claims of the signed statement not recomputed"));
  EXPECT_EQ(trial.run({"publish", "--trust", "TRUST", "BUNDLE", "--out", "OUT"}).code, 0);
  for (const auto& file : fs::directory_iterator(trial.out()))
    EXPECT_THAT(evidence::read_text(file.path()), testing::Not(HasSubstr("A forged sentence")));
}

// --- The table for people ---

std::string codes_of(const Row& row) {
  std::vector<int> codes;
  for (const Command& command : commands_of(row))
    if (command.code != 0 && std::ranges::find(codes, command.code) == codes.end()) codes.push_back(command.code);
  return fmt::format("{}", fmt::join(codes, ", "));
}

/// The rows of the list first, in its order; then those beyond it.
std::string table() {
  std::vector<Row> rows = all_rows();
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.number == 0 ? 1000 : row.number; });
  std::string text = "| # | attempt | refused by | exit |\n|---|---|---|---|\n";
  for (const Row& row : rows)
    text += fmt::format("| {} | {} | {} | {} |\n", row.number == 0 ? "" : std::to_string(row.number), row.attempt,
                        row.rule.empty() ? commands_of(row).front().says : "`" + row.rule + "`", codes_of(row));
  return text;
}

TEST(ForgeryTableTest, StandsInTheDocuments) {
  const std::string document = evidence::read_text(ASSAY_SOURCE_DIR "/docs/forgery.md"), right = table();
  const fs::path written = ASSAY_BINARY_DIR "/forgery-table.md";
  if (document.find(right) == std::string::npos) evidence::write_text(written, right);
  EXPECT_NE(document.find(right), std::string::npos) << "docs/forgery.md: the table is not that of " << written;
}

TEST(ForgeryTableTest, HasEveryRowOfTheListAndEachAttemptOnce) {
  std::map<std::string, int> seen;
  std::vector<int> numbers;
  for (const Row& row : all_rows()) {
    EXPECT_EQ(++seen[row.attempt], 1) << row.attempt;
    EXPECT_FALSE(row.message.empty() && row.commands.empty()) << row.attempt;
    numbers.push_back(row.number);
  }
  for (int number = 1; number <= 38; ++number) EXPECT_THAT(numbers, Contains(number));
}

}  // namespace assay::forgery
