// Writes a bundle (bundle.h). What it is given is redacted before it is hashed, so every digest is that of bytes which
// may be published. Tested by tests/evidence/bundle_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/record.h"
#include "harness/evidence/redact.h"

namespace assay::evidence {

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
