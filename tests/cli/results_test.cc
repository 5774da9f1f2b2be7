// The recorded runs under docs/results verify with this build, oracles and all: what is published stays checkable.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/image_check.h"
#include "harness/cli/recompute.h"
#include "harness/cli/verify_options.h"
#include "harness/evidence/verify.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

evidence::VerifyReport verified(std::string_view name) {
  evidence::VerifyOptions options;
  options.recompute = recompute;
  options.compare_images = compare_images;
  options.check_image = image_check();
  options.gate_set = probes::gate_set;
  return evidence::verify_bundle(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs/results" / name, options);
}

TEST(ResultsTest, TheFirstGatesOnAnH100VerifyWithTheirOracles) {
  const evidence::VerifyReport report = verified("h100/first-gates");
  for (const evidence::Finding& finding : report.findings) ADD_FAILURE() << evidence::to_string(finding);
  for (const evidence::Finding& finding : report.unfit) ADD_FAILURE() << evidence::to_string(finding);
  EXPECT_TRUE(report.intact);
  EXPECT_EQ(report.verdicts.at(evidence::Verdict::proven), 7u);
  EXPECT_EQ(report.verdicts.at(evidence::Verdict::reported), 4u);
  EXPECT_EQ(report.cases.agreed, 7u);
  EXPECT_EQ(report.labels_not_recomputed, 0u);
  EXPECT_FALSE(report.environment.is_private);
  EXPECT_EQ(report.environment.device_name(), "NVIDIA H100 80GB HBM3");
  EXPECT_FALSE(report.environment.tool.git_dirty);
  for (const evidence::VerifiedRecord& one : report.records)
    if (one.derived.verdict == evidence::Verdict::proven) {
      EXPECT_EQ(one.derived.evidence_class, evidence::EvidenceClass::real_execution);
      EXPECT_EQ(one.record.witness.lowering, "instruction") << one.record.gate;
      EXPECT_EQ(one.record.witness.disassembler, "agrees") << one.record.gate;
    }
}

/// What each image of cubin.arch_patch was answered, by variant: a code, "loads", or that the edit did not fit.
std::map<std::string, std::string> image_answers(const evidence::VerifyReport& report) {
  std::map<std::string, std::string> answers;
  for (const auto& [record, derived] : report.records) {
    if (record.variant.empty()) continue;
    const evidence::StageResult& load = record.stage(evidence::Stage::load);
    const bool refused = load.status == evidence::StageStatus::refused;
    answers[record.variant] = refused                                    ? std::to_string(load.code)
                              : load.status == evidence::StageStatus::ok ? "loads"
                                                                         : "edit does not fit";
  }
  return answers;
}

std::map<std::string, std::string> known_answers() {
  const auto text = read_file(ASSAY_SOURCE_DIR "/tests/cli/h100_image_answers.json");
  const auto json = text ? parse_json(*text, "h100_image_answers.json") : Result<Json>(text.error());
  EXPECT_TRUE(json) << json.error().message;
  std::map<std::string, std::string> answers;
  for (const auto& [answer, variants] : json->at("answers").items())
    for (const Json& variant : variants) answers[variant.get<std::string>()] = answer;
  return answers;
}

class AllGatesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { report_ = verified("h100/all-gates"); }
  inline static evidence::VerifyReport report_;
};

TEST_F(AllGatesTest, VerifyWithTheirOracles) {
  for (const evidence::Finding& finding : report_.findings) ADD_FAILURE() << evidence::to_string(finding);
  for (const evidence::Finding& finding : report_.unfit) ADD_FAILURE() << evidence::to_string(finding);
  EXPECT_TRUE(report_.intact);
  EXPECT_EQ(report_.verdicts.at(evidence::Verdict::proven), 8u);
  EXPECT_EQ(report_.verdicts.at(evidence::Verdict::reported), 4u);
  EXPECT_EQ(report_.cases.agreed, 16u);
  EXPECT_FALSE(report_.environment.tool.git_dirty);
}

TEST(ResultsTest, TheSignedRunIsAttestedByItsOperatorAndNobodyElse) {
  const std::filesystem::path folder = std::filesystem::path(ASSAY_SOURCE_DIR) / "docs/results/h100";
  evidence::VerifyOptions options = verify_options(true);
  ASSERT_TRUE(add_trust(options, (folder / "trust.json").string()));
  const evidence::VerifyReport report = evidence::verify_bundle(folder / "signed", options);
  for (const evidence::Finding& finding : report.findings) ADD_FAILURE() << evidence::to_string(finding);
  for (const evidence::Finding& finding : report.unfit) ADD_FAILURE() << evidence::to_string(finding);
  EXPECT_EQ(report.rules.rules, "rules/3");
  EXPECT_EQ(report.verdicts.at(evidence::Verdict::proven), 8u);
  EXPECT_EQ(report.attestation.trust, evidence::Trust::by_operator);
}

TEST_F(AllGatesTest, GatesOfOtherTargetsAreRefusedAsDriverSignalsAndNothingMore) {
  constexpr std::string_view kRefused[] = {"tcgen05.alloc",    "tcgen05.ld", "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4",
                                           "tcgen05.mma.pair", "cvt.fp4",    "mma.fp4"};
  std::size_t seen = 0;
  for (const auto& [record, derived] : report_.records) {
    if (std::ranges::find(kRefused, record.gate) == std::end(kRefused)) continue;
    EXPECT_EQ(derived.verdict, evidence::Verdict::refused) << record.id();
    EXPECT_EQ(derived.evidence_class, evidence::EvidenceClass::driver_signal) << record.id();
    EXPECT_LE(derived.level, evidence::Level::e2) << record.id();
    ++seen;
  }
  EXPECT_EQ(seen, 8 * std::size(kRefused));
}

TEST_F(AllGatesTest, NoTextSaysThatADeviceLacksSomething) {
  for (const auto& [record, derived] : report_.records)
    for (const std::string& text : {derived.reason, record.proves, record.does_not_prove, record.control_note})
      for (const char* word : {"lack", "absent", "silicon", " fused", "physical", "does not have", "no hardware"})
        EXPECT_EQ(text.find(word), std::string::npos) << record.id() << ": " << text;
}

TEST_F(AllGatesTest, EveryImageIsAnsweredAsWrittenDown) { EXPECT_EQ(image_answers(report_), known_answers()); }

TEST_F(AllGatesTest, EditedImagesShowNoCapabilityAndForeignOnesWereNeverLaunched) {
  for (const auto& [record, derived] : report_.records) {
    const bool launched = record.stage(evidence::Stage::launch).status != evidence::StageStatus::not_reached;
    if (record.image == evidence::ImageKind::patched) {
      EXPECT_EQ(derived.evidence_class, evidence::EvidenceClass::patched_cubin) << record.id();
      EXPECT_TRUE(record.edit) << record.id();
    }
    EXPECT_TRUE(!launched || record.target == "sm_90a" || record.target.empty()) << record.id();
    EXPECT_TRUE(record.variant.empty() || derived.verdict != evidence::Verdict::proven) << record.id();
  }
}

}  // namespace
}  // namespace assay::cli
