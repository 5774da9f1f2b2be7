// The stream of challenge bits that a gate's inputs are made of.
//
// seed = HKDF-SHA256(ikm = nonce, salt = "assay-inputs/1", info = gate 00 target 00 attempt), RFC 5869;
// key = HMAC-SHA256(seed, label); block i of the stream = SHA-256(key || i as 64-bit little-endian). Everything is
// integer arithmetic written here, because std:: distributions differ between libraries and a verifier must get the
// same bits. Tested by tests/gate/challenge_stream_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::gate {

using Seed = std::array<std::byte, 32>;

/// The seed of one gate, target and attempt (attempt as decimal text, from 1).
Seed derive_seed(std::span<const std::byte> nonce, std::string_view gate, std::string_view target,
                 std::string_view attempt = "1");

class ChallengeStream {
 public:
  /// Streams of one seed with different labels are independent ("inputs", "poison", "guard").
  ChallengeStream(const Seed& seed, std::string_view label);

  std::uint32_t next();  ///< 32 uniform bits.
  /// Uniform in [0, n) by rejection, so without bias. n > 0.
  std::uint32_t below(std::uint32_t n);
  /// Uniform in [low, high], inclusive.
  std::int32_t between(std::int32_t low, std::int32_t high);
  void fill(std::span<std::byte> bytes);
  std::vector<std::byte> bytes(std::size_t count);

 private:
  void refill();
  Seed key_;
  std::uint64_t block_ = 0;
  std::array<std::byte, 32> buffer_{};
  std::size_t used_ = 32;
};

}  // namespace assay::gate
