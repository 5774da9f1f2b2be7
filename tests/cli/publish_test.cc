#include <fmt/format.h>
#include <gmock/gmock.h>

#include "harness/base/json.h"
#include "harness/cli/publication.h"
#include "harness/evidence/bundle_writer.h"
#include "tests/cli/process_test.h"
#include "tests/evidence/forger.h"
#include "tests/support/whole_run.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

const fs::path kRecorded = fs::path(ASSAY_SOURCE_DIR) / "docs/results/h100/all-gates";

class PublishTest : public ProcessTest {
 protected:
  /// The recorded run of an H100 in this sandbox.
  std::string recorded() const {
    fs::copy(kRecorded, at("run"), fs::copy_options::recursive);
    return at("run");
  }
  /// A run on a device that was emulated.
  std::string emulated() const {
    auto writer = evidence::BundleWriter::create(at("run"), evidence::good_challenge(), &evidence::test_redactor());
    EXPECT_TRUE(writer) << writer.error().message;
    evidence::Record question = evidence::good_question();
    question.driver_library = evidence::DriverLibrary::emulated;
    std::vector<evidence::RequiredGate> gates;
    for (const evidence::Record& record : test::whole_run({question})) {
      EXPECT_TRUE(writer->append(record));
      gates.push_back({record.gate, record.gate_version});
    }
    writer->set_gates(gates);
    Json environment = evidence::good_environment();
    Json& driver = environment["driver"];
    driver["kind"] = "emulated";
    driver["says_emulated"] = true;
    driver["kernel_module_version"] = "";
    driver["kernel_agrees"] = driver["opened_device_nodes"] = false;
    writer->set_environment(environment);
    EXPECT_TRUE(writer->finish());
    return at("run");
  }
  std::vector<std::string> names_in(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
};

TEST_F(PublishTest, WritesThreeFilesBesideTheBundleAndNoneIntoIt) {
  const std::string bundle = recorded();
  const Ended ended = assay({"publish", bundle + "/"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, HasSubstr(bundle + "-report/report.html\n"));
  EXPECT_THAT(ended.out, HasSubstr("self-attested, not independently verified"));
  EXPECT_THAT(names_in(bundle + "-report"), ElementsAre("report.html", "report.json", "report.md"));
  EXPECT_EQ(assay({"verify", bundle}).code, 0);
}

TEST_F(PublishTest, WritesTheFormatsThatItIsAskedFor) {
  EXPECT_EQ(assay({"publish", recorded(), "--out", at("report"), "--format", "md,json"}).code, 0);
  EXPECT_THAT(names_in(at("report")), ElementsAre("report.json", "report.md"));
}

TEST_F(PublishTest, RefusesWhatItCannotMeanAndWritesNothing) {
  const std::string bundle = recorded();
  const auto refused = [&](std::vector<std::string> more, std::string_view line) {
    more.insert(more.begin(), {"publish", bundle});
    const Ended ended = assay(more);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.err, fmt::format("assay publish: {}\n", line));
  };
  refused({"--format", "pdf"}, "--format: unknown word 'pdf'; html, md and json are known");
  refused({"--format", "md,md"}, "--format: 'md' is named twice");
  refused({"--format", "md,"}, "--format: unknown word ''; html, md and json are known");
  const std::string within = bundle + "/artifacts/report";
  refused({"--out", within}, fmt::format("--out {}: lies in the bundle, which takes no other file", within));
  EXPECT_FALSE(fs::exists(bundle + "-report"));
  EXPECT_FALSE(fs::exists(within));
}

TEST_F(PublishTest, ADamagedBundlePublishesNothing) {
  const std::string bundle = recorded();
  std::string ledger = evidence::read_text(fs::path(bundle) / "gates.jsonl");
  ledger.replace(ledger.find("proven"), 6, "Proven");
  evidence::write_text(fs::path(bundle) / "gates.jsonl", ledger);
  const Ended ended = assay({"publish", bundle});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, StartsWith("assay publish: gates.jsonl: "));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1);
  EXPECT_FALSE(fs::exists(bundle + "-report"));
}

TEST_F(PublishTest, APrivateBundlePublishesNothing) {
  evidence::write_bundle(at("run"), test::whole_run({evidence::good_question()}), {}, nullptr);
  const Ended ended = assay({"publish", at("run")});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("private"));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1);
  EXPECT_FALSE(fs::exists(at("run-report")));
}

TEST_F(PublishTest, AnEmulatedRunIsReportedAsOneAndEndsUnproven) {
  const std::string bundle = emulated();
  const Ended ended = assay({"publish", bundle});
  EXPECT_EQ(ended.code, 5) << ended.err;
  EXPECT_EQ(ended.err, "assay publish: no claim is supported by this bundle; the report says so\n");
  for (const char* name : {"report.html", "report.md", "report.json"})
    EXPECT_THAT(evidence::read_text(fs::path(bundle + "-report") / name), HasSubstr("EMULATED: ")) << name;
}

TEST_F(PublishTest, VerifyRendersAReportAgain) {
  const std::string bundle = recorded();
  ASSERT_EQ(assay({"publish", bundle, "--out", at("report")}).code, 0);
  const Ended same = assay({"verify", bundle, "--report", at("report")});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.out,
              HasSubstr("report.html, report.md, report.json in " + at("report") + ": what this bundle renders to"));
  std::string text = evidence::read_text(box_.path("report/report.md"));
  text.replace(text.find("refused"), 7, "proven ");
  evidence::write_text(box_.path("report/report.md"), text);
  const Ended other = assay({"verify", bundle, "--report", at("report")});
  EXPECT_EQ(other.code, 4);
  EXPECT_THAT(other.err,
              testing::MatchesRegex("assay verify: .*/report/report.md:[0-9]+: differs from what this bundle "
                                    "renders to; publish it again\n"));
}

TEST_F(PublishTest, VerifyWantsAReportWhereOneIsNamed) {
  const std::string bundle = recorded();
  ASSERT_TRUE(make_folder(at("empty")));
  const Ended ended = assay({"verify", bundle, "--report", at("empty")});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("/empty: holds none of report.html, report.md and report.json\n"));
}

TEST_F(PublishTest, TheLinterFindsEachSentenceAsItsBundleCarriesIt) {
  const std::string bundle = recorded(), page = at("report/report.md");
  ASSERT_EQ(assay({"publish", bundle, "--out", at("report"), "--format", "md"}).code, 0);
  const Ended clean = assay({"lint", page, "--bundles", at("")});
  EXPECT_EQ(clean.code, 0) << clean.out << clean.err;
  std::string text = evidence::read_text(page);
  const std::size_t words = text.find("executes correctly");
  ASSERT_NE(words, std::string::npos);
  evidence::write_text(page, text.replace(words, 18, "is fully supported"));
  const Ended found = assay({"lint", page, "--bundles", at("")});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("CL001"));
}

reports::Report recorded_report() {
  const auto bundle = evidence::VerifiedBundle::open(kRecorded);
  EXPECT_TRUE(bundle) << bundle.error().message;
  auto report = reports::make_report(*bundle);
  EXPECT_TRUE(report) << report.error().message;
  return *std::move(report);
}

TEST(PublicationTest, WhatRedactionMissedIsNamedAndNotShown) {
  reports::Report report = recorded_report();
  ASSERT_TRUE(render_files(report, {"html", "md", "json"}));
  report.limits.push_back("see /home/bob/notes");
  for (const char* format : {"html", "md", "json"}) {
    const auto files = render_files(report, {format});
    ASSERT_FALSE(files) << format;
    EXPECT_THAT(files.error().message,
                testing::MatchesRegex("report[.](html|md|json): offset [0-9]+: home path, which must not be published; "
                                      "nothing was written"));
  }
}

}  // namespace
}  // namespace assay::cli
