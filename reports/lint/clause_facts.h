// The meanings that the rules ask of a clause, each a short question. Tested by tests/lint/rules_test.cc.
#pragma once

#include "reports/lint/clauses.h"

namespace assay::lint {

class ClauseFacts;

/// What the clauses before have left: whose subjects a clause without an agent of its own speaks of.
struct Context {
  const TaggedWords& tagged;
  Tags before;        ///< Subjects of earlier sentences, for a pronoun.
  Tags earlier = {};  ///< Subjects of earlier clauses of this sentence.
  Tags agent = {};    ///< The last agent.
  std::set<std::string_view> devices = {};
  bool excused = false;    ///< The clause before was excused.
  bool inquiry = false;    ///< The clause before asks or plans.
  std::size_t clause = 0;  ///< How many clauses came before.

  void follow(const ClauseFacts&);
};

class ClauseFacts {
 public:
  ClauseFacts(const Clause&, const Context&);

  // What it is about.
  bool has_subject() const { return device_ || target_ || feature_; }
  bool names_several() const { return has(Tag::scope); }

  // What excuses it whole.
  bool excused() const;

  // Meanings beyond any bundle.
  bool locked_metadata() const;
  bool supported_modified_driver() const;
  bool emulated_as_hardware() const;
  bool states_figure() const;
  bool states_performance() const;
  bool unlocks() const;
  bool edited_result() const;
  bool silicon_stance() const;
  bool transfers() const;
  bool compares() const;
  bool absence_stance() const;

  /// A device or a feature is said to do something, or something is said to have come right on a device.
  bool claims_capability() const;
  /// One of the frames that say nothing of a device.
  bool harmless() const;

  const Clause& clause() const { return clause_; }
  const Tags& agent() const { return agent_; }

 private:
  bool has(Tag tag) const { return lint::has(clause_.tags, tag); }
  bool agent_is(Tag tag) const { return lint::has(agent_, tag); }
  bool verb_is(Tag) const;
  bool negated() const;
  bool negated_before(Tag) const;
  bool says(Tag) const;
  bool is_fragment() const { return !clause_.verb && !clause_.head; }
  bool is_imperative() const;
  bool agent_harmless() const;

  bool has_presence() const;
  bool missing_feature() const;
  bool is_definition() const;
  bool passive_of(Tag) const;
  bool next_to(Tag first, Tag second, std::size_t within) const;
  bool plan() const;
  bool denies_feature() const;
  bool locked_text() const;
  bool on_device() const;
  bool names_device();
  std::size_t first(Tag) const;

  const Clause& clause_;
  const Context& context_;
  Tags agent_;
  bool device_ = false, target_ = false, feature_ = false, generic_ = false;
  bool carried_device_ = false;  ///< The device is one of an earlier clause or sentence.
};

}  // namespace assay::lint
