// A bundle: the folder that one run leaves, and nothing else in it.
//
//     challenge.json     written before anything else; its digest is the head of the ledger's chain
//     challenge.dsse.json  the same bytes as their verifier signed them; not there if the operator issued them himself
//     gates.jsonl        the ledger, a line a record
//     artifacts/SHA256   PTX, images and logs; the name is the digest of the bytes
//     environment.json   device, driver, toolchain, host, as the caller describes them
//     rules.json         the rule set, and the gates that a whole run has records of
//     manifest.json      path, size and digest of all of the above, written last: a folder without it is no bundle yet
//
// A signature (sign_bundle.h) lies beside the manifest, since it is over the manifest's digest.
// What the writer is given is redacted before it is hashed, so every digest is that of bytes which may be published.
// Tested by tests/evidence/bundle_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/derive.h"

namespace assay::evidence {

inline constexpr std::string_view kChallengeFile = "challenge.json";
inline constexpr std::string_view kChallengeEnvelopeFile = "challenge.dsse.json";
inline constexpr std::string_view kEnvironmentFile = "environment.json";
inline constexpr std::string_view kRulesFile = "rules.json";

/// A gate that a whole run has at least one record of, at this version.
struct RequiredGate {
  std::string gate;
  std::int64_t gate_version = 1;
  bool operator==(const RequiredGate&) const = default;
};

/// rules.json: by which rules the records are labelled, and of which gates there are records.
struct RunRules {
  static constexpr std::string_view kSchema = "run-rules/1";
  std::string rules{kRules};
  std::vector<RequiredGate> gates;
};
Json to_json(const RunRules&);
/// Strict; a gate named twice is an error.
Result<RunRules> run_rules_from_json(const Json&, std::string_view where);

}  // namespace assay::evidence
