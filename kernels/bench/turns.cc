#include "kernels/bench/turns.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace assay::kernels::bench {
namespace {

constexpr std::int64_t kMostNodes = 4096;

/// A captured graph, forgotten with its owner.
class Replay {
 public:
  static Result<Replay> capture(cuda::Device& device, std::span<const cuda::Work> sequence) {
    const Result<cuda::Graph> graph = device.capture(sequence);
    if (!graph) return graph.error();
    return Replay(device, *graph);
  }
  Replay(Replay&& other) noexcept : device_(std::exchange(other.device_, nullptr)), graph_(other.graph_) {}
  Replay& operator=(Replay&&) = delete;
  ~Replay() {
    if (device_ != nullptr) device_->forget(graph_);
  }
  Result<std::int64_t> once() { return device_->replay(graph_); }

 private:
  Replay(cuda::Device& device, cuda::Graph graph) : device_(&device), graph_(graph) {}
  cuda::Device* device_;
  cuda::Graph graph_;
};

/// A contestant with the graph that is its sample.
struct Runner {
  Replay replay;
  Timed timed;
};

std::vector<cuda::Work> repeated(const std::vector<cuda::Work>& pass, std::int64_t times) {
  std::vector<cuda::Work> sequence;
  for (std::int64_t i = 0; i < times; ++i) sequence.insert(sequence.end(), pass.begin(), pass.end());
  return sequence;
}

/// The second replay of one pass: the first also uploads the graph.
Result<std::int64_t> pass_time(cuda::Device& device, const Contestant& contestant) {
  // Outside a graph first: a library may load code or allocate at its first call, which no capture allows.
  if (Status queued = device.enqueue(contestant.pass.front()); !queued) return queued.error();
  if (Status done = device.synchronize(); !done) return done.error();
  Result<Replay> one = Replay::capture(device, contestant.pass);
  if (!one) return one.error();
  if (auto first = one->once(); !first) return first.error();
  return one->once();
}

Result<Runner> prepare(cuda::Device& device, const Contestant& contestant, const TurnOptions& options) {
  if (contestant.pass.empty()) return Error{contestant.name + ": nothing to time"};
  const Result<std::int64_t> pass_ns = pass_time(device, contestant);
  if (!pass_ns) return pass_ns.error();
  const std::int64_t times =
      repeats_for(*pass_ns, options.replay_ns, static_cast<std::int64_t>(contestant.pass.size()));
  Result<Replay> replay = Replay::capture(device, repeated(contestant.pass, times));
  if (!replay) return replay.error();
  return Runner{*std::move(replay), {.samples_ns = {}, .launches = contestant.launches * times, .warmups = 0}};
}

Status warm_up(Runner& runner, std::int64_t wanted_ns) {
  constexpr std::int64_t kFewest = 2, kMost = 1000;
  for (std::int64_t spent = 0; runner.timed.warmups < kFewest || (spent < wanted_ns && runner.timed.warmups < kMost);) {
    const Result<std::int64_t> took = runner.replay.once();
    if (!took) return took.error();
    spent += *took;
    ++runner.timed.warmups;
  }
  return ok();
}

Status one_round(std::vector<Runner>& runners) {
  for (Runner& runner : runners) {
    const Result<std::int64_t> took = runner.replay.once();
    if (!took) return took.error();
    runner.timed.samples_ns.push_back(*took);
  }
  return ok();
}

}  // namespace

std::int64_t repeats_for(std::int64_t pass_ns, std::int64_t wanted_ns, std::int64_t nodes_a_pass) {
  const std::int64_t wanted = (wanted_ns + std::max<std::int64_t>(pass_ns, 1) - 1) / std::max<std::int64_t>(pass_ns, 1);
  const std::int64_t most = kMostNodes / std::max<std::int64_t>(nodes_a_pass, 1);
  return std::max<std::int64_t>(1, std::min(wanted, most));
}

Result<std::vector<Timed>> time_in_turns(cuda::Device& device, std::span<const Contestant> contestants,
                                         const TurnOptions& options, const std::function<void()>& between) {
  std::vector<Runner> runners;
  for (const Contestant& contestant : contestants) {
    Result<Runner> runner = prepare(device, contestant, options);
    if (!runner) return runner.error();
    runners.push_back(*std::move(runner));
  }
  for (Runner& runner : runners)
    if (Status warm = warm_up(runner, options.warm_up_ns); !warm) return warm.error();
  between();
  for (std::int64_t round = 0; round < options.samples; ++round) {
    if (Status done = one_round(runners); !done) return done.error();
    between();
  }
  std::vector<Timed> all;
  for (Runner& runner : runners) all.push_back(std::move(runner.timed));
  return all;
}

}  // namespace assay::kernels::bench
