// From a claim and a bundle to drafts of sentences, one function a kind.
//
// A draft is nothing that may be printed: only the guardrail turns its own drafts into supported claims, and it takes
// none from anybody else. What a function cannot draft it answers with the first thing that is missing. The rules in
// words: docs/claims.md. Tested by tests/reports/guardrail_test.cc.
#pragma once

#include <string>
#include <vector>

#include "reports/bundle_view.h"
#include "reports/claims.h"
#include "reports/guardrail.h"

namespace assay::reports {

/// One sentence with what it rests on.
struct Draft {
  std::string key;  ///< Of an instance of a family: "tma.load@sm_90a"; empty for a claim by itself.
  evidence::EvidenceClass evidence_class = evidence::EvidenceClass::driver_signal;
  evidence::Level level = evidence::Level::none;
  Scope scope;
  std::string sentence;
  std::vector<std::string> records;
};

/// Why there is no sentence.
struct Lack {
  std::string key;
  std::string what;
};

struct Drafts {
  std::vector<Draft> made;
  std::vector<Lack> lacks;
};

/// The claim by itself lacks this.
Drafts lacking(std::string what);
/// Of a family that found nothing to speak of: it lacks this.
Drafts or_lacking(Drafts, std::string what);

// draft_values.cc: what was read off a device.
Drafts draft_query(const Claim&, const BundleView&);
Drafts draft_limit(const Claim&, const BundleView&);
// draft_profile.cc
Drafts draft_profile(const Claim&, const BundleView&);
// draft_capability.cc: what executed.
Drafts draft_capability(const Claim&, const BundleView&);
Drafts draft_correctness(const Claim&, const BundleView&);
Drafts draft_throughput(const Claim&, const BundleView&);
// draft_software.cc: what assembler and driver said.
Drafts draft_accepts(const Claim&, const BundleView&);
Drafts draft_refuses(const Claim&, const BundleView&);
Drafts draft_loads(const Claim&, const BundleView&);
Drafts draft_driver_refuses(const Claim&, const BundleView&);
Drafts draft_patched(const Claim&, const BundleView&);
// draft_standing.cc: where the bundle stands as a whole.
Drafts draft_walk(const Claim&, const BundleView&);
Drafts draft_method(const Claim&, const BundleView&);
Drafts draft_unproven(const Claim&, const BundleView&);

}  // namespace assay::reports
