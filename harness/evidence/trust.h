// Whom the reader of bundles trusts: a file of his own, never one that came with a bundle.
//
// A key is listed with what its owner may vouch for: an operator ran the gates, a verifier issued challenges and
// computed oracles again, a publisher released a report. One key has one role, so nobody is his own verifier. Keys are
// held as 32 bytes, and the key id beside them is computed again, so that a slip of the editor cannot trust another key
// than the one that is named. Tested by tests/evidence/trust_test.cc.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/ed25519.h"

namespace assay::evidence {

enum class Role { operator_, verifier, publisher };
std::string_view word(Role);
Result<Role> parse_role(std::string_view);

struct TrustedKey {
  PublicKey key;
  Role role = Role::operator_;
  std::string owner;       ///< One line, for people.
  std::string not_before;  ///< The key speaks of runs from here on,
  std::string not_after;   ///< and up to here.
  bool revoked = false;    ///< It speaks of nothing any more.

  /// Why it does not speak of a run that took place from `first` to `last`; empty if it does.
  std::string why_not(std::string_view first, std::string_view last) const;
};

/// An element of `keys` in a trust file.
Json to_json(const TrustedKey&);

struct TrustFile {
  static constexpr std::string_view kSchema = "trust/1";
  std::vector<TrustedKey> keys;

  /// The keys alone, in the same order.
  std::vector<PublicKey> public_keys() const;
};

/// Strict; refuses a key id that is not its key's, a key listed twice, a key under which anybody can sign.
Result<TrustFile> trust_from_json(const Json&, std::string_view where);
Result<TrustFile> load_trust(const std::filesystem::path&);

}  // namespace assay::evidence
