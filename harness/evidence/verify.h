// Verification of a bundle: is it whole, unchanged, consistent, and labelled as the rules label it?
//
// Works offline, without a GPU, in one pass over the files. An intact bundle may still prove nothing: a run in which
// every gate was refused is as intact as one in which every gate is proven, and what the records amount to is told
// beside it. What remains open, and is printed by whoever renders a report: the holder of the machine can write a
// wholly consistent bundle by computing the right answers elsewhere. Tested by tests/evidence/verify_test.cc and
// tests/evidence/forgery_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/digest.h"
#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/environment.h"
#include "harness/evidence/finding.h"
#include "harness/evidence/record.h"
#include "harness/evidence/trust.h"

namespace assay::evidence {

/// What one case must show, computed again from the challenge.
struct CaseDigests {
  std::string name;
  std::int64_t compared = 0;  ///< Words or elements.
  std::string inputs_sha256;
  std::string expected_sha256;
  bool exact = true;              ///< Compared bit for bit.
  std::string observed_if_right;  ///< What observed_sha256 is if an exact case agreed.
};

/// The cases of a record, computed again. `known_version` false: this build has no such gate at this version, so
/// nothing can be said.
struct Recomputed {
  bool known_version = false;
  std::vector<CaseDigests> cases;
};
using Recompute = std::function<Result<Recomputed>(const Record&, const Digest& nonce)>;

/// What an edit is said to have left of the native build's code, against the two images: empty if it is so.
using CompareImages = std::function<std::string(const ImageEdit&, std::string_view image, std::string_view native)>;

/// The bytes of an artifact of the record by its role; empty if it names none, or it is not there.
using KeptArtifact = std::function<std::string(std::string_view role)>;

/// Whether what a record says of its native image can be so: empty if it can.
using CheckImage = std::function<std::string(const Record&, const KeptArtifact&)>;

/// The bytes of an artifact by its digest; empty if it is not there.
using ReadArtifact = std::function<std::string(std::string_view digest)>;

/// Whether a record says of its gate what that gate's row says: instruction, texts, prerequisites. Empty if it does, or
/// if the row of that version is not known.
using CheckGate = std::function<std::string(const Record&, const ReadArtifact&)>;

/// Whether there is such a gate at this version, so that its records can be made again.
using KnowsGate = std::function<bool(std::string_view gate, std::int64_t version)>;

/// The named attempts that every run has of a gate on a device of this target. Empty: it has none, or is not known.
using Variants =
    std::function<std::vector<std::string>(std::string_view gate, std::int64_t version, std::string_view target)>;

/// The ids of the gates that every run labelled by these rules has records of; empty for rules that nobody here knows.
using GateSet = std::function<std::vector<std::string>(std::string_view rules)>;

class VerifiedBundle;
/// What a bundle supports and what not, as a signed statement holds it: {"catalogue_sha256", "claims", "refused"}. A
/// function of records, rules, challenge and environment alone, so that signer and verifier get the same.
using MakeClaims = std::function<Json(const VerifiedBundle&)>;

struct VerifyOptions {
  Recompute recompute;           ///< Empty: digests of cases are not checked.
  CompareImages compare_images;  ///< Empty: the likeness of edited images is not checked.
  CheckImage check_image;        ///< Empty: native images are not looked into.
  GateSet gate_set;              ///< Empty: a shortened list of gates is not noticed.
  Variants variants;             ///< Empty: a named attempt that was left out is not noticed.
  CheckGate check_gate;          ///< Empty: records are not held against the gate table.
  KnowsGate knows_gate;          ///< Empty: bundles of gates that nobody here knows are taken as they are.
  MakeClaims claims;             ///< Empty: the claims of a signed statement are not made again.
  std::optional<TrustFile>
      trust;                     ///< Absent: a signature is held against the bundle's own key, and vouches for nothing.
  std::string challenge_sha256;  ///< The challenge that the bundle must answer; empty: any.
};

struct VerifiedRecord {
  Record record;
  Derived derived;  ///< Computed here; the writer's own if the rule set is unknown.
};

/// How many records were looked at again from the challenge.
struct Recount {
  std::size_t agreed = 0;          ///< Every case has the digests it must have.
  std::size_t not_recomputed = 0;  ///< Gate version unknown to this build, or no recomputer was given.
};

/// How far a bundle's signatures go.
enum class Trust {
  self_attested,  ///< Not signed, or by nobody whom the reader trusts.
  by_operator,    ///< Signed by a trusted operator; the challenge may be of his own.
  independent     ///< And by a trusted verifier with another key, who issued the challenge.
};

/// One good signature on a bundle.
struct Signature {
  std::string keyid;  ///< SHA-256 of the DER SubjectPublicKeyInfo, hex.
  std::string role;   ///< As the trust file says it: "operator", "verifier"; empty if not trusted.
  std::string owner;  ///< As the trust file says it.
};

struct Attestation {
  Trust trust = Trust::self_attested;
  bool is_signed = false;
  std::vector<Signature> signatures;
  /// One sentence for every report: how far it goes, and why no further.
  std::string line =
      "self-attested, not independently verified: whoever holds the machine can write a consistent bundle";
  std::string statement_sha256;        ///< Of what is signed; empty if nothing is.
  bool claims_not_recomputed = false;  ///< The statement's claims are of a catalogue that this build does not have.
};

/// Digests of the parts of a bundle, by which a statement names them.
struct PartDigests {
  std::string challenge, environment, rules;
  std::string chain_head;  ///< Of the ledger's last line.
};

struct VerifyReport {
  bool intact = false;            ///< No findings.
  std::vector<Finding> findings;  ///< In the order in which they were met.
  std::vector<VerifiedRecord> records;
  std::map<Verdict, std::size_t> verdicts;  ///< How many records of each.
  std::size_t labels_not_recomputed = 0;    ///< Records whose rule set this build does not know.
  Recount cases;                            ///< Records that have cases.
  std::vector<Finding> unfit;               ///< Why an intact bundle is not to be published from; empty if it may be.
  std::optional<Challenge> challenge;
  RunRules rules;
  Environment environment;
  PartDigests parts;
  Attestation attestation;      ///< Who says so.
  std::string manifest_sha256;  ///< By which the bundle is known; empty if it was never sealed.
};

VerifyReport verify_bundle(const std::filesystem::path& folder, const VerifyOptions& options = {});

}  // namespace assay::evidence
