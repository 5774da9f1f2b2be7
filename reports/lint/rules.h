// What the linter holds against a sentence. Denial is the default: a sentence that joins a subject (a device, a target,
// a feature) with a predicate is refused, unless what it says is known to be harmless. Rules in words: docs/lint.md.
// Tested by tests/lint/sentences_test.cc and rules_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reports/lint/clauses.h"

namespace assay::lint {

enum class Rule : std::uint8_t {
  differs,        ///< CL001
  no_bundle,      ///< CL002
  refused_claim,  ///< CL003
  unlock,         ///< CL004
  parity,         ///< CL005
  silicon,        ///< CL006
  edit,           ///< CL007
  performance,    ///< CL008
  emulated,       ///< CL009
  locked,         ///< CL010
  untagged,       ///< CL011
  suppression,    ///< CL012
  attestation,    ///< CL014; CL013 (a claim that went stale) is not given, see docs/lint.md.
  count
};

struct RuleText {
  std::string_view id;       ///< "CL006"
  std::string_view name;     ///< "silicon"
  std::string_view finding;  ///< "says that silicon has or lacks something"
  std::string_view remedy;   ///< What to do.
};
const RuleText& text_of(Rule);
std::span<const RuleText> rule_texts();

/// A sentence and what came before it in its paragraph, from which "it" takes its subject.
struct SentenceView {
  const TaggedWords* tagged = nullptr;
  bool question = false;
  bool whole = true;  ///< Ends with a mark and is no cell of a table.

  Tags before;  ///< Subjects of the sentences before.
};

/// The first rule that a sentence breaks. It is judged as untagged text.
std::optional<Rule> judge(const SentenceView&);

/// The subjects that a sentence names: what "it" in the next one may mean.
Tags subjects_of(const TaggedWords&);

}  // namespace assay::lint
