#include "harness/cli/bench_quantize.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <span>

#include <fmt/format.h>

#include "harness/base/child.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/bench_peer_texts.h"
#include "harness/cli/terminal.h"
#include "kernels/artifact/parallel.h"
#include "kernels/nvfp4/rows.h"

namespace assay::cli {
namespace {

/// Elements that a thread takes at a time: what it holds as float32 stays in its second-level cache.
constexpr std::size_t kPiece = std::size_t{1} << 16;

/// Weights as trained ones look: a normal distribution, in BF16.
std::vector<std::uint16_t> draw(std::size_t count) {
  std::mt19937_64 engine(20260);
  std::normal_distribution<float> normal;
  std::vector<std::uint16_t> weights(count);
  for (std::uint16_t& weight : weights) weight = nvfp4::bf16_nearest(normal(engine));
  return weights;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class Contest {
 public:
  explicit Contest(const BenchQuantizeOptions& options)
      : options_(options),
        weights_(draw(static_cast<std::size_t>(options.outputs * options.inputs))),
        copy_(weights_.size()),
        codes_(weights_.size() / 2),
        scales_(weights_.size() / nvfp4::kBlock) {}

  std::vector<Timing> run() {
    std::vector<Timing> timings{{"copy", {}}, {"rtn", {}}, {"4o6", {}}, {"sweep", {}}};
    for (unsigned run = 0; run <= options_.runs; ++run) {
      const std::array<double, 4> took = {seconds_of([&] { copy(); }),
                                          seconds_of([&] { quantise(nvfp4::Method::rtn); }),
                                          seconds_of([&] { quantise(nvfp4::Method::four_over_six); }),
                                          seconds_of([&] { quantise(nvfp4::Method::sweep); })};
      if (run == 0) continue;  // The first touches the memory.
      for (std::size_t i = 0; i < took.size(); ++i) timings[i].seconds.push_back(took[i]);
    }
    for (Timing& one : timings) std::ranges::sort(one.seconds);
    return timings;
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(weights_)); }

 private:
  std::size_t pieces() const { return (weights_.size() + kPiece - 1) / kPiece; }
  std::span<const std::uint16_t> piece(std::size_t i) const {
    return std::span(weights_).subspan(i * kPiece, std::min(kPiece, weights_.size() - i * kPiece));
  }

  void copy() {
    (void)artifact::for_each_unit(pieces(), options_.threads, [&](std::size_t i) {
      std::memcpy(copy_.data() + i * kPiece, piece(i).data(), piece(i).size_bytes());
      return ok();
    });
  }

  /// From BF16 in memory to codes and scales in memory, the largest magnitude first, as a conversion does it.
  void quantise(nvfp4::Method method) {
    std::vector<float> largest(pieces());
    const auto widen = [&](std::size_t i) {
      thread_local std::vector<float> wide;
      wide.resize(piece(i).size());
      nvfp4::bf16_to_float(piece(i), wide);
      return std::span<const float>(wide);
    };
    (void)artifact::for_each_unit(pieces(), options_.threads, [&](std::size_t i) {
      largest[i] = nvfp4::largest_magnitude_of(widen(i)).value_or(0);
      return ok();
    });
    const float s2 = nvfp4::tensor_scale(*std::ranges::max_element(largest), method, nvfp4::TensorScale::pow2);
    (void)artifact::for_each_unit(pieces(), options_.threads, [&](std::size_t i) {
      const std::span<const float> wide = widen(i);
      nvfp4::quantize_rows(wide, s2, method, std::span(codes_).subspan(i * kPiece / 2, wide.size() / 2),
                           std::span(scales_).subspan(i * kPiece / nvfp4::kBlock, wide.size() / nvfp4::kBlock));
      return ok();
    });
  }

  const BenchQuantizeOptions& options_;
  std::vector<std::uint16_t> weights_, copy_;
  std::vector<std::uint8_t> codes_, scales_;
};

Error peer_error(const std::string& python, const std::string& log) {
  const std::size_t end = log.find_last_not_of('\n');
  const std::size_t line = end == std::string::npos ? end : log.rfind('\n', end);
  const std::string last = end == std::string::npos ? "it said nothing" : log.substr(line + 1, end - line);
  return Error{fmt::format("{}: compressed-tensors did not run: {}", python, last)};
}

Status time_peer(const Contest& contest, BenchQuantize& bench) {
  const TemporaryFolder folder;
  const std::string weights = (folder.path() / "weights.bf16").string();
  if (Status s = write_file(weights, contest.bytes(), Durable::later); !s) return s;
  const BenchQuantizeOptions& options = bench.options;
  const ChildRequest request{.command = {options.peer, "-c", std::string(bench_peer_texts().front().text), weights,
                                         std::to_string(options.outputs), std::to_string(options.inputs),
                                         std::to_string(options.threads), std::to_string(options.runs)},
                             .limit = std::chrono::minutes(20)};
  const auto child = run_child(request);
  if (!child) return child.error();
  const auto told = child->exit_code == 0 && child->signal == 0 ? parse_json(child->output, "peer")
                                                                : Result<Json>(peer_error(options.peer, child->log));
  if (!told) return told.error();
  ObjectReader reader(*told, "peer");
  bench.peer_version = reader.string("versions");
  Timing peer{"peer rtn", {}};
  for (const Json& one : reader.array("nanoseconds")) peer.seconds.push_back(one.get<double>() / 1e9);
  if (Status s = reader.finish(); !s) return s;
  std::ranges::sort(peer.seconds);
  if (peer.seconds.empty()) return Error{"peer: no time was told"};
  bench.timings.push_back(std::move(peer));
  return ok();
}

const Timing* find(const BenchQuantize& bench, std::string_view name) {
  const auto found = std::ranges::find(bench.timings, name, &Timing::name);
  return found == bench.timings.end() ? nullptr : &*found;
}

std::int64_t nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

}  // namespace

Result<BenchQuantize> bench_quantize(const BenchQuantizeOptions& options) {
  BenchQuantize bench{.options = options, .peer_version = {}, .timings = {}};
  Contest contest(bench.options);
  bench.timings = contest.run();
  if (options.peer.empty()) return bench;
  if (Status s = time_peer(contest, bench); !s) return s.error();
  return bench;
}

Json to_json(const BenchQuantize& bench) {
  Json timings = Json::array();
  for (const Timing& one : bench.timings)
    timings.push_back({{"name", one.name},
                       {"median_ns", nanoseconds(one.median())},
                       {"least_ns", nanoseconds(one.seconds.front())},
                       {"most_ns", nanoseconds(one.seconds.back())}});
  return {{"schema", "bench-quantize/1"},     {"outputs", bench.options.outputs}, {"inputs", bench.options.inputs},
          {"threads", bench.options.threads}, {"runs", bench.options.runs},       {"peer", bench.peer_version},
          {"timings", std::move(timings)}};
}

std::string to_text(const BenchQuantize& bench, bool colour) {
  const double elements = static_cast<double>(bench.options.outputs * bench.options.inputs);
  const Timing *copy = find(bench, "copy"), *peer = find(bench, "peer rtn");
  std::vector<std::vector<Cell>> rows;
  for (const Timing& one : bench.timings) {
    const double spread = (one.seconds.back() - one.seconds.front()) / one.median();
    rows.push_back({{one.name},
                    {fmt::format("{:.2f}", one.median() * 1e3)},
                    {fmt::format("{:.0f} %", 100 * spread)},
                    {fmt::format("{:.0f}", elements / one.median() / 1e6)},
                    {fmt::format("{:.1f} %", 100 * copy->median() / one.median())},
                    {peer == nullptr ? "-" : fmt::format("{:.2f}x", peer->median() / one.median())}});
  }
  std::string text = fmt::format("{} x {} BF16 weights, {} threads, median of {} runs{}\n\n", bench.options.outputs,
                                 bench.options.inputs, bench.options.threads, bench.options.runs,
                                 peer == nullptr ? "; no peer" : "; peer: " + bench.peer_version);
  return text +
         table({"", "ms", "spread", "M weights/s", "of the copy's speed", "of the peer's speed"}, rows, 120, colour);
}

}  // namespace assay::cli
