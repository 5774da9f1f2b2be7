#include "reports/lint/sarif.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/json.h"

namespace assay::lint {
namespace {

Finding finding(std::size_t line, std::string sentence, std::string justification = "") {
  return {Rule::silicon, "docs/x.md", {line, 3}, "says so", std::move(sentence), std::move(justification)};
}

Json results(const std::vector<Finding>& all) { return to_sarif(all, "1.2.3").at("runs").at(0).at("results"); }
std::string fingerprint(const Json& result) { return result.at("partialFingerprints").at("assayLint/v1"); }

TEST(SarifTest, NamesToolRulesAndPlace) {
  const Json log = to_sarif(std::vector{finding(7, "GB10 lacks TMEM.")}, "1.2.3");
  EXPECT_EQ(log.at("version"), "2.1.0");
  const Json& driver = log.at("runs").at(0).at("tool").at("driver");
  EXPECT_EQ(driver.at("version"), "1.2.3");
  std::set<std::string> ids;
  for (const Json& rule : driver.at("rules")) ids.insert(rule.at("id").get<std::string>());
  EXPECT_EQ(ids.size(), rule_texts().size());
  const Json& result = log.at("runs").at(0).at("results").at(0);
  EXPECT_EQ(result.at("ruleId"), "CL006");
  EXPECT_EQ(driver.at("rules").at(result.at("ruleIndex").get<std::size_t>()).at("id"), "CL006");
  const Json& place = result.at("locations").at(0).at("physicalLocation");
  EXPECT_EQ(place.at("artifactLocation").at("uri"), "docs/x.md");
  EXPECT_EQ(place.at("region"), Json({{"startLine", 7}, {"startColumn", 3}}));
  EXPECT_TRUE(result.at("suppressions").empty());
}

TEST(SarifTest, KeepsAFingerprintWhenLinesMove) {
  const Json before = results({finding(7, "A."), finding(8, "B.")}),
             after = results({finding(70, "A."), finding(71, "B.")});
  EXPECT_EQ(fingerprint(before.at(0)), fingerprint(after.at(0)));
  EXPECT_NE(fingerprint(before.at(0)), fingerprint(before.at(1)));
}

TEST(SarifTest, TellsEqualSentencesApartByTheirOrder) {
  const Json twice = results({finding(7, "A."), finding(9, "A.")});
  EXPECT_NE(fingerprint(twice.at(0)), fingerprint(twice.at(1)));
}

TEST(SarifTest, SaysWhyAQuotationIsSuppressed) {
  const Json result = results({finding(7, "A.", "said by others")}).at(0);
  EXPECT_EQ(result.at("suppressions"), Json::array({{{"kind", "inSource"}, {"justification", "said by others"}}}));
}

}  // namespace
}  // namespace assay::lint
