#include "kernels/bench/measure.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/bench/plain_read.h"
#include "kernels/bench/watch.h"

namespace assay::kernels::bench {
namespace {

constexpr std::byte kPoison{0xff};

using Bytes = std::vector<std::byte>;

/// A placed workload with the work of one pass over its copies, and the output that was found right.
class Subject {
 public:
  Subject(cuda::Device& device, const Workload& workload, Placement placement)
      : device_(device), workload_(workload), placement_(std::move(placement)) {}

  const Placement& placement() const { return placement_; }
  Placement& placement() { return placement_; }
  const Opinion& opinion() const { return opinion_; }
  std::vector<cuda::Work> pass;

  /// Empty: every copy's output is right. Else why not.
  Result<std::string> judge(Oracle& oracle) {
    if (Status s = run_poisoned(); !s) return s.error();
    const Result<Bytes> first = output(0);
    if (!first) return first.error();
    Result<Opinion> opinion = oracle.judge(*first);
    if (!opinion) return opinion.error();
    opinion_ = *std::move(opinion);
    if (!opinion_.complaint.empty()) return opinion_.complaint;
    right_ = *first;
    return differing();
  }
  /// Empty: what was right before is there again, after the timing and over fresh poison.
  Result<std::string> judge_again() {
    Result<std::string> left = differing();
    if (!left || !left->empty()) return left;
    if (Status s = run_poisoned(); !s) return s.error();
    Result<std::string> again = differing();
    if (!again || !again->empty()) return again;
    return workspace_complaint();
  }

 private:
  Status run_poisoned() {
    if (Status filled = placement_.fill(workload_.output, kPoison); !filled) return filled;
    for (const cuda::Work& work : pass)
      if (Status queued = device_.enqueue(work); !queued) return queued;
    return device_.synchronize();
  }
  Result<Bytes> read(std::size_t array, std::int64_t copy) {
    Bytes bytes(workload_.arrays[array].bytes);
    if (Status s = device_.read(placement_.at(array, copy), bytes); !s) return s.error();
    return bytes;
  }
  Result<Bytes> output(std::int64_t copy) { return read(workload_.output, copy); }

  Result<std::string> differing() {
    for (std::int64_t copy = 0; copy < placement_.copies_of(workload_.output); ++copy) {
      const Result<Bytes> other = output(copy);
      if (!other) return other.error();
      const auto [mine, theirs] = std::ranges::mismatch(right_, *other);
      if (mine == right_.end()) continue;
      return fmt::format("the same inputs gave other bits: copy {}, byte {}", copy, mine - right_.begin());
    }
    return std::string();
  }
  Result<std::string> workspace_complaint() {
    if (!workload_.workspace) return std::string();
    const Result<Bytes> bytes = read(*workload_.workspace, 0);
    if (!bytes) return bytes.error();
    const auto left = std::ranges::find_if(*bytes, [](std::byte one) { return one != std::byte{0}; });
    if (left == bytes->end()) return std::string();
    return fmt::format("the workspace was not left zeroed: byte {}", left - bytes->begin());
  }

  cuda::Device& device_;
  const Workload& workload_;
  Placement placement_;
  Opinion opinion_;
  Bytes right_;
};

Result<Subject> place(const Workload& workload, const MeasureTools& tools) {
  Result<Placement> placement = Placement::place(tools.device, workload, tools.rotate_bytes);
  if (!placement) return placement.error();
  return Subject(tools.device, workload, *std::move(placement));
}

Result<Subject> place_kernel(const Workload& workload, const MeasureTools& tools) {
  Result<Subject> subject = place(workload, tools);
  if (!subject) return subject;
  Result<std::vector<cuda::Work>> pass = subject->placement().one_pass();
  if (!pass) return pass.error();
  subject->pass = *std::move(pass);
  return subject;
}

Result<Subject> place_peer(const Peer& peer, const MeasureTools& tools) {
  Result<Subject> subject = place(*peer.workload, tools);
  if (!subject) return subject;
  for (std::int64_t copy = 0; copy < subject->placement().copies(); ++copy)
    subject->pass.push_back(peer.work(subject->placement(), copy));
  return subject;
}

/// The first peer that is right, or why the last one does not run. What it cannot do is no failure of the kernel's.
class PeerSubject {
 public:
  PeerSubject(std::span<const Peer> peers, Oracle& oracle, const MeasureTools& tools) {
    for (const Peer& peer : peers) {
      name_ = peer.name;
      why_not_ = prepare(peer, oracle, tools);
      if (why_not_.empty()) return;
      subject_.reset();
    }
  }
  bool asked() const { return !name_.empty(); }
  bool runs() const { return subject_.has_value(); }
  Contestant contestant() const { return {name_, subject_->pass, subject_->placement().copies()}; }
  Beside refusal() const { return {.name = name_, .spread = {}, .timed = {}, .why_not = why_not_}; }

  /// Fills in why there is no figure after all, if the output is not what it was.
  Status judge_again(Beside& figure) {
    const Result<std::string> wrong = subject_->judge_again();
    if (!wrong) return wrong.error();
    if (!wrong->empty()) figure.why_not = "after timing: " + *wrong;
    return ok();
  }

 private:
  std::string prepare(const Peer& peer, Oracle& oracle, const MeasureTools& tools) {
    Result<Subject> placed = place_peer(peer, tools);
    if (!placed) return placed.error().message;
    subject_.emplace(*std::move(placed));
    const Result<std::string> wrong = subject_->judge(oracle);
    if (!wrong) return wrong.error().message;
    return wrong->empty() ? "" : "before timing: " + *wrong;
  }

  std::string name_, why_not_;
  std::optional<Subject> subject_;
};

Beside beside(const Contestant& contestant, Timed timed) {
  const Spread spread = spread_of(timed.samples_ns, timed.launches);
  return {.name = contestant.name, .spread = spread, .timed = std::move(timed), .why_not = {}};
}

std::int64_t per_second(std::int64_t amount, std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return 0;
  return std::llround(static_cast<double>(amount) * 1e9 / static_cast<double>(nanoseconds));
}

evidence::Performance performance_of(const Workload& workload, const Measured& measured) {
  evidence::Performance performance;
  performance.samples = static_cast<std::int64_t>(measured.timed.samples_ns.size());
  performance.warmups = measured.timed.warmups;
  performance.median_ns = measured.spread.median;
  performance.spread_ns = measured.spread.deviation;
  performance.bytes = workload.bytes;
  performance.operations = workload.operations;
  performance.launch = describe(workload.steps);
  performance.floor = "plain read of the same bytes";
  performance.floor_ns = measured.plain_read.spread.median;
  return performance;
}

Measured without_figure(Measured measured, std::string why) {
  measured.why_not = std::move(why);
  return measured;
}

void note_subject(const Subject& subject, std::int64_t rotate_bytes, Measured& measured) {
  measured.fits_caches = subject.placement().stride() * subject.placement().copies() < rotate_bytes;
  measured.copies = subject.placement().copies();
  measured.operand_copies = subject.placement().operand_copies();
  measured.relative_error = subject.opinion().relative_error;
  measured.worst = subject.opinion().worst;
}

// The order of the contestants.
constexpr std::size_t kKernel = 0, kRead = 1, kReadOfAll = 2, kPeer = 3;

Result<std::vector<Contestant>> line_up(const Subject& subject, const PlainRead& read, const PeerSubject& peer) {
  std::vector<Contestant> contestants{{"kernel", subject.pass, subject.placement().copies()}};
  for (const Result<Contestant>& one : {read.of_copies(subject.placement()), read.of_all(subject.placement())}) {
    if (!one) return one.error();
    contestants.push_back(*one);
  }
  if (peer.runs()) contestants.push_back(peer.contestant());
  return contestants;
}

void note_times(const std::vector<Contestant>& contestants, std::vector<Timed> timed, const Placement& placement,
                Measured& measured) {
  measured.timed = std::move(timed[kKernel]);
  measured.spread = spread_of(measured.timed.samples_ns, measured.timed.launches);
  measured.plain_read = beside(contestants[kRead], std::move(timed[kRead]));
  const Spread whole = spread_of(timed[kReadOfAll].samples_ns, timed[kReadOfAll].launches);
  measured.read_bytes_per_second = per_second(placement.stride() * placement.copies(), whole.median);
  if (contestants.size() > kPeer) measured.peer = beside(contestants[kPeer], std::move(timed[kPeer]));
}

Status note_peer(PeerSubject& peer, Measured& measured) {
  if (!peer.asked()) return ok();
  if (peer.runs()) return peer.judge_again(*measured.peer);
  measured.peer = peer.refusal();
  return ok();
}

}  // namespace

std::int64_t permille(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return 0;
  return std::llround(1000.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::int64_t byte_floor_ns(const Measured& measured) {
  return per_second(measured.performance.bytes, measured.read_bytes_per_second);
}

Result<Measured> check(const Workload& workload, Oracle& oracle, cuda::Device& device) {
  const MeasureTools tools{.device = device};
  Measured measured;
  Result<Subject> subject = place_kernel(workload, tools);
  if (!subject) return subject.error();
  const Result<std::string> wrong = subject->judge(oracle);
  if (!wrong) return wrong.error();
  note_subject(*subject, tools.rotate_bytes, measured);
  if (!wrong->empty()) return without_figure(measured, *wrong);
  const Result<std::string> wrong_again = subject->judge_again();
  if (!wrong_again) return wrong_again.error();
  return wrong_again->empty() ? measured : without_figure(measured, "a second launch: " + *wrong_again);
}

Result<Measured> measure(const Workload& workload, Oracle& oracle, std::span<const Peer> peers,
                         const MeasureTools& tools, const TurnOptions& options) {
  Measured measured;
  Result<Subject> subject = place_kernel(workload, tools);
  if (!subject) return subject.error();
  const Result<std::string> wrong = subject->judge(oracle);
  if (!wrong) return wrong.error();
  note_subject(*subject, tools.rotate_bytes, measured);
  if (!wrong->empty()) return without_figure(measured, "before timing: " + *wrong);

  PeerSubject other(peers, oracle, tools);
  const Result<PlainRead> read = PlainRead::load(tools.device, tools.plain_read);
  if (!read) return read.error();
  const Result<std::vector<Contestant>> contestants = line_up(*subject, *read, other);
  if (!contestants) return contestants.error();
  Watch watch(tools.nvml);
  Result<std::vector<Timed>> timed = time_in_turns(tools.device, *contestants, options, [&watch] { watch.look(); });
  if (!timed) return timed.error();

  const Result<std::string> wrong_after = subject->judge_again();
  if (!wrong_after) return wrong_after.error();
  if (!wrong_after->empty()) return without_figure(measured, "after timing: " + *wrong_after);
  note_times(*contestants, *std::move(timed), subject->placement(), measured);
  if (Status s = note_peer(other, measured); !s) return s.error();
  const Result<std::int64_t> copied = copy_bandwidth(tools.device, subject->placement());
  if (!copied) return copied.error();
  measured.copy_bytes_per_second = *copied;
  measured.performance = performance_of(workload, measured);
  watch.stamp(measured.performance);
  return measured;
}

}  // namespace assay::kernels::bench
