// The challenge of a run: a number that nobody knew before, from which every gate's inputs are made.
//
// An answer stored from an earlier run, or a kernel that does nothing, cannot look right under a fresh challenge. A
// challenge that the operator issued to himself ("self") shows that outputs were computed for this run; it shows
// nothing about time. One that a verifier issued says that the run took place after it, and which gates had to be asked
// how often (issued_challenge.h). Its bytes are the head of the ledger's hash chain, so records cannot be moved under
// another one. Tested by tests/evidence/challenge_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/digest.h"
#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/utc.h"

namespace assay::evidence {

struct Challenge {
  static constexpr std::string_view kSchema = "challenge/2";
  static constexpr std::string_view kFirstSchema = "challenge/1";  ///< Without `gates` and `max_attempts`.

  Digest nonce{};      ///< 32 random bytes.
  std::string issuer;  ///< "self", or the key id of the verifier that issued it.
  std::string issued_utc;
  std::string expires_utc;
  std::string purpose;             ///< One line for people.
  std::vector<std::string> gates;  ///< Each must have been asked. Empty: all; of a self-issued one: as the run likes.
  std::int64_t max_attempts = 0;   ///< No attempt has a higher number; 0: as many as the run likes.
  bool operator==(const Challenge&) const = default;
};

/// "self": issued by the operator himself.
inline constexpr std::string_view kSelfIssued = "self";

/// A fresh self-issued challenge, valid from `now` for `lifetime`.
Challenge make_challenge(std::string purpose, std::chrono::sys_seconds now = utc_now(),
                         std::chrono::seconds lifetime = std::chrono::hours(24));

Json to_json(const Challenge&);
/// Strict: unknown or missing field, a bad nonce or time, an expiry not after the issue, a gate named twice, is an
/// error that names the field. Reads both schemas.
Result<Challenge> challenge_from_json(const Json&, std::string_view where);

}  // namespace assay::evidence
