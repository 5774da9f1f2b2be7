#include "reports/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "harness/base/file_system.h"

namespace assay::reports {
namespace {

using evidence::ImageKind;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ErrorTable table() {
  Result<ErrorTable> read = builtin_errors();
  EXPECT_TRUE(read) << read.error().message;
  return read ? *std::move(read) : ErrorTable({});
}

std::vector<ErrorRow> rows() { return table().rows(); }

Occurrence code_at(std::int64_t code, std::string stage, ImageKind image = ImageKind::native, bool has_log = false) {
  return {Outcome::driver_code, code, "", std::move(stage), image, has_log};
}

std::string recorded_as(const Occurrence& occurrence) { return explain(table(), occurrence).record_as; }

// --- the built-in table
// ------------------------------------------------------------------------------------------------

TEST(ErrorTableTest, HasEachCodeAndOutcomeThatAnAttemptMayEndIn) {
  std::set<std::int64_t> codes;
  std::set<Outcome> outcomes;
  for (const ErrorRow& row : rows()) {
    outcomes.insert(row.outcome);
    for (const auto& [code, name] : row.codes) codes.insert(code);
  }
  for (const std::int64_t code :
       {209, 801, 500, 200, 300, 999, 218, 222, 221, 223, 803, 804, 302, 303, 1, 400, 701, 912, 914,
        915, 715, 719, 700, 716, 717, 714, 718, 710, 721, 702, 214, 220, 226, 2, 100, 101, 802})
    EXPECT_TRUE(codes.contains(code)) << code;
  EXPECT_EQ(outcomes.size(), 7u);
}

TEST(ErrorTableTest, SaysOfEachRowWhatItShowsAndWhatItDoesNot) {
  EXPECT_GT(rows().size(), 30u);
  for (const ErrorRow& row : rows()) {
    EXPECT_GT(row.shows.size(), 20u) << row.record_as;
    EXPECT_GT(row.does_not_show.size(), 10u) << row.record_as;
    EXPECT_NE(row.shows, row.does_not_show);
    for (const std::string& text : {row.shows, row.does_not_show, row.remedy})
      EXPECT_TRUE(text.empty() || text.back() != '.') << text << ": half a sentence, so no full stop";
  }
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0)
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

/// Words with which a refusal would be made a statement about a device, in every form that they take.
bool is_forbidden(const std::string& word) {
  static const std::set<std::string> kForbidden = {
      "silicon",    "die",      "dies",    "fuse",      "fused",    "fusing",  "physical",    "physically", "lack",
      "lacks",      "lacking",  "absent",  "absence",   "hardware", "missing", "unsupported", "unable",     "incapable",
      "impossible", "supports", "support", "supported", "cannot",   "chip",    "chips",       "transistor"};
  return kForbidden.contains(word);
}

TEST(ErrorTableTest, NoTextSaysWhatADeviceIsWithout) {
  for (const ErrorRow& row : rows())
    for (const std::string& text : {row.shows, row.does_not_show})
      for (const std::string& word : words_of(text)) EXPECT_FALSE(is_forbidden(word)) << word << ": " << text;
  const Explanation unknown = explain(table(), code_at(4711, "load"));
  for (const std::string& word : words_of(unknown.shows + " " + unknown.does_not_show))
    EXPECT_FALSE(is_forbidden(word)) << word;
  EXPECT_TRUE(is_forbidden(words_of("It LACKS it.").at(1)));
}

TEST(ErrorTableTest, ThePageForPeopleIsTheTable) {
  const Result<std::string> page = read_file(ASSAY_SOURCE_DIR "/docs/errors.md");
  ASSERT_TRUE(page) << page.error().message;
  std::size_t written = 0;
  for (const ErrorRow& row : rows()) {
    std::string codes, stages, sources;
    for (const auto& [code, name] : row.codes) codes += fmt::format("{}{} `{}`", codes.empty() ? "" : ", ", code, name);
    for (const std::string& stage : row.stages) stages += (stages.empty() ? "" : ", ") + stage;
    for (const std::string& source : row.sources) sources += (sources.empty() ? "" : ", ") + source;
    if (row.image != "any") stages += "; " + row.image + " image";
    if (row.log != "any") stages += "; " + row.log + " a log";
    EXPECT_THAT(*page, HasSubstr(fmt::format("\n| {} | {} | {} | {} | `{}` | {} |\n",
                                             codes.empty() ? std::string(word(row.outcome)) : codes, stages, row.shows,
                                             row.does_not_show, row.record_as, sources)));
    ++written;
  }
  std::size_t lines = 0;
  for (std::size_t at = page->find("\n| "); at != std::string::npos; at = page->find("\n| ", at + 1)) ++lines;
  EXPECT_EQ(lines, written + 1) << "the page has a row that the table does not have";
}

// --- looking up
// --------------------------------------------------------------------------------------------------------

TEST(ErrorLookupTest, OneCodeMeansAnotherThingAtAnotherStage) {
  EXPECT_EQ(recorded_as(code_at(500, "load")), "gate:symbol-missing");
  EXPECT_EQ(recorded_as(code_at(500, "resolve")), "harness:kernel-name");
  EXPECT_EQ(recorded_as(code_at(209, "load")), "gate:arch-refused");
  EXPECT_EQ(recorded_as(code_at(801, "load")), "gate:image-refused");
  EXPECT_EQ(recorded_as(code_at(222, "load")), "env:driver-too-old");
  EXPECT_EQ(recorded_as(code_at(721, "complete")), "fault:tmem-leak");
  EXPECT_EQ(recorded_as(code_at(100, "open")), "env:no-device");
}

TEST(ErrorLookupTest, ALogDecidesWhose999ItIs) {
  EXPECT_EQ(recorded_as(code_at(999, "load", ImageKind::native, true)), "gate:image-refused");
  EXPECT_EQ(recorded_as(code_at(999, "load", ImageKind::native, false)), "env:machine");
  EXPECT_EQ(recorded_as(code_at(999, "complete", ImageKind::native, true)), "env:machine");
}

TEST(ErrorLookupTest, AnEditedImagesFaultIsItsOwn) {
  for (const std::int64_t code : {700, 716, 717, 718, 719}) {
    EXPECT_EQ(recorded_as(code_at(code, "complete", ImageKind::patched)), "fault:patched-image") << code;
    EXPECT_NE(recorded_as(code_at(code, "complete", ImageKind::native)), "fault:patched-image") << code;
  }
  EXPECT_EQ(recorded_as({Outcome::right_data, 0, "", "verify", ImageKind::patched, false}), "patched-cubin");
  EXPECT_EQ(recorded_as({Outcome::right_data, 0, "", "verify", ImageKind::native, false}), "executed");
  EXPECT_EQ(recorded_as({Outcome::wrong_data, 0, "", "verify", ImageKind::patched, false}), "ran-wrong");
}

TEST(ErrorLookupTest, FromAnUnknownCodeNothingIsConcluded) {
  for (const Occurrence& unknown : {code_at(4711, "load"), code_at(209, "launch"), code_at(715, "load"),
                                    code_at(0, "load"), code_at(209, "nowhere")}) {
    const Explanation explanation = explain(table(), unknown);
    EXPECT_FALSE(explanation.known);
    EXPECT_EQ(explanation.shows, "unknown code: nothing may be concluded");
    EXPECT_EQ(explanation.record_as, "unknown-code");
  }
}

TEST(ErrorLookupTest, ACodeWithoutANameGetsTheTables) {
  EXPECT_EQ(explain(table(), code_at(912, "launch")).name, "CUDA_ERROR_INVALID_CLUSTER_SIZE");
  EXPECT_EQ(explain(table(), code_at(4711, "launch")).name, "");
}

// --- what a record ended in
// ------------------------------------------------------------------------------------------------

Record record_with(Stage stage, StageStatus status, std::int64_t code, std::string call, std::string log = "") {
  Record record;
  record.target = "sm_90a";
  record.image = ImageKind::native;
  for (std::size_t i = 0; i < static_cast<std::size_t>(stage); ++i) record.stages[i].status = StageStatus::ok;
  record.end_at(stage, {.status = status, .code = code, .name = "NAME", .call = std::move(call), .log_sha256 = log});
  return record;
}

std::vector<std::string> told(const Record& record) {
  std::vector<std::string> lines;
  for (const Occurrence& o : occurrences(record))
    lines.push_back(fmt::format("{} {} at {}{}", word(o.outcome), o.code, o.stage, o.has_log ? " with log" : ""));
  return lines;
}

TEST(OccurrencesTest, AreTheDriversCodesWhereTheyCame) {
  EXPECT_THAT(told(record_with(Stage::load, StageStatus::refused, 209, "cuModuleLoadDataEx", "d")),
              ElementsAre("driver-code 209 at load with log"));
  EXPECT_THAT(told(record_with(Stage::complete, StageStatus::failed, 715, "cuCtxSynchronize")),
              ElementsAre("driver-code 715 at complete"));
  EXPECT_THAT(told(record_with(Stage::assemble, StageStatus::refused, 0, "nvJitLinkAddData", "d")),
              ElementsAre("assembler-refusal 0 at assemble with log"));
}

TEST(OccurrencesTest, ADeviceThatWasNotOpenedIsNoAnswerAboutAnImage) {
  Record record = record_with(Stage::load, StageStatus::refused, 100, "cuInit");
  record.image = ImageKind::none;
  EXPECT_THAT(told(record), ElementsAre("driver-code 100 at open"));
}

TEST(OccurrencesTest, TheCallSaysAtWhichStageTheCopyKernelWasRefused) {
  Record record = record_with(Stage::load, StageStatus::failed, 719, "cuCtxSynchronize");
  record.controls.positive = evidence::ControlStatus::failed;
  record.image = ImageKind::none;
  EXPECT_THAT(told(record), ElementsAre("driver-code 719 at complete"));
  record.stage(Stage::load).call = "cuModuleGetFunction";
  EXPECT_THAT(told(record), ElementsAre("driver-code 719 at resolve"));
  record.stage(Stage::load).call = "cuMemAlloc_v2";
  EXPECT_THAT(told(record), ElementsAre("driver-code 719 at load"));
}

TEST(OccurrencesTest, ALibraryThatIsNotThereIsNoCode) {
  EXPECT_THAT(told(record_with(Stage::load, StageStatus::refused, 0, "dlopen")), IsEmpty());
  EXPECT_THAT(told(record_with(Stage::assemble, StageStatus::failed, 6, "nvJitLinkAddData")), IsEmpty());
  EXPECT_THAT(told(Record()), IsEmpty());
}

TEST(OccurrencesTest, OfADeadChildThereIsOnlyHowItEnded) {
  Record record = record_with(Stage::load, StageStatus::failed, 11, "");
  record.process = evidence::ProcessResult{.signal = 11};
  EXPECT_THAT(told(record), ElementsAre("child-signal 11 at load"));
  record.process = evidence::ProcessResult{.exit_code = 3};
  EXPECT_THAT(told(record), ElementsAre("child-exit 3 at load"));
  record.process = evidence::ProcessResult{.signal = 9, .timed_out = true};
  EXPECT_THAT(told(record), ElementsAre("watchdog 9 at load"));
  record.process = evidence::ProcessResult{};
  EXPECT_THAT(told(record), IsEmpty());
}

TEST(OccurrencesTest, OutputsAreWrongOrRight) {
  Record record = record_with(Stage::verify, StageStatus::ok, 0, "");
  record.cases = {{.name = "a", .compared = 4}};
  EXPECT_THAT(told(record), IsEmpty());
  record.image = ImageKind::patched;
  EXPECT_THAT(told(record), ElementsAre("right-data 0 at verify"));
  record.cases.push_back({.name = "b", .compared = 0});
  EXPECT_THAT(told(record), IsEmpty());
  record.cases.push_back({.name = "c", .compared = 4, .mismatches = 1});
  EXPECT_THAT(told(record), ElementsAre("wrong-data 0 at verify"));
}

// --- reading a table
// -----------------------------------------------------------------------------------------------------------

std::string row(const std::string& from = "", const std::string& to = "") {
  std::string text =
      R"({"outcome":"driver-code","codes":{"209":"CUDA_ERROR_NO_BINARY_FOR_GPU"},"stages":["load"],"image":"any",)"
      R"("log":"any","shows":"a","does_not_show":"b","record_as":"c","sources":["measured"],"remedy":""})";
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return text;
}

std::string refusal(const std::string& list) {
  const auto read = parse_errors(R"({"schema":"errors/1","rows":[)" + list + "]}", "e.json");
  return read ? "accepted" : read.error().message;
}

TEST(ErrorParseTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(refusal(row()), "accepted");
  EXPECT_EQ(refusal(row() + "," + row(R"("load")", R"("launch")")), "accepted");
  EXPECT_EQ(refusal(row() + "," + row()), "e.json: two rows for driver-code 209 at load, image any, log any");
  EXPECT_THAT(refusal(row("driver-code", "guess")), HasSubstr("unknown word 'guess'"));
  EXPECT_THAT(refusal(row(R"(["load"])", R"(["loading"])")), HasSubstr("unknown word 'loading'"));
  EXPECT_THAT(refusal(row(R"(["load"])", "[]")), HasSubstr("must not be empty"));
  EXPECT_THAT(refusal(row(R"("shows":"a")", R"("shows":"")")), HasSubstr("must not be empty"));
  EXPECT_THAT(refusal(row(R"("does_not_show":"b",)")), HasSubstr("does_not_show"));
  EXPECT_THAT(refusal(row(R"("209")", R"("x")")), HasSubstr("must be a number"));
  EXPECT_THAT(refusal(row("driver-code", "watchdog")), HasSubstr("a driver's code has a number"));
  EXPECT_THAT(refusal(row(R"("measured")", R"("heard")")), HasSubstr("unknown word 'heard'"));
  EXPECT_THAT(parse_errors(R"({"schema":"errors/2","rows":[]})", "e.json").error().message,
              HasSubstr("must be errors/1"));
}

}  // namespace
}  // namespace assay::reports
