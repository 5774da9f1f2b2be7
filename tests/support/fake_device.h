// A scripted cuda::Device: sparse memory, kernels written in C++, refusals and faults on request.
//
// An image is any bytes; the fake keeps the last one and resolves whatever entry a test has given it. Memory is kept in
// pages that exist once they are written, so a test may allocate as many gigabytes as its device is said to have.
// Touching memory that was not allocated is a test failure in the form of CUDA_ERROR_INVALID_VALUE.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"
#include "harness/cuda/nvml.h"

namespace assay::test {

/// The error of a driver call, as cuda::Device gives it.
inline Error refused(std::string call, std::int64_t code, std::string name) {
  return {call + " refused", call, code, name, {}};
}

class FakeDevice : public cuda::Device {
 public:
  /// What a launch is given; `arg<T>(i)` is parameter i.
  struct Launch {
    cuda::LaunchShape shape;
    std::vector<cuda::Parameter> parameters;
    template <class T>
    T arg(std::size_t index) const {
      T value{};
      std::memcpy(&value, parameters.at(index).data(), sizeof value);
      return value;
    }
  };
  using Kernel = std::function<Status(FakeDevice&, const Launch&)>;

  // The script.
  std::map<std::string, Kernel, std::less<>> kernels;  ///< A Status error refuses the launch.
  Status load_answer = ok();
  Status synchronize_answer = ok();  ///< An error is a sticky fault.
  std::uint64_t total_bytes = 1u << 30, free_bytes = 1u << 30;
  std::uint64_t largest_allocation = ~std::uint64_t{0};
  std::int64_t ns_a_launch = 1000, ns_a_copy = 2000;
  Status capture_answer = ok();
  std::map<std::string, std::int64_t, std::less<>> ns_of_entry;  ///< Of a replayed launch; else ns_a_launch.
  std::int64_t ns_a_library_call = 3000;
  std::function<std::int64_t(std::int64_t)> on_replay;  ///< Makes of a replay's time what is told; may be empty.
  Result<int> active_clusters = 1;

  // What was asked.
  std::vector<std::byte> image;            ///< The last one that was loaded.
  std::vector<std::uint64_t> allocations;  ///< Sizes that were asked for, also those refused.
  std::vector<std::string> launched;       ///< Entry names.
  std::size_t live_allocations() const { return blocks_.size(); }
  std::size_t live_graphs() const { return graphs_.size(); }

  Result<cuda::Module> load(std::span<const std::byte> bytes) override {
    if (!load_answer) return load_answer.error();
    image.assign(bytes.begin(), bytes.end());
    return cuda::Module{1};
  }
  void unload(cuda::Module) override {}
  Result<cuda::Function> resolve(cuda::Module, std::string_view entry) override {
    const auto found = kernels.find(entry);
    if (found == kernels.end()) return refused("cuModuleGetFunction", 500, "CUDA_ERROR_NOT_FOUND");
    functions_.push_back(found->first);
    return static_cast<cuda::Function>(functions_.size());
  }

  Result<cuda::Address> allocate(std::size_t bytes) override {
    allocations.push_back(bytes);
    if (bytes == 0) return refused("cuMemAlloc", 1, "CUDA_ERROR_INVALID_VALUE");
    if (bytes > std::min(free_bytes, largest_allocation)) return refused("cuMemAlloc", 2, "CUDA_ERROR_OUT_OF_MEMORY");
    const cuda::Address address = next_;
    next_ += (bytes + 0xfff) / 0x1000 * 0x1000 + 0x1000;
    blocks_[address] = bytes;
    return address;
  }
  Status release(cuda::Address address) override {
    if (blocks_.erase(address) == 0) return refused("cuMemFree", 1, "CUDA_ERROR_INVALID_VALUE");
    return ok();
  }
  Status write(cuda::Address to, std::span<const std::byte> bytes) override {
    if (!owned(to, bytes.size())) return refused("cuMemcpyHtoD", 1, "CUDA_ERROR_INVALID_VALUE");
    put(to, bytes);
    return ok();
  }
  Status read(cuda::Address from, std::span<std::byte> bytes) override {
    if (!owned(from, bytes.size())) return refused("cuMemcpyDtoH", 1, "CUDA_ERROR_INVALID_VALUE");
    get(from, bytes);
    return ok();
  }
  Result<cuda::TensorMap> encode(const cuda::TiledMap&, cuda::Address base) override {
    cuda::TensorMap map;
    std::memcpy(map.bytes.data(), &base, sizeof base);
    return map;
  }

  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    const std::string& entry = functions_.at(static_cast<std::size_t>(function) - 1);
    launched.push_back(entry);
    return kernels.at(entry)(*this, {shape, {parameters.begin(), parameters.end()}});
  }
  Status synchronize() override { return synchronize_answer; }
  Result<std::int64_t> time(cuda::Function function, const cuda::LaunchShape& shape,
                            std::span<const cuda::Parameter> parameters, int repeats) override {
    if (Status s = launch(function, shape, parameters); !s) return s.error();
    return ns_a_launch * repeats;
  }
  Result<std::int64_t> time_copy(cuda::Address to, cuda::Address from, std::size_t bytes, int repeats) override {
    std::vector<std::byte> copied(bytes);
    if (Status s = read(from, copied); !s) return s.error();
    if (Status s = write(to, copied); !s) return s.error();
    return ns_a_copy * repeats;
  }
  Status fill(cuda::Address to, std::byte value, std::size_t bytes) override {
    return write(to, std::vector<std::byte>(bytes, value));
  }
  Status copy(cuda::Address to, cuda::Address from, std::size_t bytes) override {
    std::vector<std::byte> copied(bytes);
    if (Status s = read(from, copied); !s) return s;
    return write(to, copied);
  }
  Status enqueue(const cuda::Work& work) override {
    if (const auto* one = std::get_if<cuda::KernelLaunch>(&work))
      return launch(one->function, one->shape, one->parameters);
    return std::get<cuda::Enqueue>(work)(cuda::Stream{1});
  }
  Result<cuda::Graph> capture(std::span<const cuda::Work> sequence) override {
    if (!capture_answer) return capture_answer.error();
    graphs_.emplace(++last_graph_, std::vector<cuda::Work>(sequence.begin(), sequence.end()));
    return static_cast<cuda::Graph>(last_graph_);
  }
  /// Runs everything that was captured; the time is that of its launches by entry, and of other work.
  Result<std::int64_t> replay(cuda::Graph graph) override {
    std::int64_t total = 0;
    for (const cuda::Work& work : graphs_.at(static_cast<std::uintptr_t>(graph))) {
      if (Status s = enqueue(work); !s) return s.error();
      total += std::holds_alternative<cuda::Enqueue>(work) ? ns_a_library_call : ns_of(launched.back());
    }
    if (!synchronize_answer) return synchronize_answer.error();
    return on_replay ? on_replay(total) : total;
  }
  void forget(cuda::Graph graph) override { graphs_.erase(static_cast<std::uintptr_t>(graph)); }
  Result<int> max_active_clusters(cuda::Function, const cuda::LaunchShape&) override { return active_clusters; }
  Result<cuda::MemoryInfo> memory_info() override { return cuda::MemoryInfo{free_bytes, total_bytes}; }

  /// For kernels: one value in device memory.
  template <class T>
  void store(cuda::Address to, T value) {
    put(to, std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  T fetch(cuda::Address from) {
    T value{};
    get(from, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

 private:
  static constexpr std::size_t kPage = 4096;

  std::int64_t ns_of(const std::string& entry) const {
    const auto found = ns_of_entry.find(entry);
    return found == ns_of_entry.end() ? ns_a_launch : found->second;
  }
  bool owned(cuda::Address address, std::size_t bytes) const {
    const auto after = blocks_.upper_bound(address);
    if (after == blocks_.begin()) return false;
    const auto& [base, size] = *std::prev(after);
    return address - base <= size && bytes <= size - (address - base);
  }
  void put(cuda::Address to, std::span<const std::byte> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto [page, piece] = piece_at(to + done, bytes.size() - done);
      std::memcpy(page, bytes.data() + done, piece);
      done += piece;
    }
  }
  void get(cuda::Address from, std::span<std::byte> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto [page, piece] = piece_at(from + done, bytes.size() - done);
      std::memcpy(bytes.data() + done, page, piece);
      done += piece;
    }
  }
  /// The bytes from `address` to the end of its page, at most `wanted`.
  std::pair<std::byte*, std::size_t> piece_at(cuda::Address address, std::size_t wanted) {
    const std::size_t offset = address % kPage;
    return {pages_[address / kPage].data() + offset, std::min(wanted, kPage - offset)};
  }

  cuda::Address next_ = 0x7f0000000000;
  std::map<cuda::Address, std::uint64_t> blocks_;
  std::unordered_map<std::uint64_t, std::array<std::byte, kPage>> pages_;
  std::vector<std::string> functions_;
  std::map<std::uintptr_t, std::vector<cuda::Work>> graphs_;
  std::uintptr_t last_graph_ = 0;
};

/// NVML with one answer for each reading; a reading without a value says NVML_ERROR_NOT_SUPPORTED.
class FakeNvml : public cuda::Nvml {
 public:
  template <class T>
  static cuda::Reading<T> not_supported() {
    return {std::nullopt, "NVML_ERROR_NOT_SUPPORTED"};
  }
  using Number = cuda::Reading<std::int64_t>;

  std::string version = "580.159.04";
  cuda::Reading<cuda::NvmlMemory> memory_answer = not_supported<cuda::NvmlMemory>();
  mutable Number sm_clock = not_supported<std::int64_t>();
  Number memory_clock = sm_clock, max_sm_clock = sm_clock, power = sm_clock, power_limit = sm_clock,
         temperature = sm_clock, throttle = sm_clock;

  std::int64_t sm_clock_step = 0;  ///< Added to the SM clock at every reading.

  std::string driver_version() const override { return version; }
  cuda::Reading<cuda::NvmlMemory> memory() const override { return memory_answer; }
  Number sm_clock_khz() const override {
    const Number now = sm_clock;
    if (sm_clock.value) *sm_clock.value += sm_clock_step;
    return now;
  }
  Number memory_clock_khz() const override { return memory_clock; }
  Number max_sm_clock_khz() const override { return max_sm_clock; }
  Number power_mw() const override { return power; }
  Number power_limit_mw() const override { return power_limit; }
  Number temperature_c() const override { return temperature; }
  Number throttle_reasons() const override { return throttle; }
};

/// Accepts what its rule accepts, and hands the text back as the image.
class FakeAssembler : public cuda::PtxAssembler {
 public:
  /// The assembler's complaint; empty accepts.
  std::function<std::string(std::string_view ptx, Target)> rule = [](std::string_view, Target) {
    return std::string();
  };
  /// Complaints come as nvJitLink's last step gives them: an internal error with the complaint in its log.
  bool complains_late = false;

  cuda::ToolIdentity identity() const override { return {"fake assembler", "1.0", std::string(64, '0'), "other"}; }
  Result<cuda::Assembly> assemble(std::string_view ptx, Target target) override {
    const std::string complaint = rule(ptx, target);
    if (!complaint.empty() && complains_late)
      return Error{"nvJitLinkComplete answered", "nvJitLinkComplete", 9, "NVJITLINK_ERROR_INTERNAL", complaint};
    if (!complaint.empty()) return cuda::Assembly{false, {}, complaint};
    const auto bytes = std::as_bytes(std::span(ptx.data(), ptx.size()));
    return cuda::Assembly{true, {bytes.begin(), bytes.end()}, {}};
  }
};

/// The same for CUDA C++.
class FakeCompiler : public cuda::CudaCompiler {
 public:
  std::string complaint;  ///< Empty accepts.

  cuda::ToolIdentity identity() const override { return {"fake compiler", "1.0", std::string(64, '0'), "other"}; }
  Result<cuda::Assembly> compile(std::string_view source, std::string_view, Target) override {
    if (!complaint.empty()) return cuda::Assembly{false, {}, complaint};
    const auto bytes = std::as_bytes(std::span(source.data(), source.size()));
    return cuda::Assembly{true, {bytes.begin(), bytes.end()}, {}};
  }
};

}  // namespace assay::test
