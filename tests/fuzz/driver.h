// Runs damaged inputs through a reader: counts them, watches for hangs, and names the input that a failure happened in.
//
//   PROGRAM COUNT SEED                  inputs 0 to COUNT - 1 of this seed
//   PROGRAM --seconds N SEED            as many as N seconds hold, 1000 at least
//   PROGRAM --image NUMBER SEED FILE    writes that input, to be looked at
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"

namespace assay::fuzz {

/// What is fuzzed, and how its results are summed up.
struct Subject {
  std::string program;  ///< For messages.
  std::function<Image(std::uint64_t number, std::uint64_t seed)> image_of;
  /// Runs every reader; what they promise and do not keep ends up in `breach`.
  std::function<void(const Image&, std::string& breach)> run;
  /// One line about what was reached.
  std::function<std::string()> summary;
  /// Damage that every reader refuses, or none does, would test nothing.
  std::function<bool()> is_telling;
};

/// The program's exit status.
int drive(const Subject&, const std::vector<std::string>& words);

/// Input `number` depends on the seed and the number alone.
Random random_of(std::uint64_t number, std::uint64_t seed);

}  // namespace assay::fuzz
