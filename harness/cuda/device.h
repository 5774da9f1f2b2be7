// One context on one device in one process: everything that a gate may ask of a GPU, and nothing else.
//
// Gates see this interface only. Its one real implementation (open_device, in device.cc) talks to a libcuda; tests put
// a fake in its place. A Device belongs to the thread that opened it. A sticky error poisons the context, so a process
// that met one reports it and ends. Tested by tests/cuda/device_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "harness/cuda/launch.h"

namespace assay::cuda {

/// Opaque handles; 0 is never valid.
enum class Module : std::uintptr_t {};
enum class Function : std::uintptr_t {};
enum class Stream : std::uintptr_t {};
enum class Graph : std::uintptr_t {};

/// Free and total bytes as cuMemGetInfo reports them.
struct MemoryInfo {
  std::uint64_t free_bytes = 0, total_bytes = 0;
};

/// One launch of a sequence.
struct KernelLaunch {
  Function function{};
  LaunchShape shape;
  std::vector<Parameter> parameters;
};

/// Work of another library, which enqueues it on the stream that it is given.
using Enqueue = std::function<Status(Stream)>;
using Work = std::variant<KernelLaunch, Enqueue>;

class Device {
 public:
  virtual ~Device() = default;

  /// Loads an image (a cubin for a real driver, PTX for an emulated one). The JIT log of a refusal is in the error,
  /// that of a success in the result of `load_log`.
  virtual Result<Module> load(std::span<const std::byte> image) = 0;
  /// What the JIT said while it accepted the image; empty if it said nothing.
  virtual std::string load_log(Module) const { return {}; }
  virtual void unload(Module) = 0;
  virtual Result<Function> resolve(Module, std::string_view entry) = 0;

  /// Device memory, aligned to at least 256 bytes.
  virtual Result<Address> allocate(std::size_t bytes) = 0;
  virtual Status release(Address) = 0;
  virtual Status write(Address, std::span<const std::byte>) = 0;
  virtual Status read(Address, std::span<std::byte>) = 0;

  virtual Result<TensorMap> encode(const TiledMap&, Address base) = 0;

  /// Asynchronous, on the context's own stream. An error here means that the launch was refused.
  virtual Status launch(Function, const LaunchShape&, std::span<const Parameter>) = 0;
  /// Waits for everything launched. An error here is a fault of what ran.
  virtual Status synchronize() = 0;
  /// Device time of `repeats` launches in nanoseconds, by events around them.
  virtual Result<std::int64_t> time(Function, const LaunchShape&, std::span<const Parameter>, int repeats) = 0;
  /// Device time of `repeats` device-to-device copies of `bytes`, in nanoseconds.
  virtual Result<std::int64_t> time_copy(Address to, Address from, std::size_t bytes, int repeats) = 0;

  /// Asynchronous, on the context's own stream: `bytes` bytes of this value; a copy within the device; any work.
  virtual Status fill(Address, std::byte value, std::size_t bytes);
  virtual Status copy(Address to, Address from, std::size_t bytes);
  virtual Status enqueue(const Work&);
  /// A sequence of work as a graph that can be replayed; nothing of it runs yet. It lives until it is forgotten.
  virtual Result<Graph> capture(std::span<const Work>);
  /// Device time of one replay in nanoseconds, by events around it. Another replay goes ahead of it, untimed: while
  /// that one runs the host gets everything queued, so that none of its own time is in the answer.
  virtual Result<std::int64_t> replay(Graph);
  virtual void forget(Graph) {}

  /// How many clusters of this shape can be resident at once (cuOccupancyMaxActiveClusters).
  virtual Result<int> max_active_clusters(Function, const LaunchShape&) = 0;
  virtual Result<MemoryInfo> memory_info() = 0;
};

}  // namespace assay::cuda
