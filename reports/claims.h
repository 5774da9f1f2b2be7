// The catalogue of claims: what may be said in public, as data, one file a claim.
//
// A claim file says what is spoken of, which records it needs and what it does not say. It does not choose its verb:
// the sentence is made by the guardrail (guardrail.h) from the claim's kind and from what the records amount to. Kinds
// whose sentences are as many as there are records or measurements of a sort are families: one file, an instance each.
// Files and kinds in words: docs/claims.md. Tested by tests/reports/claims_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/embedded_text.h"
#include "harness/base/result.h"
#include "reports/profile_texts.h"

namespace assay::reports {

/// What sort of sentence a claim is, and so which evidence can carry it.
enum class ClaimKind {
  query,           ///< The driver reports values (E1).
  limit,           ///< A limit was measured: the driver's word and what held when it was used (E1, device question).
  capability,      ///< An instruction executes correctly (proven).
  accepts,         ///< Family: a named assembler accepts a gate's text for a target (E2).
  refuses,         ///< Family: a named assembler refuses a gate's text for a target. Of software, never of silicon.
  loads,           ///< Family: the driver loads an unmodified image (E3).
  driver_refuses,  ///< Family: the driver refuses an image or a text. Of software, never of silicon.
  patched,         ///< Family: an edited image was loaded or ran; the edit is always told, and never a capability.
  walk,            ///< Staged refusals of several gates, each on record.
  method,          ///< A statement about method that needs no evidence.
  unproven,        ///< A capability is not proven by this bundle; refused where it is.
  profile,         ///< Observed values agree with a device model's profile.
  correctness,     ///< Family: a kernel computes right (proven).
  throughput       ///< Family: a kernel's speed, beside correctness of the same launch.
};
/// "driver-refuses", as claim files spell it.
std::string_view word(ClaimKind);
/// What a person reads above sentences of this kind: "Executes correctly".
std::string_view heading(ClaimKind);
/// What a claim of this kind rests on, in one line: "a proven record at the device's own target".
std::string_view needs(ClaimKind);

/// One measured value that a claim speaks of.
struct Quantity {
  std::string key;  ///< Of the measurement; "{target}" stands for the device's own target.
  std::string of;   ///< What the value is of, read after it: "of dynamic shared memory in one block".
};

struct Claim {
  static constexpr std::string_view kSchema = "claim/1";

  std::string id;  ///< "executes.tma.multicast", also the file's name; never renamed or reused.
  ClaimKind kind = ClaimKind::method;
  bool family = false;  ///< One file, a sentence for each record or gate: instances are called "ID/KEY".
  std::string subject;  ///< What is spoken of, as a noun phrase: "a tensor-map copy to several CTAs of a cluster".
  std::vector<std::string> gates;         ///< Whose records it rests on; of a family, of which gates (all if empty).
  std::vector<Quantity> measurements;     ///< Of a query or limit, in the order in which they are told.
  std::vector<std::string> does_not_say;  ///< Each a clause: "anything about another device, driver or target".
};

/// The claim with this id, or the family of which this is an instance ("accepts/tma.load@sm_90a"); null if neither.
const Claim* find_claim(std::span<const Claim>, std::string_view id);

/// Reads one file; `name`, the file's, starts every message and must be the id with ".json". Strict.
Result<Claim> parse_claim(std::string_view text, std::string_view name);
/// The claims that are built in, by file name. They are the project's own, so an error is a fault of the build.
Result<std::vector<Claim>> builtin_claims();
/// Digest of a catalogue and of the profiles that its sentences compare a device with, by which a signed statement
/// names what it was made with.
std::string catalogue_sha256(std::span<const Claim>, std::span<const EmbeddedText> profiles = profile_texts());

}  // namespace assay::reports
