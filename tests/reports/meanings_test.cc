// The public meanings that are allowed, each on a bundle that holds its evidence and on one that does not; and the
// meanings that are not, which no claim carries on any bundle.
#include <regex>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "tests/reports/judged_bundle.h"

namespace assay::reports {
namespace {

using evidence::good_record;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

/// The environment of a GB10, with the compiler of edited images.
Json gb10() {
  Json environment = environment_with_compiler();
  environment["device"]["name"] = "NVIDIA GB10";
  environment["device"]["compute_capability"] = "12.1";
  environment["device"]["multiprocessor_count"] = 48;
  return environment;
}

Record on_gb10(Record record) {
  record.target = "sm_121a";
  return record;
}

/// A baseline image of sm_100a that ran on the GB10 with its SM byte rewritten.
Record edited_baseline() {
  Record record = on_gb10(evidence::patched_record());
  record.variant = "sm-byte.arithmetic.sm_100a";
  record.edit->bytes = {{.offset = 49, .was = 100, .is = 121}};
  record.artifacts["cuda"] = evidence::digest_of("text");
  record.artifacts["image"] = evidence::digest_of(std::string(49, 'x') + "y" + "rest");
  return record;
}

Record refused_text(std::string gate) {
  Record record = evidence::ended_at(Stage::assemble, StageStatus::refused, on_gb10(good_record(std::move(gate))));
  record.image = evidence::ImageKind::none;
  record.controls = {.home_target = evidence::ControlStatus::ok};
  record.witness = {};
  record.stage(Stage::assemble).message = "Instruction 'tcgen05.alloc' not supported on .target 'sm_121a'";
  return record;
}

/// What the driver said to an image of sm_100a with the SM byte rewritten.
Record refused_edit() {
  Record record = evidence::ended_at(Stage::load, StageStatus::refused, edited_baseline());
  record.variant = "sm-byte.tcgen05_alloc.sm_100a";
  record.controls = {};
  record.stage(Stage::load).code = 500;
  record.stage(Stage::load).name = "CUDA_ERROR_NOT_FOUND";
  return record;
}

std::vector<Record> tcgen05_refused() {
  std::vector<Record> records;
  for (const char* gate :
       {"tcgen05.alloc", "tcgen05.ld", "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4", "tcgen05.mma.pair"})
    records.push_back(refused_text(gate));
  return records;
}

/// All of the evidence of the four meanings.
Judgement with_evidence() {
  std::vector<Record> records = {on_gb10(good_record("control.copy")), edited_baseline(), refused_edit()};
  for (Record& record : tcgen05_refused()) records.push_back(std::move(record));
  return judge(records, gb10(), {evidence::built_image(), std::string(49, 'x') + "y" + "rest", "text"});
}

/// A GB10 of which nothing but the copy control is known.
Judgement without_evidence() { return judge({on_gb10(good_record("control.copy"))}, gb10()); }

constexpr std::string_view kBaseline = "patched/cubin.arch_patch[sm-byte.arithmetic.sm_100a]@sm_121a";

TEST(MeaningsTest, ABaselineImageRanAfterAnArchFieldRewrite) {
  EXPECT_EQ(
      said(with_evidence(), kBaseline),
      "On an NVIDIA GB10 (compute capability 12.1, driver 580.159.04), an image built for sm_100a by NVRTC 13.0 "
      "(sm-byte.arithmetic.sm_100a) was loaded, ran and gave the expected output after an ELF arch-field rewrite of 1 "
      "byte (offset 0x31: 0x64 to 0x79), a loader test only, its machine code being the native build's, and shows no "
      "capability.");
  EXPECT_EQ(said(without_evidence(), "patched"), "refused: no edited image was loaded");
}

TEST(MeaningsTest, SeveralSoftwareGatesStandBeforeTcgen05) {
  EXPECT_EQ(
      said(with_evidence(), "walk.tcgen05"),
      "On an NVIDIA GB10 (compute capability 12.1, driver 580.159.04), several software gates stand before a tcgen05 "
      "probe can run: nvJitLink 13.0 refuses the texts of tcgen05.alloc, tcgen05.ld, tcgen05.mma.f16, "
      "tcgen05.mma.mxf4nvf4 and tcgen05.mma.pair for sm_121a; the driver refuses 1 of their images after an edit with "
      "500 CUDA_ERROR_NOT_FOUND.");
  EXPECT_EQ(said(without_evidence(), "walk.tcgen05"),
            "refused: refusals at 0 of the 2 software gates that are needed are on record");
}

TEST(MeaningsTest, HelpersAndMetadataAreNoProof) {
  for (const Judgement& judgement : {with_evidence(), without_evidence()})
    EXPECT_EQ(
        said(judgement, "method.driver_signals"),
        "Helpers and metadata that can be seen in a driver are hints, and no proof that an instruction executes.");
}

TEST(MeaningsTest, Tcgen05IsUnprovenUntilItIsProven) {
  for (const Judgement& judgement : {with_evidence(), without_evidence()})
    EXPECT_THAT(
        said(judgement, "unproven.tcgen05"),
        testing::StartsWith("On the evidence of this bundle, tcgen05 and tensor memory are unproven on an NVIDIA "
                            "GB10 (compute capability 12.1, driver 580.159.04): none of the gates "));
  EXPECT_EQ(said(judge({on_gb10(good_record("control.copy")), on_gb10(good_record("tcgen05.alloc"))}, gb10()),
                 "unproven.tcgen05"),
            "refused: gate tcgen05.alloc is proven on this device");
}

// What is never said
// ---------------------------------------------------------------------------------------------------

/// Every sentence of both bundles, without what software said in quotation marks.
std::vector<std::string> every_sentence() {
  static const std::regex quotation("\"[^\"]*\"");
  std::vector<std::string> sentences;
  for (const Judgement& judgement : {with_evidence(), without_evidence()})
    for (const SupportedClaim& claim : judgement.supported)
      sentences.push_back(std::regex_replace(claim.sentence(), quotation, ""));
  EXPECT_GT(sentences.size(), 10u);
  return sentences;
}

TEST(MeaningsTest, NoEditUnlocksAnInstruction) {
  const Judgement judgement = with_evidence();
  for (const char* gate : {"tcgen05.alloc", "tcgen05.ld", "tcgen05.mma.f16"})
    EXPECT_THAT(said(judgement, std::string("executes.") + gate), testing::StartsWith("refused: gate "));
  for (const std::string& sentence : every_sentence())
    EXPECT_FALSE(std::regex_search(sentence, std::regex("unlock|enabl|open(s|ed)? (up|the)"))) << sentence;
}

TEST(MeaningsTest, NoDeviceIsPutBesideAnother) {
  for (const std::string& sentence : every_sentence()) {
    EXPECT_FALSE(std::regex_search(sentence, std::regex("B200|GB100|H100|Blackwell|parity|same as"))) << sentence;
  }
}

TEST(MeaningsTest, NothingIsSaidOfWhatADeviceHasOrHasNot) {
  const std::regex words("\\b(silicon|physical|fused|absent|lacks|missing|has (no )?t(cgen05|ensor)|supports?)\\b");
  for (const std::string& sentence : every_sentence()) EXPECT_FALSE(std::regex_search(sentence, words)) << sentence;
}

TEST(MeaningsTest, AModifiedDriverIsNoDriver) {
  Json environment = gb10();
  environment["driver"]["kind"] = "unknown";
  const TemporaryFolder folder;
  std::vector<Record> records = {on_gb10(good_record("control.copy")), on_gb10(good_record("tcgen05.alloc"))};
  for (Record& record : records) record.driver_library = evidence::DriverLibrary::unknown;
  evidence::write_bundle(folder.path() / "bundle", records, {}, &evidence::test_redactor(), environment);
  const auto bundle = evidence::VerifiedBundle::open(folder.path() / "bundle");
  ASSERT_FALSE(bundle);
  EXPECT_THAT(bundle.error().message, testing::EndsWith("[foreign-driver]"));
}

}  // namespace
}  // namespace assay::reports
