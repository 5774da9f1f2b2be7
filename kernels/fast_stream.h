// Many challenge bits quickly: SplitMix64 over a counter, its start drawn from the challenge.
//
// A matrix of 4096 x 4096 takes 9 MB of challenge bits, and a verifier makes all of them again for every record; at two
// digests a microsecond that would be most of its time. What the challenge must ensure is that an answer cannot have
// been stored beforehand. For that 64 bits that nobody knew are enough: whoever knows the nonce can compute any stream
// anyway. The mix is Steele, Lea and Flood's (OOPSLA 2014), as in java.util.SplittableRandom; word i does not depend on
// the words before it, so the loop becomes vector instructions. Tested by tests/kernels/fast_stream_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/gate/challenge_stream.h"

namespace assay::kernels {

class FastStream {
 public:
  explicit FastStream(std::uint64_t start) : state_(start) {}
  /// A stream of the challenge by its label.
  FastStream(const gate::Seed& seed, std::string_view label) : state_(start_of(seed, label)) {}

  std::uint64_t next() { return mix(state_ += kStep); }
  /// Uniform in [0, n) but for 2^-32 of it, which a comparison of elements does not feel.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32) * n >> 32); }
  void fill(std::span<std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      const std::uint64_t word = next();
      for (std::size_t j = i; j < bytes.size() && j < i + 8; ++j)
        bytes[j] = static_cast<std::uint8_t>(word >> (8 * (j - i)));
    }
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  static std::uint64_t start_of(const gate::Seed& seed, std::string_view label) {
    gate::ChallengeStream stream(seed, label);
    const std::uint64_t low = stream.next();
    return low | std::uint64_t{stream.next()} << 32;
  }

  std::uint64_t state_;
};

}  // namespace assay::kernels
