// Deterministic damage to images: the same seed and number give the same bytes on every machine.
//
// Blind edits (bits, bytes, cuts, splices) find little in a format whose reader refuses early, so half of the edits
// know where the fields of an ELF image or a fatbin are, and give one of them a value at the edge of what fits. Tested
// by tests/fuzz/mutate_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::fuzz {

using Image = std::vector<std::byte>;

/// SplitMix64: small, fast, and its whole state is the seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to n - 1; 0 where n is 0.
  std::size_t below(std::size_t n);

 private:
  std::uint64_t state_;
};

/// A damaged copy of one of the seeds: one to six edits.
Image mutate(const std::vector<Image>& seeds, Random& random);

/// Where fields of a known layout begin, with their sizes in bytes; none where the image is of no known format.
struct Field {
  std::size_t offset = 0, size = 0;
};
std::vector<Field> fields_of(std::span<const std::byte> image);

}  // namespace assay::fuzz
