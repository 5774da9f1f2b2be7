// Keys that the tests of signatures share.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/base/digest.h"
#include "harness/evidence/ed25519.h"

namespace assay::evidence {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline PrivateKey key_of_seed(std::string_view seed_hex) { return *PrivateKey::from_seed(bytes_of(*unhex(seed_hex))); }

/// The same key for the same number, each time and on each machine.
inline PrivateKey test_key(int number) { return *PrivateKey::from_seed(sha256("test key " + std::to_string(number))); }

inline PrivateKey operator_key() { return test_key(1); }
inline PrivateKey verifier_key() { return test_key(2); }
inline PrivateKey stranger_key() { return test_key(3); }

}  // namespace assay::evidence
