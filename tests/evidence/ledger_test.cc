#include "harness/evidence/ledger.h"

#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

const std::string kHead = digest_of("challenge");

std::vector<Record> three_records() { return {good_question(), good_record("control.copy"), good_record("tma.load")}; }

class LedgerTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "gates.jsonl"; }

  /// The text of a ledger with these records and its end.
  std::string write(const std::vector<Record>& records, int signal = 0) {
    std::filesystem::remove(file());
    auto ledger = Ledger::create(file(), kHead);
    EXPECT_TRUE(ledger);
    for (const Record& record : records) EXPECT_TRUE(ledger->append(record, *derive(record)));
    EXPECT_TRUE(signal == 0 ? ledger->done() : ledger->interrupted(signal));
    return read_text(file());
  }

  TemporaryFolder folder_;
};

std::string fault(const LedgerReading& reading) { return reading.fault ? to_string(*reading.fault) : ""; }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

TEST_F(LedgerTest, ReadsWhatItWrote) {
  const LedgerReading reading = read_ledger(write(three_records()), kHead);
  EXPECT_EQ(fault(reading), "");
  EXPECT_EQ(reading.end, LedgerEnd::done);
  ASSERT_EQ(reading.lines.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(to_json(reading.lines[i].record), to_json(three_records()[i]));
    EXPECT_EQ(reading.lines[i].derived, *derive(three_records()[i]));
    EXPECT_EQ(reading.lines[i].rules, kRules);
  }
}

TEST_F(LedgerTest, ChainsEachLineToTheOneBefore) {
  const std::vector<std::string> lines = lines_of(write(three_records()));
  ASSERT_EQ(lines.size(), 4u);
  std::string previous = kHead;
  for (const std::string& line : lines) {
    EXPECT_EQ(test::parsed(line)["prev_sha256"], previous);
    previous = digest_of(std::string_view(line).substr(0, line.size() - 1));
  }
  EXPECT_EQ(test::parsed(lines.back()),
            (Json{{"done", 3}, {"prev_sha256", test::parsed(lines.back())["prev_sha256"]}}));
}

TEST_F(LedgerTest, HoldsEachRecordBeforeTheNextIsAsked) {
  auto ledger = Ledger::create(file(), kHead);
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(ledger->append(good_record(), *derive(good_record())));
  const LedgerReading reading = read_ledger(read_text(file()), kHead);
  EXPECT_EQ(reading.lines.size(), 1u);
  EXPECT_EQ(reading.end, LedgerEnd::cut);
}

TEST_F(LedgerTest, ReadsACutAtEveryByteAsCutAfterTheLastWholeRecord) {
  const std::string text = write(three_records());
  const std::vector<std::string> lines = lines_of(text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const LedgerReading reading = read_ledger(std::string_view(text).substr(0, size), kHead);
    std::size_t whole = 0;
    for (std::size_t at = 0; whole < 3 && at + lines[whole].size() <= size; ++whole) at += lines[whole].size();
    ASSERT_EQ(reading.end, LedgerEnd::cut) << size;
    ASSERT_EQ(reading.lines.size(), whole) << size;
    ASSERT_EQ(fault(reading), "") << size;
  }
}

TEST_F(LedgerTest, TellsWhichSignalInterrupted) {
  const LedgerReading reading = read_ledger(write(three_records(), 15), kHead);
  EXPECT_EQ(reading.end, LedgerEnd::interrupted);
  EXPECT_EQ(reading.signal, 15);
  EXPECT_EQ(reading.lines.size(), 3u);
}

TEST_F(LedgerTest, RefusesABrokenChain) {
  const std::vector<std::string> lines = lines_of(write(three_records()));
  const auto read = [](const std::string& text) { return fault(read_ledger(text, kHead)); };
  EXPECT_EQ(read(lines[1] + lines[0] + lines[2] + lines[3]),
            "gates.jsonl:1: prev_sha256 is not the digest of challenge.json");
  EXPECT_EQ(read(lines[0] + lines[2] + lines[3]), "gates.jsonl:2: prev_sha256 is not the digest of line 1");
  EXPECT_EQ(read(lines[0] + lines[0] + lines[1] + lines[2] + lines[3]),
            "gates.jsonl:2: prev_sha256 is not the digest of line 1");
  EXPECT_EQ(read(lines[0] + lines[1] + lines[2] + lines[3] + lines[3]), "gates.jsonl:5: a line after the last");
  EXPECT_EQ(read(lines[0] + lines[1] + lines[2] + lines[3] + "x"), "gates.jsonl:5: a line after the last");
  EXPECT_EQ(fault(read_ledger(write(three_records()), digest_of("another challenge"))),
            "gates.jsonl:1: prev_sha256 is not the digest of challenge.json");
}

TEST_F(LedgerTest, RefusesAWrongCount) {
  const std::vector<std::string> lines = lines_of(write(three_records()));
  Json end = test::parsed(lines[3]);
  end["done"] = 4;
  EXPECT_EQ(fault(read_ledger(lines[0] + lines[1] + lines[2] + spelled(end) + "\n", kHead)),
            "gates.jsonl:4: says 4 records, found 3");
}

TEST_F(LedgerTest, RefusesASecondSpellingOfALine) {
  const std::vector<std::string> lines = lines_of(write(three_records()));
  const auto read = [&](const std::string& line) { return fault(read_ledger(line + lines[1], kHead)); };
  const std::string line = lines[0].substr(0, lines[0].size() - 1);
  std::string spaced = line, escaped = line;
  spaced.insert(1, " ");
  escaped.replace(line.find("\"gate\""), 6, "\"\\u0067ate\"");
  for (const std::string& other : {line + "\r", line + " ", spaced, escaped})
    EXPECT_EQ(read(other + "\n"), "gates.jsonl:1: not spelled as the writer spells it") << other;
}

TEST_F(LedgerTest, RefusesLinesThatAreNoRecords) {
  const std::vector<std::string> lines = lines_of(write(three_records()));
  const auto read = [](const std::string& text) { return read_ledger(text, kHead); };
  for (const char* line : {"\n", "{}\n", "[]\n", "null\n", "{\"done\":0,\"done\":0}\n", "{\"done\":-1}\n",
                           "{\"done\":0}\n", "{\"interrupted\":0}\n"}) {
    const LedgerReading reading = read(line + lines[0]);
    EXPECT_NE(fault(reading), "") << line;
    EXPECT_TRUE(reading.lines.empty());
  }
  Json renamed = test::parsed(lines[0]);
  renamed["record_id"] = "device.query#2";
  EXPECT_EQ(fault(read(spelled(renamed) + "\n")), "gates.jsonl:1: record_id is not device.query#1");
  Json newer = test::parsed(lines[0]);
  newer["schema"] = "gate-record/4";
  EXPECT_EQ(
      fault(read(spelled(newer) + "\n")),
      "gates.jsonl:1: field 'schema': 'gate-record/4' is none of gate-record/1, gate-record/2, gate-record/3, the "
      "schemas that this build reads");
  Json unlabelled = test::parsed(lines[0]);
  unlabelled["derived"].erase("verdict");
  EXPECT_EQ(fault(read(spelled(unlabelled) + "\n")), "gates.jsonl:1: derived: field 'verdict': missing");
}

TEST_F(LedgerTest, RefusesToWriteALineThatItCouldNotRead) {
  auto ledger = Ledger::create(file(), kHead);
  ASSERT_TRUE(ledger);
  Record record = good_record();
  record.control_note.assign(1u << 20, 'x');
  EXPECT_FALSE(ledger->append(record, *derive(record)));
  EXPECT_EQ(read_text(file()), "");
}

}  // namespace
}  // namespace assay::evidence
