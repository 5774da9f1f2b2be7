#include "reports/lint/sarif.h"

#include <map>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/json.h"

namespace assay::lint {
namespace {

Json rules() {
  Json all = Json::array();
  for (const RuleText& rule : rule_texts())
    all.push_back({{"id", rule.id},
                   {"name", rule.name},
                   {"shortDescription", {{"text", rule.finding}}},
                   {"help", {{"text", rule.remedy}}},
                   {"defaultConfiguration", {{"level", "error"}}}});
  return all;
}

Json result_of(const Finding& finding, int occurrence) {
  const RuleText& rule = text_of(finding.rule);
  const std::string key =
      fmt::format("{}\n{}\n{}\n{}\n{}", rule.id, finding.path, finding.message, finding.sentence, occurrence);
  const std::string quoted = finding.sentence.empty() ? "" : fmt::format(": \"{}\"", finding.sentence);
  Json result = {{"ruleId", rule.id},
                 {"ruleIndex", static_cast<std::int64_t>(&rule - rule_texts().data())},
                 {"level", "error"},
                 {"message", {{"text", fmt::format("{}{}; {}", finding.message, quoted, rule.remedy)}}},
                 {"locations",
                  {{{"physicalLocation",
                     {{"artifactLocation", {{"uri", finding.path}}},
                      {"region", {{"startLine", finding.at.line}, {"startColumn", finding.at.column}}}}}}}},
                 {"partialFingerprints", {{"assayLint/v1", hex(sha256(key))}}}};
  result["suppressions"] = Json::array();
  if (finding.suppressed())
    result["suppressions"].push_back({{"kind", "inSource"}, {"justification", finding.justification}});
  return result;
}

}  // namespace

Json to_sarif(std::span<const Finding> findings, std::string_view version) {
  Json results = Json::array();
  std::map<std::string, int> seen;
  for (const Finding& finding : findings)
    results.push_back(result_of(
        finding, seen[fmt::format("{}\n{}\n{}", finding.path, static_cast<int>(finding.rule), finding.sentence)]++));
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs",
           {{{"tool", {{"driver", {{"name", "assay lint"}, {"version", version}, {"rules", rules()}}}}},
             {"columnKind", "unicodeCodePoints"},
             {"results", results}}}}};
}

}  // namespace assay::lint
