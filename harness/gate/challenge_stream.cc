#include "harness/gate/challenge_stream.h"

#include <algorithm>
#include <string>

#include "harness/base/digest.h"

namespace assay::gate {

Seed derive_seed(std::span<const std::byte> nonce, std::string_view gate, std::string_view target,
                 std::string_view attempt) {
  std::string info(gate);
  info += '\0';
  info += target;
  info += '\0';
  info += attempt;
  return hkdf_sha256(nonce, "assay-inputs/1", info);
}

ChallengeStream::ChallengeStream(const Seed& seed, std::string_view label) : key_(hmac_sha256(seed, label)) {}

void ChallengeStream::refill() {
  std::array<std::byte, 40> block;
  std::copy(key_.begin(), key_.end(), block.begin());
  for (std::size_t i = 0; i < 8; ++i) block[32 + i] = static_cast<std::byte>(block_ >> (8 * i));
  buffer_ = sha256(block);
  ++block_;
  used_ = 0;
}

std::uint32_t ChallengeStream::next() {
  if (used_ == buffer_.size()) refill();
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits |= std::to_integer<std::uint32_t>(buffer_[used_++]) << (8 * i);
  return bits;
}

std::uint32_t ChallengeStream::below(std::uint32_t n) {
  // 2^32 mod n: as many of the lowest values are thrown away, so that the rest is a multiple of n.
  const std::uint32_t surplus = (0u - n) % n;
  std::uint32_t bits = next();
  while (bits < surplus) bits = next();
  return bits % n;
}

std::int32_t ChallengeStream::between(std::int32_t low, std::int32_t high) {
  const std::uint32_t count = static_cast<std::uint32_t>(high) - static_cast<std::uint32_t>(low) + 1;
  const std::uint32_t offset = count == 0 ? next() : below(count);
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(low) + offset);
}

void ChallengeStream::fill(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const std::uint32_t bits = next();
    for (std::size_t j = i; j < std::min(i + 4, bytes.size()); ++j)
      bytes[j] = static_cast<std::byte>(bits >> (8 * (j - i)));
  }
}

std::vector<std::byte> ChallengeStream::bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  fill(bytes);
  return bytes;
}

}  // namespace assay::gate
