#include "harness/evidence/verify.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/ledger.h"
#include "tests/evidence/forger.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

/// A small bundle, since every byte of it is touched in turn.
class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    Record record = good_record();
    record.artifacts["log"] = digest_of("a log");
    write_bundle(bundle(), {good_question(), record}, {"a log"});
  }
  fs::path bundle() const { return folder_.path() / "bundle"; }
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(bundle())) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  TemporaryFolder folder_;
};

TEST_F(VerifyTest, RefusesAFlipOfEveryByteOfEveryFile) {
  ASSERT_EQ(files().size(), 6u);
  for (const fs::path& file : files()) {
    const std::string good = read_text(file);
    ASSERT_FALSE(good.empty());
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      write_text(file, bad);
      ASSERT_FALSE(verify_bundle(bundle()).intact) << file << " at " << i;
    }
    write_text(file, good);
  }
  EXPECT_TRUE(verify_bundle(bundle()).intact);
}

/// Where a ledger of two lines and an end was cut.
std::string place_of_cut(std::string_view text, std::size_t size) {
  const std::size_t first = text.find('\n') + 1, second = text.find('\n', first) + 1;
  if (size < first) return "before the first record";
  return size < second ? "after record 1 (device.query#1)" : "after record 2 (tma.load@sm_90a#1)";
}

TEST_F(VerifyTest, RefusesACutOfEveryFileAtEveryByte) {
  for (const fs::path& file : files()) {
    const std::string good = read_text(file);
    for (std::size_t size = 0; size < good.size(); ++size) {
      write_text(file, std::string_view(good).substr(0, size));
      const VerifyReport report = verify_bundle(bundle());
      ASSERT_FALSE(report.intact) << file << " at " << size;
      if (file.filename() == kLedgerFile) {
        ASSERT_THAT(messages(report), ElementsAre("gates.jsonl: truncated " + place_of_cut(good, size))) << size;
      }
    }
    write_text(file, good);
  }
  EXPECT_TRUE(verify_bundle(bundle()).intact);
}

TEST_F(VerifyTest, OfARunThatWasKilledNamesTheLastWholeRecord) {
  const fs::path file = bundle() / kLedgerFile;
  const std::string good = read_text(file);
  for (const char* unwritten : {"manifest.json", "rules.json", "environment.json"}) fs::remove(bundle() / unwritten);
  for (std::size_t size = 0; size < good.size(); size += 7) {
    write_text(file, std::string_view(good).substr(0, size));
    ASSERT_THAT(messages(verify_bundle(bundle())), ElementsAre("gates.jsonl: truncated " + place_of_cut(good, size)));
  }
}

TEST_F(VerifyTest, SaysNotRecomputedOfUnknownRules) {
  forge_document(bundle(), "rules.json", [](Json& rules) { rules["rules"] = "rules/7"; });
  forge_lines(bundle(), [](Lines& lines) {
    lines[0]["derived"]["rules"] = lines[1]["derived"]["rules"] = "rules/7";
    lines[1]["derived"]["verdict"] = "unresolved";
  });
  const VerifyReport report = verify_bundle(bundle());
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_TRUE(report.intact);
  EXPECT_EQ(report.labels_not_recomputed, 2u);
  EXPECT_EQ(report.records[1].derived.verdict, Verdict::unresolved);
  EXPECT_THAT(report.unfit, ElementsAre(Finding{"rules-version", "rules.json",
                                                "'rules/7' is unknown to this build; use a build that knows it"}));
}

TEST_F(VerifyTest, WhatNobodyHereKnowsIsUnfitToPublish) {
  const auto unfit = [&](const KnowsGate& knows) {
    VerifyOptions options;
    options.knows_gate = knows;
    const VerifyReport report = verify_bundle(bundle(), options);
    EXPECT_TRUE(report.intact);
    return report.unfit;
  };
  EXPECT_THAT(unfit({}), IsEmpty());
  EXPECT_THAT(unfit([](std::string_view, std::int64_t version) { return version == 1; }), IsEmpty());
  EXPECT_THAT(unfit([](std::string_view gate, std::int64_t) { return gate == "device.query"; }),
              ElementsAre(Finding{"gate-version", "rules.json",
                                  "gate 'tma.load', version 1, is unknown to this build, which can make none of its "
                                  "oracles and texts again; use a build that knows it"}));
}

TEST_F(VerifyTest, AnEditLeadsFromTheBuiltImageToTheOneThatWasHandedOver) {
  const auto findings = [&](Record record) {
    const fs::path folder = folder_.path() / ("edit-" + std::to_string(record.edit->bytes.front().is) + record.variant);
    write_bundle(folder, {std::move(record)}, {built_image(), edited_image()});
    return messages(verify_bundle(folder));
  };
  EXPECT_THAT(findings(patched_record()), IsEmpty());
  {
    const fs::path folder = folder_.path() / "likeness";
    write_bundle(folder, {patched_record()}, {built_image(), edited_image()});
    const auto compare = [](const ImageEdit& edit, std::string_view image, std::string_view) {
      EXPECT_EQ(image, edited_image());
      return edit.code == Likeness::identical ? std::string("it is different") : std::string();
    };
    EXPECT_THAT(messages(verify_bundle(folder, {.recompute = {}, .compare_images = compare})),
                ElementsAre("gates.jsonl:1: it is different"));
  }
  Record other = patched_record();
  other.edit->bytes.front().is = 91;
  EXPECT_THAT(findings(other),
              ElementsAre("gates.jsonl:1: the edited bytes do not lead from the built image to the one "
                          "that was handed over"));
  Record wrong_start = patched_record();
  wrong_start.edit->bytes.front().was = 101;
  wrong_start.variant = "wrong-start";
  EXPECT_THAT(findings(wrong_start), ElementsAre("gates.jsonl:1: the built image has no byte 101 at 49"));
  Record not_kept = patched_record();
  not_kept.artifacts.erase("built");
  not_kept.variant = "not-kept";
  EXPECT_THAT(findings(not_kept), ElementsAre("gates.jsonl:1: the built image has no byte 100 at 49"));
}

TEST_F(VerifyTest, OfAMissingFolderSaysSo) {
  const VerifyReport report = verify_bundle(folder_.path() / "nowhere");
  EXPECT_FALSE(report.intact);
  EXPECT_THAT(messages(report), ElementsAre("gates.jsonl: truncated before the first record"));
}

Recompute answering(Recomputed answer) {
  return [answer](const Record&, const Digest& nonce) -> Result<Recomputed> {
    EXPECT_EQ(nonce, good_challenge().nonce);
    return answer;
  };
}

Recomputed right_digests() {
  return {.known_version = true,
          .cases = {{.name = "mask 3",
                     .compared = 4096,
                     .inputs_sha256 = digest_of("inputs"),
                     .expected_sha256 = digest_of("expected"),
                     .exact = true,
                     .observed_if_right = digest_of("observed")}}};
}

TEST_F(VerifyTest, RecomputesCasesFromTheChallenge) {
  const VerifyReport report = verify_bundle(bundle(), {.recompute = answering(right_digests())});
  EXPECT_THAT(messages(report), IsEmpty());
  EXPECT_EQ(report.cases.agreed, 1u);
  EXPECT_EQ(report.cases.not_recomputed, 0u);
}

TEST_F(VerifyTest, CountsWhatItCannotRecomputeAndCallsItNoForgery) {
  for (const Recompute& recompute : {Recompute(), answering(Recomputed{})}) {
    const VerifyReport report = verify_bundle(bundle(), {.recompute = recompute});
    EXPECT_TRUE(report.intact);
    EXPECT_EQ(report.cases.agreed, 0u);
    EXPECT_EQ(report.cases.not_recomputed, 1u);
  }
}

TEST_F(VerifyTest, RefusesDigestsThatDoNotFollowFromTheChallenge) {
  const auto refusal = [&](const std::function<void(Recomputed&)>& change) {
    Recomputed answer = right_digests();
    change(answer);
    return messages(verify_bundle(bundle(), {.recompute = answering(answer)}));
  };
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases[0].name = "mask 4"; }),
              ElementsAre("gates.jsonl:2: case 'mask 3': the gate's own is called 'mask 4'"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases[0].compared = 64; }),
              ElementsAre("gates.jsonl:2: case 'mask 3': 4096 words compared, the gate compares 64"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases[0].inputs_sha256 = digest_of("x"); }),
              ElementsAre("gates.jsonl:2: case 'mask 3': inputs are not those of the challenge"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases[0].expected_sha256 = digest_of("x"); }),
              ElementsAre("gates.jsonl:2: case 'mask 3': expected output is not the oracle's"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases[0].observed_if_right = digest_of("x"); }),
              ElementsAre("gates.jsonl:2: case 'mask 3': no mismatches, but the output is not the oracle's"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases.push_back(r.cases[0]); }),
              ElementsAre("gates.jsonl:2: 1 cases, the gate has 2"));
  EXPECT_THAT(refusal([](Recomputed& r) { r.cases.clear(); }), ElementsAre("gates.jsonl:2: 1 cases, the gate has 0"));
  EXPECT_THAT(refusal([](Recomputed& r) {
                r.cases[0].exact = false;
                r.cases[0].observed_if_right = "";
              }),
              IsEmpty());
}

TEST_F(VerifyTest, RefusesMismatchesOfARightOutput) {
  forge_record(bundle(), 1, [](Record& record) {
    record.cases[0].mismatches = 1;
    record.stage(Stage::verify).status = StageStatus::failed;
  });
  EXPECT_THAT(messages(verify_bundle(bundle(), {.recompute = answering(right_digests())})),
              ElementsAre("gates.jsonl:2: case 'mask 3': output is the oracle's, but mismatches are counted"));
}

TEST_F(VerifyTest, PassesOnWhyNothingCouldBeRecomputed) {
  const Recompute failing = [](const Record&, const Digest&) -> Result<Recomputed> {
    return Error{.message = "no oracle"};
  };
  EXPECT_THAT(messages(verify_bundle(bundle(), {.recompute = failing})), ElementsAre("gates.jsonl:2: no oracle"));
}

}  // namespace
}  // namespace assay::evidence
