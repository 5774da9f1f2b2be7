// `assay claims` as a program, and the catalogue against the gate table.
#include "reports/claims.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "probes/gates.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

using reports::Claim;
using reports::ClaimKind;

std::vector<Claim> catalogue() {
  auto claims = reports::builtin_claims();
  EXPECT_TRUE(claims) << claims.error().message;
  return claims ? *std::move(claims) : std::vector<Claim>();
}

std::string h100() { return std::string(ASSAY_SOURCE_DIR) + "/docs/results/h100/all-gates"; }

// The catalogue and the gate table ------------------------------------------------------------------------------------

TEST(ClaimsCatalogueTest, EveryGateThatAClaimNamesExists) {
  std::set<std::string_view> gates;
  for (const gate::Gate& row : probes::gates()) gates.insert(row.id);
  for (const Claim& claim : catalogue())
    for (const std::string& gate : claim.gates) EXPECT_TRUE(gates.contains(gate)) << claim.id << ": " << gate;
}

TEST(ClaimsCatalogueTest, EveryGateHasItsClaim) {
  const std::vector<Claim> claims = catalogue();
  const auto rests_on = [&](ClaimKind kind, std::string_view gate) {
    return std::ranges::count_if(claims, [&](const Claim& claim) {
      return claim.kind == kind && std::ranges::find(claim.gates, gate) != claim.gates.end();
    });
  };
  for (const gate::Gate& row : probes::gates()) {
    const bool question = std::holds_alternative<gate::DeviceQuestion>(row.method);
    const bool images = row.id == "cubin.arch_patch";
    EXPECT_EQ(rests_on(ClaimKind::query, row.id), question ? 1 : 0) << row.id;
    EXPECT_EQ(rests_on(ClaimKind::capability, row.id), question || images ? 0 : 1) << row.id;
    EXPECT_EQ(rests_on(ClaimKind::unproven, row.id), question || images ? 0 : 1) << row.id;
    EXPECT_EQ(rests_on(ClaimKind::patched, row.id), images ? 1 : 0) << row.id;
  }
}

TEST(ClaimsCatalogueTest, TheIdOfAnExecutionOrAReportEndsInItsGate) {
  for (const Claim& claim : catalogue()) {
    if (claim.kind == ClaimKind::capability) {
      EXPECT_EQ(claim.id, "executes." + claim.gates.front());
    }
    if (claim.kind == ClaimKind::query) {
      EXPECT_EQ(claim.id, "reports." + claim.gates.front());
    }
  }
}

// The program ---------------------------------------------------------------------------------------------------------

class ClaimsProgramTest : public ProcessTest {};

TEST_F(ClaimsProgramTest, WithoutABundleItListsTheCatalogue) {
  const auto run = assay({"claims"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "");
  for (const Claim& claim : catalogue()) EXPECT_THAT(run.out, testing::HasSubstr("  " + claim.id)) << claim.id;
  EXPECT_THAT(run.out,
              testing::HasSubstr("Executes correctly\n  needs every record at the device's own target proven"));
  const auto json = parse_json(assay({"claims", "--json"}).out, "claims");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["claims"].size(), catalogue().size());
  EXPECT_EQ((*json)["catalogue_sha256"], reports::catalogue_sha256(catalogue()));
}

TEST_F(ClaimsProgramTest, OfABundleItListsSentencesAndWhatTheOthersLack) {
  const auto run = assay({"claims", h100()});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, testing::HasSubstr("\nExecutes correctly (8)\n"));
  EXPECT_THAT(run.out,
              testing::HasSubstr("\n  executes.wgmma.bf16\n    On an NVIDIA H100 80GB HBM3 (compute capability 9.0"));
  EXPECT_THAT(run.out, testing::HasSubstr("more of accepts/...; --all shows them\n"));
  EXPECT_THAT(run.out, testing::HasSubstr("  kernel.correct, kernel.throughput\n    no kernel is on record\n"));
  const auto whole = assay({"claims", "--all", h100()});
  EXPECT_THAT(whole.out, testing::Not(testing::HasSubstr("--all shows them")));
  EXPECT_GT(std::ranges::count(whole.out, '\n'), 3 * std::ranges::count(run.out, '\n'));
}

TEST_F(ClaimsProgramTest, AsJsonItHoldsEverySentence) {
  const auto run = assay({"claims", "--json", h100()});
  EXPECT_EQ(run.code, 0);
  const auto json = parse_json(run.out, "claims");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["schema"], "claims-report/1");
  EXPECT_EQ((*json)["catalogue_sha256"], reports::catalogue_sha256(catalogue()));
  EXPECT_EQ((*json)["manifest_sha256"].get<std::string>().size(), 64u);
  EXPECT_GT((*json)["claims"].size(), 300u);
  EXPECT_FALSE((*json)["refused"].empty());
}

TEST_F(ClaimsProgramTest, ARequiredClaimIsPrintedAlone) {
  const auto run = assay({"claims", h100(), "--require", "executes.tma.load"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, testing::StartsWith("  executes.tma.load\n    On an NVIDIA H100"));
  EXPECT_THAT(run.out, testing::Not(testing::HasSubstr("executes.wgmma")));
}

TEST_F(ClaimsProgramTest, AFamilyIsCarriedByAnyOfItsInstances) {
  EXPECT_EQ(assay({"claims", h100(), "--require", "refuses"}).code, 0);
  EXPECT_EQ(assay({"claims", h100(), "--require", "refuses/tcgen05.alloc@sm_90a"}).code, 0);
}

TEST_F(ClaimsProgramTest, WhatIsRequiredAndNotCarriedEndsWith5) {
  const auto run = assay({"claims", h100(), "--require", "executes.tcgen05.alloc", "--require", "kernel.correct/x"});
  EXPECT_EQ(run.code, 5);
  EXPECT_EQ(
      run.err,
      "assay claims: executes.tcgen05.alloc: not supported by this bundle: gate tcgen05.alloc is refused: assembler "
      "refused: Instruction 'tcgen05.alloc' not supported on .target 'sm_90a'\n"
      "assay claims: kernel.correct/x: not supported by this bundle: no kernel is on record\n");
  EXPECT_EQ(
      assay({"claims", h100(), "--require", "accepts/tcgen05.alloc@sm_90a"}).err,
      "assay claims: accepts/tcgen05.alloc@sm_90a: not supported by this bundle: nothing of this name is on record\n");
}

TEST_F(ClaimsProgramTest, AnUnknownIdIsAFaultOfUsage) {
  const auto run = assay({"claims", h100(), "--require", "executes.everything"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.err, "assay claims: executes.everything: no claim has this id; 'assay claims' lists them\n");
  EXPECT_EQ(assay({"claims", "--require", "executes.tma.load"}).code, 2);
  EXPECT_EQ(assay({"claims", "/nowhere"}).code, 2);
}

TEST_F(ClaimsProgramTest, OfABrokenBundleNothingIsSaid) {
  const TemporaryFolder folder;
  const std::filesystem::path copy = folder.path() / "bundle";
  std::filesystem::copy(h100(), copy, std::filesystem::copy_options::recursive);
  std::ofstream(copy / "extra.txt") << "beside it";
  const auto run = assay({"claims", copy.string(), "--require", "executes.tma.load"});
  EXPECT_EQ(run.code, 4);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err,
              testing::StartsWith("assay claims: " + copy.string() + ": nothing may be said of it: extra.txt: "));
}

}  // namespace
}  // namespace assay::cli
