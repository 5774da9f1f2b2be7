// A sentence as the rules see it: clauses, each with who acts, what the verb is and which families occur in it.
//
// This is no parser of English. It splits where a new statement begins, finds a finite verb by the words around it, and
// takes as agent the last noun before the first preposition in front of that verb: "the driver of the H100 refuses" is
// said of a driver. Where it cannot tell, the agent has no tags and the rules deny. Tested by
// tests/lint/clauses_test.cc.
#pragma once

#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "reports/lint/lexicon.h"

namespace assay::lint {

struct Clause {
  std::vector<std::size_t> words;       ///< Indices of the sentence's words.
  Tags tags;                            ///< Everything that occurs.
  std::set<std::string_view> devices;   ///< Models that are named, by any name or target.
  std::set<std::string_view> features;  ///< Feature families that are named.
  std::optional<std::size_t> verb;      ///< Position in `words` of the first finite verb.
  std::optional<std::size_t> head;      ///< Word index of the agent's head noun.
  Tags agent;                           ///< What the agent's head is.
  bool takes_over = false;              ///< Has no agent of its own: the clause before, or a pronoun, says who acts.
  bool conditional = false;             ///< Begins with if, whether, unless, until.
  bool complement = false;              ///< Follows "that" of the clause before.
  bool aside = false;                   ///< Stood in parentheses.
};

/// `tagged` is one sentence.
std::vector<Clause> clauses_of(const TaggedWords& tagged);

}  // namespace assay::lint
