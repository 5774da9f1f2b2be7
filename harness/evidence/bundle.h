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

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/record.h"
#include "harness/evidence/redact.h"

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

class BundleWriter {
 public:
  /// Makes the folder (which must be new or empty) with challenge.json and an empty ledger in it. No redactor: the
  /// bundle is marked private. The redactor must outlive the writer.
  static Result<BundleWriter> create(const std::filesystem::path& folder, const Challenge&, const Redactor*);
  /// The same for a verifier's challenge, which is kept byte by byte.
  static Result<BundleWriter> create(const std::filesystem::path& folder, const IssuedChallenge&, const Redactor*);

  /// Keeps the bytes and returns their digest as kept: text is redacted first. Error: a binary that holds what must not
  /// be published, which cannot be edited without changing what it is.
  Result<std::string> add_artifact(std::string_view bytes);
  Result<std::string> add_artifact(std::span<const std::byte> bytes);
  /// Redacts, labels and writes the record. Where it names an artifact by the digest of the bytes that were handed in,
  /// the digest of the bytes that were kept is put in its place.
  Result<Derived> append(Record);
  /// An object; `schema` and `private` are added.
  void set_environment(Json environment) { environment_ = std::move(environment); }
  void set_gates(std::vector<RequiredGate> gates) { rules_.gates = std::move(gates); }
  /// Seals the bundle and returns the digest of its manifest, by which it is known.
  Result<std::string> finish();
  /// Marks the bundle as partial: it stays unsealed.
  Status interrupt(int signal) { return ledger_.interrupted(signal); }

 private:
  BundleWriter(std::filesystem::path folder, Ledger ledger, const Redactor* redactor)
      : folder_(std::move(folder)), ledger_(std::move(ledger)), redactor_(redactor) {}
  static Result<BundleWriter> begin(const std::filesystem::path& folder, std::string_view challenge, const Redactor*);
  Result<std::string> keep(std::string_view bytes);
  void point_to_kept_artifacts(Record&) const;
  Result<Json> environment_document() const;

  std::filesystem::path folder_;
  Ledger ledger_;
  const Redactor* redactor_;
  Json environment_ = Json::object();
  RunRules rules_;
  std::map<std::string, std::string> kept_;  ///< Digest of the bytes handed in to that of the bytes kept.
};

}  // namespace assay::evidence
