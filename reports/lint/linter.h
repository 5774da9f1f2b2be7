// One document through all rules: its untagged sentences, its claim markers, its quotations.
// Tested by tests/lint/linter_test.cc.
#pragma once

#include <string>
#include <vector>

#include "reports/lint/claim_text.h"
#include "reports/lint/document.h"
#include "reports/lint/markers.h"
#include "reports/lint/rules.h"

namespace assay::lint {

struct Finding {
  Rule rule = Rule::untagged;
  std::string path;
  Position at;
  std::string message;             ///< A clause: "says that silicon has or lacks something".
  std::string sentence;            ///< As it was read, in one line; empty where none is meant.
  std::string justification = {};  ///< Of a finding inside a quotation: its reason. Such a finding fails nothing.
  bool suppressed() const { return !justification.empty(); }
};

/// "docs/x.md:3:1: CL006: says that ...: "GB10 lacks ..."; say ...".
std::string to_string(const Finding&);

struct LintOptions {
  std::string today;   ///< "2026-11-27": by it a quotation has expired or not.
  ClaimSource claims;  ///< Without it every bundle is one that was not found.
};

class Linter {
 public:
  Linter(Lexicon lexicon, LintOptions options) : lexicon_(std::move(lexicon)), options_(std::move(options)) {}

  /// In the order of the file.
  std::vector<Finding> lint(const std::string& path, std::string_view file) const;

  /// The file with the sentence behind each claim's marker, and the list inside each claims:begin that names ids, as
  /// the bundles carry them; what no bundle carries stays as it is.
  std::string write(const std::string& path, std::string_view file) const;

  /// The rule that a sentence by itself breaks.
  std::optional<Rule> judge_sentence(std::string_view sentence) const;

 private:
  Lexicon lexicon_;
  LintOptions options_;
};

}  // namespace assay::lint
