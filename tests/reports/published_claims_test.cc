// What the published bundles carry, sentence by sentence: none says more than it may.
#include <filesystem>
#include <regex>
#include <set>

#include "gmock/gmock.h"
#include "tests/reports/judged_bundle.h"

namespace assay::reports {
namespace {

namespace fs = std::filesystem;

fs::path results() { return fs::path(ASSAY_SOURCE_DIR) / "docs" / "results"; }

std::vector<fs::path> published_bundles() {
  std::vector<fs::path> bundles;
  for (const auto& entry : fs::recursive_directory_iterator(results()))
    if (entry.path().filename() == "manifest.json") bundles.push_back(entry.path().parent_path());
  return bundles;
}

/// A sentence without what software said in it, which stands in quotation marks.
std::string own_words(const std::string& sentence) {
  static const std::regex quotation("\"[^\"]*\"");
  return std::regex_replace(sentence, quotation, "");
}

TEST(PublishedClaimsTest, NoSentenceHoldsAForbiddenWord) {
  const std::regex forbidden(
      R"(\b(silicon|die|fused|physical(ly)?|hardware|absent|absence|lacks?|missing|supports?|supported|support|)"
      R"(unlock(s|ed)?|enable[sd]?|parity|identical|native FP4|signed|cryptograph\w*|cannot|fully|works?|proves?)\b)",
      std::regex::icase);
  const auto bundles = published_bundles();
  ASSERT_GE(bundles.size(), 2u);
  for (const fs::path& bundle : bundles)
    for (const SupportedClaim& claim : judge_folder(bundle).supported) {
      std::smatch found;
      const std::string words = own_words(claim.sentence());
      EXPECT_FALSE(std::regex_search(words, found, forbidden))
          << claim.id() << ": '" << found.str() << "' in " << words;
    }
}

TEST(PublishedClaimsTest, EverySentenceIsOneLineOfAsciiWithItsScope) {
  for (const fs::path& bundle : published_bundles()) {
    std::set<std::string> ids;
    for (const SupportedClaim& claim : judge_folder(bundle).supported) {
      const std::string& text = claim.sentence();
      EXPECT_TRUE(ids.insert(claim.id()).second) << claim.id() << " twice";
      EXPECT_TRUE(text.ends_with('.') && !text.ends_with("..")) << text;
      EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << text;
      EXPECT_EQ(text.find("  "), std::string::npos) << text;
      EXPECT_FALSE(claim.does_not_say().empty()) << claim.id();
      for (const std::string& part : {claim.scope().device, claim.scope().compute_capability, claim.scope().driver})
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
    }
  }
}

TEST(PublishedClaimsTest, OnlyNativeProvenRecordsExecute) {
  for (const fs::path& folder : published_bundles()) {
    const auto bundle = evidence::VerifiedBundle::open(folder);
    ASSERT_TRUE(bundle) << bundle.error().message;
    std::map<std::string, evidence::VerifiedRecord> records;
    for (const auto& one : bundle->report().records) records.emplace(one.record.id(), one);
    std::size_t capabilities = 0;
    for (const SupportedClaim& claim : Guardrail(catalogue()).judge(*bundle).supported) {
      for (const std::string& id : claim.records()) ASSERT_TRUE(records.contains(id)) << claim.id() << ": " << id;
      if (claim.kind() != ClaimKind::capability) continue;
      ++capabilities;
      ASSERT_EQ(claim.records().size(), 1u);
      const auto& one = records.at(claim.records().front());
      EXPECT_EQ(one.derived.verdict, evidence::Verdict::proven) << claim.id();
      EXPECT_EQ(one.record.image, evidence::ImageKind::native) << claim.id();
      EXPECT_EQ("executes." + one.record.gate, claim.id());
    }
    EXPECT_EQ(capabilities, bundle->report().verdicts.at(evidence::Verdict::proven)) << folder;
  }
}

TEST(PublishedClaimsTest, EveryEditedImageTellsItsEdit) {
  std::size_t edited = 0;
  for (const SupportedClaim& claim : judge_folder(results() / "h100" / "all-gates").supported) {
    if (claim.kind() != ClaimKind::patched) continue;
    ++edited;
    EXPECT_TRUE(std::regex_search(claim.sentence(),
                                  std::regex("after an (ELF arch-field rewrite|image edit).* [0-9]+ bytes? \\(offset")))
        << claim.sentence();
    EXPECT_NE(claim.sentence().find("machine code"), std::string::npos) << claim.sentence();
    EXPECT_TRUE(claim.sentence().ends_with("and shows no capability.")) << claim.sentence();
  }
  EXPECT_EQ(edited, 15u);
}

TEST(PublishedClaimsTest, TheH100IsProvenWhereItIsAndUnprovenWhereItIsNot) {
  const Judgement judgement = judge_folder(results() / "h100" / "all-gates");
  for (const char* id :
       {"executes.control.copy", "executes.control.arithmetic", "executes.control.mma_bf16", "executes.tma.load",
        "executes.tma.multicast", "executes.tma.reduce", "executes.mma.fp8", "executes.wgmma.bf16", "unproven.tcgen05",
        "unproven/mma.fp4", "walk.tcgen05", "profile.agrees"})
    EXPECT_NE(supported(judgement, id), nullptr) << said(judgement, id);
  EXPECT_EQ(
      said(judgement, "executes.tma.multicast"),
      "On an NVIDIA H100 80GB HBM3 (compute capability 9.0, driver 580.159.04), a tensor-map copy multicast to several "
      "CTAs of a cluster executes correctly when assembled for sm_90a by nvJitLink 13.0: 14 cases, 19712 words equal "
      "to the oracle under a fresh challenge, 5 controls ok.");
  EXPECT_EQ(
      said(judgement, "executes.tcgen05.alloc"),
      "refused: gate tcgen05.alloc is refused: assembler refused: Instruction 'tcgen05.alloc' not supported on .target "
      "'sm_90a'");
}

TEST(PublishedClaimsTest, OfTheFirstRunItIsSaidWhatWasNotImplementedYet) {
  const Judgement judgement = judge_folder(results() / "h100" / "first-gates");
  EXPECT_EQ(said(judgement, "executes.tcgen05.alloc"), "refused: gate tcgen05.alloc is not-run: not implemented");
  EXPECT_EQ(said(judgement, "refuses/wgmma.bf16@sm_100a"),
            "refused: control home_target is not-run: the text itself may be at fault");
  EXPECT_NE(supported(judgement, "executes.wgmma.bf16"), nullptr);
}

}  // namespace
}  // namespace assay::reports
