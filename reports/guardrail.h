// The guardrail: from a verified bundle and the catalogue to sentences that may be published, and to refusals with the
// first thing that is missing.
//
// Nothing else can make a SupportedClaim; a renderer that takes one cannot print a sentence that somebody typed, and
// code that tries to construct one does not compile (tests/reports/must_not_compile). Denial is the default: a claim is
// refused until its records say otherwise. The rules in words: docs/claims.md. Tested by
// tests/reports/guardrail_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verified_bundle.h"
#include "reports/claims.h"

namespace assay::reports {

/// What a sentence is true of; a claim is no wider.
struct Scope {
  std::string device;              ///< "NVIDIA H100 80GB HBM3"; empty where only a toolchain was asked.
  std::string compute_capability;  ///< "9.0"
  std::string driver;              ///< "580.159.04"
  std::string assembler;           ///< "nvJitLink 13.0"
  std::string target;              ///< "sm_90a"; empty for device questions.
  bool operator==(const Scope&) const = default;
};

/// A sentence that its bundle carries.
class SupportedClaim final {
 public:
  /// "executes.tma.multicast"; of a family with the instance: "accepts/tcgen05.alloc@sm_100a".
  const std::string& id() const { return id_; }
  ClaimKind kind() const { return kind_; }
  /// The class and level of the evidence behind it.
  evidence::EvidenceClass evidence_class() const { return class_; }
  evidence::Level level() const { return level_; }
  const Scope& scope() const { return scope_; }
  /// One plain-text sentence with its scope, ending in a full stop.
  const std::string& sentence() const { return sentence_; }
  const std::vector<std::string>& does_not_say() const { return does_not_say_; }
  /// Ids of the records that it rests on.
  const std::vector<std::string>& records() const { return records_; }

 private:
  friend class Guardrail;
  SupportedClaim() = default;

  std::string id_;
  ClaimKind kind_ = ClaimKind::method;
  evidence::EvidenceClass class_ = evidence::EvidenceClass::driver_signal;
  evidence::Level level_ = evidence::Level::none;
  Scope scope_;
  std::string sentence_;
  std::vector<std::string> does_not_say_;
  std::vector<std::string> records_;
};

struct RefusedClaim {
  std::string id;
  std::string subject;
  std::string missing;  ///< The first missing thing, one line: "gate tcgen05.alloc is refused: assembler refused: ...".
};

struct Judgement {
  std::vector<SupportedClaim> supported;  ///< In the order of the catalogue, instances in the order of the records.
  std::vector<RefusedClaim> refused;
};

class Guardrail {
 public:
  explicit Guardrail(std::vector<Claim> catalogue) : catalogue_(std::move(catalogue)) {}
  /// Every claim of the catalogue, supported or refused. Of an emulated bundle none is supported.
  Judgement judge(const evidence::VerifiedBundle&) const;

 private:
  std::vector<Claim> catalogue_;
};

/// {"catalogue_sha256", "claims": [{id, class, level, sentence, does_not_say, scope, records}], "refused": [{id,
/// missing}]}, as a signed statement and `assay claims --json` hold it.
Json to_json(const Judgement&, std::string_view catalogue_sha256);

}  // namespace assay::reports
