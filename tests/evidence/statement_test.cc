#include "harness/evidence/statement.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/ledger.h"
#include "tests/evidence/signed_bundle.h"

namespace assay::evidence {
namespace {

class StatementTest : public testing::Test {
 protected:
  void SetUp() override {
    write_bundle(bundle(), signed_records(), signed_artifacts());
    report_ = verify_bundle(bundle());
  }
  std::filesystem::path bundle() const { return folder_.path() / "bundle"; }
  std::string digest_of_file(std::string_view name) const { return digest_of(read_text(bundle() / name)); }

  TemporaryFolder folder_;
  VerifyReport report_;
};

TEST_F(StatementTest, IsAboutTheManifestAndEveryImage) {
  const Json statement = make_statement(report_, no_claims());
  EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement["predicateType"], "urn:assay:gate-run:1");
  const std::string cubin = digest_of("a cubin");
  EXPECT_EQ(statement["subject"],
            Json::array({{{"name", "manifest.json"}, {"digest", {{"sha256", digest_of_file("manifest.json")}}}},
                         {{"name", "artifacts/" + cubin}, {"digest", {{"sha256", cubin}}}}}));
}

TEST_F(StatementTest, NamesEveryPartAndSumsUpTheRecords) {
  const Json predicate = make_statement(report_, some_claims())["predicate"];
  const std::string ledger = read_text(bundle() / kLedgerFile);
  const std::size_t last = ledger.rfind('\n', ledger.size() - 2) + 1;
  const Json expected = {
      {"schema", "gate-run/1"},
      {"tool", good_environment()["tool"]},
      {"challenge_sha256", digest_of_file("challenge.json")},
      {"environment_sha256", digest_of_file("environment.json")},
      {"rules_sha256", digest_of_file("rules.json")},
      {"record_count", 2},
      {"chain_head", digest_of(ledger.substr(last, ledger.size() - 1 - last))},
      {"scope",
       {{"device", "NVIDIA H100 80GB HBM3"},
        {"compute_capability", "9.0"},
        {"driver", "580.159.04"},
        {"driver_library", "system"},
        {"toolchain", {"nvJitLink 13.0"}}}},
      {"summary",
       {{"by_class", {{"driver-signal", 1}, {"real-execution", 1}}}, {"by_verdict", {{"proven", 1}, {"reported", 1}}}}},
      {"catalogue_sha256", digest_of("catalogue")},
      {"claims", some_claims()["claims"]},
      {"refused", some_claims()["refused"]}};
  EXPECT_EQ(predicate, expected) << Json::diff(expected, predicate);
}

TEST_F(StatementTest, IsTheSameEachTime) {
  EXPECT_EQ(*canonical_json(make_statement(report_, no_claims())),
            *canonical_json(make_statement(verify_bundle(bundle()), no_claims())));
}

TEST_F(StatementTest, OfNoDeviceSaysSo) {
  report_.environment.device.reset();
  report_.environment.driver.reset();
  const Json scope = make_statement(report_, no_claims())["predicate"]["scope"];
  EXPECT_EQ(scope["device"], "");
  EXPECT_EQ(scope["driver"], "");
  EXPECT_EQ(scope["driver_library"], "none");
}

TEST_F(StatementTest, ClaimsAreFoundInItOrThereAreNone) {
  EXPECT_EQ(claims_in(make_statement(report_, some_claims())), some_claims());
  EXPECT_EQ(claims_in(Json::array()), no_claims());
  EXPECT_EQ(claims_in({{"predicate", 1}}), no_claims());
  EXPECT_EQ(claims_in({{"predicate", {{"claims", "all"}}}}), no_claims());
}

TEST_F(StatementTest, NamesThePlaceOfADifference) {
  const Json statement = make_statement(report_, no_claims());
  EXPECT_EQ(first_difference(statement, statement), "");
  EXPECT_EQ(first_difference(statement, Json::array()), "/");
  Json other = statement;
  other["predicate"]["summary"]["by_verdict"]["proven"] = 2;
  EXPECT_EQ(first_difference(statement, other), "/predicate/summary/by_verdict/proven");
}

}  // namespace
}  // namespace assay::evidence
