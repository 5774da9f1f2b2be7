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

#include "harness/base/result.h"

namespace assay::reports {

/// What sort of sentence a claim is, and so which evidence can carry it.
enum class ClaimKind {
  query,        ///< The driver reports values (E1).
  limit,        ///< A limit was measured: the driver's word and what held when it was used (E1, device question).
  capability,   ///< An instruction executes correctly (proven).
  accepts,      ///< Family: a named assembler accepts a gate's text for a target (E2).
  refuses,      ///< Family: a named assembler or driver refuses a text or an image. Of software, never of silicon.
  patched,      ///< Family: an edited image was loaded or ran; always "after an ELF arch-field rewrite" or the like.
  walk,         ///< Staged refusals of several gates, each on record.
  method,       ///< A statement about method that needs no evidence.
  unproven,     ///< A capability is not proven by this bundle; refused where it is.
  profile,      ///< Observed values agree with a device model's profile.
  correctness,  ///< Family: a kernel computes right (proven).
  throughput    ///< Family: a kernel's speed, beside correctness of the same launch.
};
std::string_view word(ClaimKind);

struct Claim {
  static constexpr std::string_view kSchema = "claim/1";

  std::string id;  ///< "executes.tma.multicast"; never renamed or reused.
  ClaimKind kind = ClaimKind::method;
  std::string subject;  ///< What is spoken of, as a noun phrase: "a tensor-map copy to several CTAs of a cluster".
  std::vector<std::string> gates;         ///< Whose records it rests on; of a family, of which gates (all if empty).
  std::vector<std::string> measurements;  ///< Keys of a limit.
  std::vector<std::string> does_not_say;  ///< Each a clause: "anything about another device, driver or target".
};

/// Reads one file; `name` starts every message. Strict.
Result<Claim> parse_claim(std::string_view text, std::string_view name);
/// The claims that are built in, by file name. They are the project's own, so an error is a fault of the build.
Result<std::vector<Claim>> builtin_claims();
/// Digest of a catalogue, by which a signed statement names the one that it was made with.
std::string catalogue_sha256(std::span<const Claim>);

}  // namespace assay::reports
