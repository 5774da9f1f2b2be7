// Timing in turns: every contestant is a graph, and one replay of each makes a round.
//
// A single launch cannot be timed, and a loop of launches times the host that makes them. So the launches of one pass
// over all copies are captured into a graph, repeated within it until a replay lasts about a millisecond. The clock of
// a GPU drifts with its temperature and its power, so kernel, plain read and peer are never timed one after the other
// but round by round, and all of them see the same clocks. Tested by tests/bench/turns_test.cc with a scripted device.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/device.h"

namespace assay::kernels::bench {

/// `pass` is a sequence that holds `launches` of what is timed.
struct Contestant {
  std::string name;
  std::vector<cuda::Work> pass;
  std::int64_t launches = 0;
};

struct TurnOptions {
  std::int64_t samples = 15;             ///< Rounds.
  std::int64_t replay_ns = 1'000'000;    ///< A replay lasts at least about this.
  std::int64_t warm_up_ns = 20'000'000;  ///< Replays before the first sample, at least two.
};

struct Timed {
  std::vector<std::int64_t> samples_ns;  ///< Of one replay each, in order.
  std::int64_t launches = 0;             ///< In one replay.
  std::int64_t warmups = 0;              ///< Replays before the first sample.
};

/// One entry a contestant, in their order. `between` is called before the first round and after each.
Result<std::vector<Timed>> time_in_turns(cuda::Device&, std::span<const Contestant>, const TurnOptions&,
                                         const std::function<void()>& between);

/// How often a pass is repeated in a graph, so that it lasts `wanted_ns`; from 1 to a bound of nodes that every driver
/// instantiates quickly.
std::int64_t repeats_for(std::int64_t pass_ns, std::int64_t wanted_ns, std::int64_t nodes_a_pass);

}  // namespace assay::kernels::bench
