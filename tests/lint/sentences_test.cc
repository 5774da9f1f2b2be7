// Sentences as data: what must be refused and what must pass, each with the meaning that it stands for.
//
// ASSAY_LINT_SET names another file of {"text", "refuse"} rows, whose score is printed and fails nothing
// (scripts/lint-score).
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "reports/lint/linter.h"

namespace assay::lint {
namespace {

struct Row {
  std::string text, meaning, rule;
  bool refuse = false;
};

std::vector<Row> rows_of(const std::string& path) {
  std::vector<Row> rows;
  const Result<std::string> text = read_file(path);
  EXPECT_TRUE(text) << path;
  if (!text) return rows;
  const Result<Json> json = parse_json(*text, path);
  EXPECT_TRUE(json) << json.error().message;
  if (!json) return rows;
  for (const Json& row : *json)
    rows.push_back({row.at("text").get<std::string>(), row.value("meaning", ""), row.value("rule", ""),
                    row.at("refuse").get<bool>()});
  return rows;
}

Linter linter() {
  Result<Lexicon> lexicon = Lexicon::builtin();
  EXPECT_TRUE(lexicon) << lexicon.error().message;
  return Linter(*std::move(lexicon), {.today = "2026-11-27", .claims = {}});
}

std::string ruling(std::optional<Rule> rule) { return rule ? std::string(text_of(*rule).id) : "passes"; }

struct Score {
  std::size_t refused = 0, to_refuse = 0, passed = 0, to_pass = 0;
};

Score score(const Linter& linter, const std::vector<Row>& rows, std::ostream& wrong) {
  Score score;
  for (const Row& row : rows) {
    const std::optional<Rule> rule = linter.judge_sentence(row.text);
    ++(row.refuse ? score.to_refuse : score.to_pass);
    if (rule.has_value() == row.refuse)
      ++(row.refuse ? score.refused : score.passed);
    else
      wrong << fmt::format("  {:7} {}: {}\n", ruling(rule), row.refuse ? "must be refused" : "must pass", row.text);
  }
  return score;
}

class SetTest : public testing::TestWithParam<const char*> {};

TEST_P(SetTest, EachSentenceIsRefusedOrPassesAsItsRowSays) {
  const std::vector<Row> rows = rows_of(std::string(ASSAY_SOURCE_DIR "/tests/lint/") + GetParam());
  const Linter judge = linter();
  for (const Row& row : rows) {
    const std::optional<Rule> rule = judge.judge_sentence(row.text);
    EXPECT_EQ(rule.has_value(), row.refuse) << row.meaning << ": " << row.text << ": " << ruling(rule);
    if (!row.rule.empty()) {
      EXPECT_EQ(ruling(rule), row.rule) << row.meaning << ": " << row.text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sentences, SetTest, testing::Values("sentences.json", "development.json"));

TEST(SentenceSetTest, HasFortyOfEachKindAndNoneTwice) {
  std::size_t refused = 0, passing = 0;
  std::set<std::string> seen;
  for (const Row& row : rows_of(ASSAY_SOURCE_DIR "/tests/lint/sentences.json")) {
    ++(row.refuse ? refused : passing);
    EXPECT_FALSE(row.meaning.empty()) << row.text;
    EXPECT_TRUE(seen.insert(row.text).second) << row.text;
  }
  EXPECT_GE(refused, 40u);
  EXPECT_GE(passing, 40u);
}

TEST(SentenceScoreTest, PrintsTheScoreOfASet) {
  const char* named = std::getenv("ASSAY_LINT_SET");
  const std::string path = named != nullptr ? named : ASSAY_SOURCE_DIR "/tests/lint/sentences.json";
  const std::vector<Row> rows = rows_of(path);
  ASSERT_FALSE(rows.empty());
  const Score got = score(linter(), rows, std::cout);
  std::cout << fmt::format("{}: refused {} of {}, passed {} of {}\n", path, got.refused, got.to_refuse, got.passed,
                           got.to_pass);
  EXPECT_EQ(got.to_refuse + got.to_pass, rows.size());
}

}  // namespace
}  // namespace assay::lint
