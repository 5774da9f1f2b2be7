#include "probes/device_state.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "probes/device_kernel.h"
#include "probes/device_measurements.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using evidence::Stage;
using evidence::StageStatus;

constexpr std::uint64_t kTileBytes = 512 * 4 * 16;  // as in ptx/bandwidth.cu
constexpr std::uint64_t kTileWords = kTileBytes / 8;
constexpr std::uint64_t kBufferBytes = 1ull << 30;  // far beyond any L2 cache
constexpr std::uint32_t kThreads = 512;
constexpr int kRounds = 9;
constexpr std::int64_t kLoadNs = 500'000'000;  // of load in all, shared among the rounds
constexpr int kTimedLaunches = 4;

// Clocks, power, heat -------------------------------------------------------------------------------------------------

/// One NVML reading over time: its lowest and highest value, or why it cannot be read.
struct Span {
  std::optional<std::int64_t> low, high;
  std::string why_not;

  void add(const cuda::Reading<std::int64_t>& reading) {
    if (!reading.value) {
      why_not = reading.why_not;
      return;
    }
    low = std::min(low.value_or(*reading.value), *reading.value);
    high = std::max(high.value_or(*reading.value), *reading.value);
  }
};

/// All readings over time. Throttle reasons are flags, so those that were ever set are kept together.
class Telemetry {
 public:
  explicit Telemetry(const Result<std::unique_ptr<cuda::Nvml>>& nvml) : nvml_(nvml) {}

  void sample() {
    if (!nvml_) return;
    const cuda::Nvml& nvml = **nvml_;
    sm_clock_.add(nvml.sm_clock_khz());
    memory_clock_.add(nvml.memory_clock_khz());
    power_.add(nvml.power_mw());
    temperature_.add(nvml.temperature_c());
    const cuda::Reading<std::int64_t> reasons = nvml.throttle_reasons();
    if (reasons.value)
      throttle_ = throttle_.value_or(0) | *reasons.value;
    else
      throttle_why_not_ = reasons.why_not;
  }

  /// One line a reading: "idle_sm_clock", or for many samples "load_sm_clock_low" and "load_sm_clock_high".
  void report(evidence::Record& record, const std::string& window, bool many) const {
    Measurements nvml(record, "NVML");
    const auto put = [&](const std::string& name, std::string_view unit, const Span& span) {
      const std::string key = window + "_" + name;
      const std::string why = nvml_ ? span.why_not : nvml_.error().message;
      const auto one = [&](const std::string& full, std::optional<std::int64_t> value) {
        nvml.reading(full, unit, {value, why});
      };
      if (!many) return one(key, span.low);
      one(key + "_low", span.low);
      one(key + "_high", span.high);
    };
    put("sm_clock", "kHz", sm_clock_);
    put("memory_clock", "kHz", memory_clock_);
    put("power", "mW", power_);
    put("temperature", "C", temperature_);
    const std::string key = window + "_throttle_reasons";
    if (throttle_)
      nvml.value(key, "", *throttle_, cuda::throttle_words(*throttle_));
    else
      nvml.missing(key, "", nvml_ ? throttle_why_not_ : nvml_.error().message);
  }

 private:
  const Result<std::unique_ptr<cuda::Nvml>>& nvml_;
  Span sm_clock_, memory_clock_, power_, temperature_;
  std::optional<std::int64_t> throttle_;
  std::string throttle_why_not_;
};

// Memory traffic ------------------------------------------------------------------------------------------------------

/// Device memory that goes back when its owner goes.
class Buffer {
 public:
  static Result<Buffer> allocate(cuda::Device& device, std::uint64_t bytes) {
    const Result<cuda::Address> address = device.allocate(bytes);
    if (!address) return address.error();
    return Buffer(device, *address);
  }
  Buffer(Buffer&& other) noexcept : device_(other.device_), address_(std::exchange(other.address_, 0)) {}
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() {
    if (address_ != 0) (void)device_->release(address_);  // after a fault every call fails; the process ends anyway
  }
  cuda::Address address() const { return address_; }

 private:
  Buffer(cuda::Device& device, cuda::Address address) : device_(&device), address_(address) {}
  cuda::Device* device_;
  cuda::Address address_;
};

/// The words of the buffer: word i is factor * i + offset (mod 2^64).
struct Pattern {
  std::uint64_t factor = 1, offset = 0;

  /// The sum over one tile, by the closed form of an arithmetic series.
  std::uint64_t tile_sum(std::uint64_t tile) const {
    const std::uint64_t first = tile * kTileWords;
    const std::uint64_t indices = kTileWords * first + kTileWords * (kTileWords - 1) / 2;
    return factor * indices + offset * kTileWords;
  }
  /// What each block of the read kernel must store.
  std::vector<std::uint64_t> block_sums(std::uint32_t tiles, std::uint32_t blocks) const {
    std::vector<std::uint64_t> sums(blocks);
    for (std::uint32_t tile = 0; tile < tiles; ++tile) sums[tile % blocks] += tile_sum(tile);
    return sums;
  }
};

Pattern pattern_from(const gate::Seed& seed) {
  gate::ChallengeStream stream(seed, "bandwidth");
  const auto word = [&stream] {
    const std::uint64_t high = stream.next();
    return high << 32 | stream.next();
  };
  return {word() | 1, word()};  // odd: all words of the buffer differ
}

/// Median, lowest and highest of the repeats.
struct Rate {
  std::vector<std::int64_t> samples;

  void add(std::uint64_t bytes, std::int64_t ns, int repeats) {
    const auto one = static_cast<std::uint64_t>(std::max<std::int64_t>(1, ns / repeats));
    samples.push_back(static_cast<std::int64_t>(bytes * 1'000'000'000 / one));
  }
  void report(evidence::Record& record, std::string_view key, std::string_view source, const std::string& what) {
    std::ranges::sort(samples);
    Measurements rate(record, source);
    rate.value(key, "B/s", samples[samples.size() / 2], fmt::format("median of {}; {}", samples.size(), what));
    rate.value(fmt::format("{}_low", key), "B/s", samples.front());
    rate.value(fmt::format("{}_high", key), "B/s", samples.back());
  }
};

/// The buffers and kernels of the question, filled and ready.
class Traffic {
 public:
  static Result<Traffic> prepare(gate::QuestionContext& context, std::span<const std::byte> image,
                                 std::uint64_t bytes) {
    Result<DeviceKernel> fill = DeviceKernel::from_image(context, image, "bandwidth_fill");
    if (!fill) return fill.error();
    Result<DeviceKernel> read = DeviceKernel::from_image(context, image, "bandwidth_read");
    if (!read) return read.error();
    Result<Buffer> from = Buffer::allocate(context.device, bytes);
    if (!from) return from.error();
    Result<Buffer> to = Buffer::allocate(context.device, bytes);
    if (!to) return to.error();
    const auto tiles = static_cast<std::uint32_t>(bytes / kTileBytes);
    const auto processors = static_cast<std::uint32_t>(context.facts.attribute("multiprocessor_count", 1));
    const std::uint32_t blocks = std::min(tiles, kBlocksPerProcessor * processors);
    Result<Buffer> sums = Buffer::allocate(context.device, 8 * blocks);
    if (!sums) return sums.error();
    Traffic traffic(context, read->function(), std::move(*from), std::move(*to), std::move(*sums), tiles, blocks);
    if (Status s = traffic.fill(fill->function()); !s) return s.error();
    return traffic;
  }

  std::uint64_t bytes() const { return tiles_ * kTileBytes; }
  Status start_read() { return context_.device.launch(read_, shape_, read_parameters(from_.address())); }
  Result<std::int64_t> time_read(int repeats) {
    return context_.device.time(read_, shape_, read_parameters(from_.address()), repeats);
  }
  Result<std::int64_t> time_copy(int repeats) {
    return context_.device.time_copy(to_.address(), from_.address(), bytes(), repeats);
  }

  Status poison_sums() { return context_.device.write(sums_.address(), std::as_bytes(std::span(poison_))); }
  /// Whether the sums that the last reads stored are the oracle's; adds a case.
  Status check_sums(const std::string& name) {
    std::vector<std::byte> observed(8 * blocks_);
    if (Status s = context_.device.read(sums_.address(), observed); !s) return s;
    compare(name, std::move(observed));
    return ok();
  }
  /// Reads the copy's target with the same kernel.
  Status check_copy() {
    if (Status s = poison_sums(); !s) return s;
    if (Status s = context_.device.launch(read_, shape_, read_parameters(to_.address())); !s) return s;
    if (Status s = context_.device.synchronize(); !s) return s;
    return check_sums("copy");
  }
  bool agrees() const { return agrees_; }

 private:
  static constexpr std::uint32_t kBlocksPerProcessor = 4;  // 2048 threads: as many as any multiprocessor holds

  Traffic(gate::QuestionContext& context, cuda::Function read, Buffer from, Buffer to, Buffer sums, std::uint32_t tiles,
          std::uint32_t blocks)
      : context_(context),
        read_(read),
        from_(std::move(from)),
        to_(std::move(to)),
        sums_(std::move(sums)),
        tiles_(tiles),
        blocks_(blocks),
        shape_{.grid = {blocks, 1, 1}, .block = {kThreads, 1, 1}, .cluster = {}},
        pattern_(pattern_from(context.seed)),
        expected_(pattern_.block_sums(tiles, blocks)),
        poison_(expected_) {
    for (std::uint64_t& sum : poison_) sum = ~sum;
  }

  std::vector<cuda::Parameter> read_parameters(cuda::Address from) const {
    return {gate::bytes_of(from), gate::bytes_of(tiles_), gate::bytes_of(sums_.address())};
  }

  Status fill(cuda::Function kernel) {
    const std::vector<cuda::Parameter> parameters = {gate::bytes_of(from_.address()), gate::bytes_of(tiles_),
                                                     gate::bytes_of(pattern_.factor), gate::bytes_of(pattern_.offset)};
    if (Status s = context_.device.launch(kernel, shape_, parameters); !s) {
      fail_stage(context_.record, Stage::launch, StageStatus::refused, s.error());
      return s;
    }
    pass_stage(context_.record, Stage::launch);
    Status finished = context_.device.synchronize();
    if (!finished) fail_stage(context_.record, Stage::complete, StageStatus::failed, finished.error());
    return finished;
  }

  void compare(const std::string& name, std::vector<std::byte> observed) {
    gate::Case series{.name = name, .entry = "bandwidth_read", .launch = shape_, .arguments = {}, .hidden = {}};
    series.arguments.emplace_back(gate::Scalar{"factor", gate::bytes_of(pattern_.factor)});
    series.arguments.emplace_back(gate::Scalar{"offset", gate::bytes_of(pattern_.offset)});
    series.arguments.emplace_back(gate::Scalar{"tiles", gate::bytes_of(tiles_)});
    series.arguments.emplace_back(gate::Output{"sums", gate::bytes_of(expected_), {}});
    agrees_ = record_case(context_.record, series, std::array{std::move(observed)}) && agrees_;
  }

  gate::QuestionContext& context_;
  cuda::Function read_;
  Buffer from_, to_, sums_;
  std::uint32_t tiles_, blocks_;
  cuda::LaunchShape shape_;
  Pattern pattern_;
  std::vector<std::uint64_t> expected_, poison_;
  bool agrees_ = true;
};

/// Launches reads for about `ns`, samples while they run, waits.
Status load_once(Traffic& traffic, cuda::Device& device, Telemetry& telemetry, std::int64_t ns_a_read,
                 std::int64_t ns) {
  const auto launches = std::clamp<std::int64_t>(ns / std::max<std::int64_t>(1, ns_a_read), 1, 500);
  for (std::int64_t i = 0; i < launches; ++i)
    if (Status s = traffic.start_read(); !s) return s;
  telemetry.sample();
  return device.synchronize();
}

struct Rates {
  Rate read, copy;
};

Result<Rates> measure(gate::QuestionContext& context, Traffic& traffic, Telemetry& load) {
  const Result<std::int64_t> warm = traffic.time_read(1);
  if (!warm) return warm.error();
  Rates rates;
  if (Status s = traffic.poison_sums(); !s) return s.error();
  for (int round = 0; round < kRounds; ++round) {
    if (Status s = load_once(traffic, context.device, load, *warm, kLoadNs / kRounds); !s) return s.error();
    const Result<std::int64_t> read = traffic.time_read(kTimedLaunches);
    if (!read) return read.error();
    rates.read.add(traffic.bytes(), *read, kTimedLaunches);
    const Result<std::int64_t> copy = traffic.time_copy(kTimedLaunches);
    if (!copy) return copy.error();
    rates.copy.add(2 * traffic.bytes(), *copy, kTimedLaunches);  // read once and written once
  }
  pass_stage(context.record, Stage::complete);
  if (Status s = traffic.check_sums("read"); !s) return s.error();
  if (Status s = traffic.check_copy(); !s) return s.error();
  return rates;
}

Result<std::vector<std::byte>> compile(gate::QuestionContext& context) {
  if (!context.compiler) return context.compiler.error();
  Result<cuda::Assembly> assembly =
      (*context.compiler)->compile(ptx_text("bandwidth"), "bandwidth.cu", context.facts.own_target());
  if (!assembly) return assembly.error();
  if (!assembly->accepted) return Error{"bandwidth.cu was refused", "nvrtcCompileProgram", 0, {}, assembly->log};
  return std::move(assembly->cubin);
}

void bandwidth_missing(evidence::Record& record, const std::string& why) {
  Measurements(record, "kernel").missing("bench_read_bandwidth", "B/s", why);
  Measurements(record, "cuMemcpyDtoDAsync").missing("bench_copy_bandwidth", "B/s", why);
}

/// The buffer: 1 GiB, or a quarter of what is free; whole tiles.
Result<std::uint64_t> buffer_bytes(cuda::Device& device) {
  const Result<cuda::MemoryInfo> info = device.memory_info();
  if (!info) return info.error();
  const std::uint64_t bytes = std::min(kBufferBytes, info->free_bytes / 4) / kTileBytes * kTileBytes;
  if (bytes == 0) return Error{"less than 128 KiB of device memory are free"};
  return bytes;
}

Result<Rates> run_traffic(gate::QuestionContext& context, Telemetry& load, std::uint64_t& bytes) {
  evidence::Record& record = context.record;
  const Result<std::vector<std::byte>> image = compile(context);
  if (!image) {
    fail_stage(record, Stage::assemble, StageStatus::refused, image.error());
    return image.error();
  }
  pass_stage(record, Stage::assemble);
  const Result<std::uint64_t> size = buffer_bytes(context.device);
  if (!size) return size.error();
  Result<Traffic> traffic = Traffic::prepare(context, *image, *size);
  if (!traffic) return traffic.error();
  bytes = *size;
  Result<Rates> rates = measure(context, *traffic, load);
  if (!rates) {
    fail_stage(record, Stage::complete, StageStatus::failed, rates.error());
    return rates.error();
  }
  if (!traffic->agrees()) return Error{"a read or copy gave other data than expected, so its speed says nothing"};
  return rates;
}

}  // namespace

void ask_device_state(gate::QuestionContext& context) {
  evidence::Record& record = context.record;
  Telemetry idle(context.nvml);
  idle.sample();
  idle.report(record, "idle", false);
  if (context.driver.kind == cuda::LibraryKind::emulated)
    return bandwidth_missing(record, "an emulated device has no bandwidth");
  Telemetry load(context.nvml);
  std::uint64_t bytes = 0;
  Result<Rates> rates = run_traffic(context, load, bytes);
  if (!rates) return bandwidth_missing(record, rates.error().message);
  load.report(record, "load", true);
  rates->read.report(record, "bench_read_bandwidth", "kernel", fmt::format("{} B read a launch", bytes));
  rates->copy.report(record, "bench_copy_bandwidth", "cuMemcpyDtoDAsync",
                     fmt::format("{} B read and as many written a copy", bytes));
}

}  // namespace assay::probes
