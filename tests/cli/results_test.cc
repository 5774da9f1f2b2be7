// The recorded runs under docs/results verify with this build, oracles and all: what is published stays checkable.
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/cli/recompute.h"
#include "harness/evidence/verify.h"

namespace assay::cli {
namespace {

evidence::VerifyReport verified(std::string_view name) {
  evidence::VerifyOptions options;
  options.recompute = recompute;
  return evidence::verify_bundle(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs/results" / name, options);
}

TEST(ResultsTest, TheFirstGatesOnAnH100VerifyWithTheirOracles) {
  const evidence::VerifyReport report = verified("h100/first-gates");
  for (const evidence::Finding& finding : report.findings) ADD_FAILURE() << evidence::to_string(finding);
  EXPECT_TRUE(report.intact);
  EXPECT_EQ(report.verdicts.at(evidence::Verdict::proven), 7u);
  EXPECT_EQ(report.verdicts.at(evidence::Verdict::reported), 4u);
  EXPECT_EQ(report.cases.agreed, 7u);
  EXPECT_EQ(report.labels_not_recomputed, 0u);
  EXPECT_FALSE(report.is_private);
  EXPECT_EQ(report.environment.at("device").at("name"), "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(report.environment.at("tool").at("git_dirty"), false);
  for (const evidence::VerifiedRecord& one : report.records)
    if (one.derived.verdict == evidence::Verdict::proven) {
      EXPECT_EQ(one.derived.evidence_class, evidence::EvidenceClass::real_execution);
      EXPECT_EQ(one.record.witness.lowering, "instruction") << one.record.gate;
      EXPECT_EQ(one.record.witness.disassembler, "agrees") << one.record.gate;
    }
}

}  // namespace
}  // namespace assay::cli
