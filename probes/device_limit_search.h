// The largest size that works, found with few questions.
//
// A limit usually is where the driver says it is, so the guess and its neighbour are asked first and, if they disagree
// with it, steps double away from the guess until a working and a refused size enclose the limit; then bisection. With
// a right guess that is two questions, and never more than the caller's limit. Tested by
// tests/probes/device_limit_search_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>

#include "harness/base/result.h"

namespace assay::probes {

/// `works` worked (or is the assumed lower end), `refused` was refused (or is the assumed upper end). The limit is
/// exactly `works` if they are neighbours.
struct Bracket {
  std::uint64_t works = 0, refused = 0;
  bool exact() const { return refused - works == 1; }
};

/// Narrows the bracket by asking `holds(size)` (a Result<bool>; its error ends the search) at most `questions` times.
template <class Holds>
Result<Bracket> find_limit(Bracket bracket, std::uint64_t guess, int questions, Holds holds) {
  bool worked = false, was_refused = false;
  std::uint64_t stride = 1, next = guess;
  while (!bracket.exact() && questions-- > 0) {
    const std::uint64_t size = std::clamp(next, bracket.works + 1, bracket.refused - 1);
    const Result<bool> held = holds(size);
    if (!held) return held.error();
    (*held ? worked : was_refused) = true;
    (*held ? bracket.works : bracket.refused) = size;
    if (worked && was_refused) {
      next = bracket.works + (bracket.refused - bracket.works) / 2;
    } else if (worked) {
      next = bracket.works + stride;
    } else {
      next = bracket.refused > stride ? bracket.refused - stride : 0;
    }
    stride *= 2;
  }
  return bracket;
}

}  // namespace assay::probes
