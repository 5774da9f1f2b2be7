#include "harness/cuda/device.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "harness/cuda/launch_request.h"
#include "harness/cuda/open_device.h"

namespace assay::cuda {
namespace {

constexpr std::size_t kLogBytes = 64u << 10;
constexpr std::uint32_t kDynamicSharedWithoutOptIn = 48u << 10;

CUmodule handle(Module module) { return reinterpret_cast<CUmodule>(module); }
CUfunction handle(Function function) { return reinterpret_cast<CUfunction>(function); }
CUgraphExec handle(Graph graph) { return reinterpret_cast<CUgraphExec>(graph); }

/// The two buffers that the JIT writes to, and the options that hand them over.
class JitLogs {
 public:
  static constexpr unsigned kOptions = 5;
  CUjit_option* options() { return options_.data(); }
  void** values() { return values_.data(); }
  /// Errors first, then information; the whole of what was said.
  std::string text() const {
    const std::string errors(errors_.data()), information(information_.data());
    return errors.empty() || information.empty() ? errors + information : errors + "\n" + information;
  }

 private:
  static void* as_value(std::size_t number) { return reinterpret_cast<void*>(number); }

  // One byte more than the driver is told of, so that the text ends whatever it writes.
  std::vector<char> errors_ = std::vector<char>(kLogBytes + 1);
  std::vector<char> information_ = std::vector<char>(kLogBytes + 1);
  std::array<CUjit_option, kOptions> options_{CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                                              CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                                              CU_JIT_LOG_VERBOSE};
  std::array<void*, kOptions> values_{errors_.data(), as_value(kLogBytes), information_.data(), as_value(kLogBytes),
                                      as_value(1)};
};

/// Why a driver cannot capture and replay; nothing if it can.
std::optional<Error> no_graphs(const DriverTable& driver) {
  if (driver.cuStreamBeginCapture_v2 == nullptr) return absent("cuStreamBeginCapture_v2");
  if (driver.cuStreamEndCapture == nullptr) return absent("cuStreamEndCapture");
  if (driver.cuGraphInstantiateWithFlags == nullptr) return absent("cuGraphInstantiateWithFlags");
  if (driver.cuGraphDestroy == nullptr) return absent("cuGraphDestroy");
  if (driver.cuGraphLaunch == nullptr) return absent("cuGraphLaunch");
  if (driver.cuGraphExecDestroy == nullptr) return absent("cuGraphExecDestroy");
  return std::nullopt;
}

/// What a stream is given between the beginning and the end, as a graph. A capture that is left open would swallow
/// every later launch, so the end is asked for whatever was refused in between.
class Capture {
 public:
  Capture(const DriverTable& driver, CUstream stream) : driver_(driver), stream_(stream) {}
  ~Capture() {
    if (open_) driver_.cuStreamEndCapture(stream_, &graph_);
    if (graph_ != nullptr) driver_.cuGraphDestroy(graph_);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Calls of this thread that would break the capture are refused; those of other threads are none of its business.
  Status begin() {
    auto begun = driver_.check(driver_.cuStreamBeginCapture_v2(stream_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                               "cuStreamBeginCapture_v2", "beginning a graph");
    open_ = static_cast<bool>(begun);
    return begun;
  }
  Result<CUgraphExec> end() {
    open_ = false;
    auto ended = driver_.check(driver_.cuStreamEndCapture(stream_, &graph_), "cuStreamEndCapture", "ending a graph");
    if (!ended) return ended.error();
    CUgraphExec made = nullptr;
    auto instantiated = driver_.check(driver_.cuGraphInstantiateWithFlags(&made, graph_, 0),
                                      "cuGraphInstantiateWithFlags", "making a graph");
    if (!instantiated) return instantiated.error();
    return made;
  }

 private:
  const DriverTable& driver_;
  CUstream stream_;
  CUgraph graph_ = nullptr;
  bool open_ = false;
};

/// Two events around work on one stream.
class Stopwatch {
 public:
  Stopwatch(const DriverTable& driver, CUstream stream) : driver_(driver), stream_(stream) {}
  ~Stopwatch() {
    for (CUevent event : {begin_, end_}) {
      if (event != nullptr) driver_.cuEventDestroy_v2(event);
    }
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  Status start() { return mark(begin_); }
  Result<std::int64_t> stop() {
    if (auto marked = mark(end_); !marked) return marked.error();
    auto waited = driver_.check(driver_.cuEventSynchronize(end_), "cuEventSynchronize", "waiting for timed work");
    if (!waited) return waited.error();
    float milliseconds = 0;
    auto read =
        driver_.check(driver_.elapsed_time(&milliseconds, begin_, end_), "cuEventElapsedTime", "reading the time");
    if (!read) return read.error();
    return std::llround(static_cast<double>(milliseconds) * 1e6);
  }

 private:
  Status mark(CUevent& event) {
    auto created = driver_.check(driver_.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate", "making an event");
    if (!created) return created;
    return driver_.check(driver_.cuEventRecord(event, stream_), "cuEventRecord", "recording an event");
  }

  const DriverTable& driver_;
  CUstream stream_;
  CUevent begin_ = nullptr, end_ = nullptr;
};

class DriverDevice final : public Device {
 public:
  DriverDevice(std::shared_ptr<const DriverTable> driver, CUdevice device)
      : driver_(std::move(driver)), device_(device) {}
  ~DriverDevice() override;
  Status open();

  Result<Module> load(std::span<const std::byte> image) override;
  std::string load_log(Module module) const override;
  void unload(Module module) override;
  Result<Function> resolve(Module module, std::string_view entry) override;

  Result<Address> allocate(std::size_t bytes) override;
  Status release(Address address) override;
  Status write(Address to, std::span<const std::byte> bytes) override;
  Status read(Address from, std::span<std::byte> bytes) override;
  Result<TensorMap> encode(const TiledMap& map, Address base) override;

  Status launch(Function function, const LaunchShape& shape, std::span<const Parameter> parameters) override;
  Status synchronize() override;
  Result<std::int64_t> time(Function function, const LaunchShape& shape, std::span<const Parameter> parameters,
                            int repeats) override;
  Result<std::int64_t> time_copy(Address to, Address from, std::size_t bytes, int repeats) override;
  Status fill(Address to, std::byte value, std::size_t bytes) override;
  Status copy(Address to, Address from, std::size_t bytes) override;
  Status enqueue(const Work& work) override;
  Result<Graph> capture(std::span<const Work> sequence) override;
  Result<std::int64_t> replay(Graph graph) override;
  void forget(Graph graph) override;
  Result<int> max_active_clusters(Function function, const LaunchShape& shape) override;
  Result<MemoryInfo> memory_info() override;

 private:
  Status queue(Graph graph);
  Status prepare(Function function, const LaunchShape& shape);
  Status raise(Function function, CUfunction_attribute attribute, int value, std::string_view doing);
  /// Warm-up, then `repeats` enqueuings between two events.
  template <class Enqueue>
  Result<std::int64_t> time_enqueued(Enqueue enqueue, int repeats);

  std::shared_ptr<const DriverTable> driver_;
  CUdevice device_;
  bool has_context_ = false;
  CUstream stream_ = nullptr;
  std::map<Module, std::string> logs_;
  std::set<Graph> graphs_;
};

// What stays allocated goes with the context; after a sticky error these calls answer it again, and nobody needs to
// know.
DriverDevice::~DriverDevice() {
  for (Graph graph : graphs_) driver_->cuGraphExecDestroy(handle(graph));
  if (stream_ != nullptr) driver_->cuStreamDestroy_v2(stream_);
  if (has_context_) driver_->cuDevicePrimaryCtxRelease_v2(device_);
}

Status DriverDevice::open() {
  CUcontext context = nullptr;
  auto retained = driver_->check(driver_->cuDevicePrimaryCtxRetain(&context, device_), "cuDevicePrimaryCtxRetain",
                                 "making a context");
  if (!retained) return retained;
  has_context_ = true;
  auto current = driver_->check(driver_->cuCtxSetCurrent(context), "cuCtxSetCurrent", "entering the context");
  if (!current) return current;
  // A stream that waits for the default stream, and is waited for by it: `write` and `read` copy on that one.
  return driver_->check(driver_->cuStreamCreate(&stream_, CU_STREAM_DEFAULT), "cuStreamCreate", "making a stream");
}

Result<Module> DriverDevice::load(std::span<const std::byte> image) {
  // The call takes no size: PTX must end with a zero byte, and an ELF image wants the alignment of a fresh allocation.
  std::vector<std::byte> copy(image.begin(), image.end());
  copy.push_back(std::byte{0});
  JitLogs logs;
  CUmodule loaded = nullptr;
  const auto code = driver_->cuModuleLoadDataEx(&loaded, copy.data(), JitLogs::kOptions, logs.options(), logs.values());
  auto accepted = driver_->check(code, "cuModuleLoadDataEx", fmt::format("loading an image of {} bytes", image.size()));
  if (!accepted) {
    auto error = accepted.error();
    error.log = logs.text();
    return error;
  }
  const auto module = static_cast<Module>(reinterpret_cast<std::uintptr_t>(loaded));
  logs_[module] = logs.text();
  return module;
}

std::string DriverDevice::load_log(Module module) const {
  const auto found = logs_.find(module);
  return found == logs_.end() ? std::string{} : found->second;
}

void DriverDevice::unload(Module module) {
  logs_.erase(module);
  driver_->cuModuleUnload(handle(module));
}

Result<Function> DriverDevice::resolve(Module module, std::string_view entry) {
  CUfunction function = nullptr;
  auto found = driver_->check(driver_->cuModuleGetFunction(&function, handle(module), std::string(entry).c_str()),
                              "cuModuleGetFunction", fmt::format("looking for entry '{}'", entry));
  if (!found) return found.error();
  return static_cast<Function>(reinterpret_cast<std::uintptr_t>(function));
}

Result<Address> DriverDevice::allocate(std::size_t bytes) {
  CUdeviceptr address = 0;
  auto allocated = driver_->check(driver_->cuMemAlloc_v2(&address, bytes), "cuMemAlloc_v2",
                                  fmt::format("allocating {} bytes", bytes));
  if (!allocated) return allocated.error();
  return Address{address};
}

Status DriverDevice::release(Address address) {
  return driver_->check(driver_->cuMemFree_v2(address), "cuMemFree_v2", "freeing device memory");
}

Status DriverDevice::write(Address to, std::span<const std::byte> bytes) {
  return driver_->check(driver_->cuMemcpyHtoD_v2(to, bytes.data(), bytes.size()), "cuMemcpyHtoD_v2",
                        fmt::format("writing {} bytes", bytes.size()));
}

Status DriverDevice::read(Address from, std::span<std::byte> bytes) {
  return driver_->check(driver_->cuMemcpyDtoH_v2(bytes.data(), from, bytes.size()), "cuMemcpyDtoH_v2",
                        fmt::format("reading {} bytes", bytes.size()));
}

Result<TensorMap> DriverDevice::encode(const TiledMap& map, Address base) {
  if (driver_->cuTensorMapEncodeTiled == nullptr) return absent("cuTensorMapEncodeTiled");
  const auto rank = map.dims.size();
  if (rank == 0 || map.strides.size() != rank - 1 || map.box.size() != rank) {
    return Error{.message =
                     fmt::format("tensor map of {} dimensions: needs as many box extents (has {}) and one stride "
                                 "fewer (has {})",
                                 rank, map.box.size(), map.strides.size())};
  }
  const std::vector<cuuint64_t> dims(map.dims.begin(), map.dims.end()), strides(map.strides.begin(), map.strides.end());
  const std::vector<cuuint32_t> box(map.box.begin(), map.box.end()), dense(rank, 1);
  CUtensorMap encoded{};
  const auto code = driver_->cuTensorMapEncodeTiled(
      &encoded, static_cast<CUtensorMapDataType>(map.type), static_cast<cuuint32_t>(rank),
      reinterpret_cast<void*>(base), dims.data(), strides.data(), box.data(), dense.data(),
      CU_TENSOR_MAP_INTERLEAVE_NONE, static_cast<CUtensorMapSwizzle>(map.swizzle), CU_TENSOR_MAP_L2_PROMOTION_NONE,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  auto accepted = driver_->check(code, "cuTensorMapEncodeTiled", "encoding a tensor map");
  if (!accepted) return accepted.error();
  TensorMap result;
  static_assert(sizeof encoded == sizeof result.bytes);
  std::memcpy(result.bytes.data(), &encoded, sizeof encoded);
  return result;
}

Status DriverDevice::raise(Function function, CUfunction_attribute attribute, int value, std::string_view doing) {
  return driver_->check(driver_->cuFuncSetAttribute(handle(function), attribute, value), "cuFuncSetAttribute", doing);
}

Status DriverDevice::prepare(Function function, const LaunchShape& shape) {
  if (shape.dynamic_shared_bytes > kDynamicSharedWithoutOptIn) {
    auto raised =
        raise(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, static_cast<int>(shape.dynamic_shared_bytes),
              fmt::format("opting in to {} bytes of dynamic shared memory", shape.dynamic_shared_bytes));
    if (!raised) return raised;
  }
  if (!shape.non_portable_cluster) return ok();
  return raise(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1,
               "allowing a non-portable cluster size");
}

Status DriverDevice::launch(Function function, const LaunchShape& shape, std::span<const Parameter> parameters) {
  if (driver_->cuLaunchKernelEx == nullptr) return absent("cuLaunchKernelEx");
  auto copies = ParameterCopies::of(parameters);
  if (!copies) return copies.error();
  if (auto prepared = prepare(function, shape); !prepared) return prepared;
  const LaunchRequest request(shape, stream_);
  return driver_->check(driver_->cuLaunchKernelEx(request.config(), handle(function), copies->pointers(), nullptr),
                        "cuLaunchKernelEx", "launching");
}

Status DriverDevice::synchronize() {
  return driver_->check(driver_->cuCtxSynchronize(), "cuCtxSynchronize", "waiting for what was launched");
}

template <class Enqueue>
Result<std::int64_t> DriverDevice::time_enqueued(Enqueue enqueue, int repeats) {
  if (auto warm = enqueue(); !warm) return warm.error();
  if (auto done = synchronize(); !done) return done.error();
  Stopwatch stopwatch(*driver_, stream_);
  if (auto started = stopwatch.start(); !started) return started.error();
  for (int i = 0; i < repeats; ++i) {
    if (auto queued = enqueue(); !queued) return queued.error();
  }
  return stopwatch.stop();
}

Result<std::int64_t> DriverDevice::time(Function function, const LaunchShape& shape,
                                        std::span<const Parameter> parameters, int repeats) {
  if (driver_->cuLaunchKernelEx == nullptr) return absent("cuLaunchKernelEx");
  auto copies = ParameterCopies::of(parameters);
  if (!copies) return copies.error();
  if (auto prepared = prepare(function, shape); !prepared) return prepared.error();
  const LaunchRequest request(shape, stream_);
  // Nothing but the launch itself between the events: attributes and copies were made once, above.
  return time_enqueued(
      [&] {
        return driver_->check(
            driver_->cuLaunchKernelEx(request.config(), handle(function), copies->pointers(), nullptr),
            "cuLaunchKernelEx", "launching");
      },
      repeats);
}

Result<std::int64_t> DriverDevice::time_copy(Address to, Address from, std::size_t bytes, int repeats) {
  return time_enqueued(
      [&] {
        return driver_->check(driver_->cuMemcpyDtoDAsync_v2(to, from, bytes, stream_), "cuMemcpyDtoDAsync_v2",
                              "copying on the device");
      },
      repeats);
}

Status DriverDevice::fill(Address to, std::byte value, std::size_t bytes) {
  if (driver_->cuMemsetD8Async == nullptr) return absent("cuMemsetD8Async");
  return driver_->check(driver_->cuMemsetD8Async(to, std::to_integer<unsigned char>(value), bytes, stream_),
                        "cuMemsetD8Async", fmt::format("filling {} bytes", bytes));
}

Status DriverDevice::copy(Address to, Address from, std::size_t bytes) {
  return driver_->check(driver_->cuMemcpyDtoDAsync_v2(to, from, bytes, stream_), "cuMemcpyDtoDAsync_v2",
                        fmt::format("copying {} bytes on the device", bytes));
}

Status DriverDevice::enqueue(const Work& work) {
  if (const auto* one = std::get_if<KernelLaunch>(&work)) return launch(one->function, one->shape, one->parameters);
  return std::get<Enqueue>(work)(static_cast<Stream>(reinterpret_cast<std::uintptr_t>(stream_)));
}

Result<Graph> DriverDevice::capture(std::span<const Work> sequence) {
  if (auto missing = no_graphs(*driver_)) return *missing;
  Capture capture(*driver_, stream_);
  if (auto begun = capture.begin(); !begun) return begun.error();
  for (const Work& work : sequence) {
    if (auto queued = enqueue(work); !queued) return queued.error();
  }
  auto made = capture.end();
  if (!made) return made.error();
  const auto graph = static_cast<Graph>(reinterpret_cast<std::uintptr_t>(*made));
  graphs_.insert(graph);
  return graph;
}

Status DriverDevice::queue(Graph graph) {
  return driver_->check(driver_->cuGraphLaunch(handle(graph), stream_), "cuGraphLaunch", "replaying a graph");
}

Result<std::int64_t> DriverDevice::replay(Graph graph) {
  if (!graphs_.contains(graph)) return Error{.message = "replaying a graph that was not captured here"};
  if (auto ahead = queue(graph); !ahead) return ahead.error();
  Stopwatch stopwatch(*driver_, stream_);
  if (auto started = stopwatch.start(); !started) return started.error();
  if (auto queued = queue(graph); !queued) return queued.error();
  return stopwatch.stop();
}

void DriverDevice::forget(Graph graph) {
  if (graphs_.erase(graph) != 0) driver_->cuGraphExecDestroy(handle(graph));
}

Result<int> DriverDevice::max_active_clusters(Function function, const LaunchShape& shape) {
  if (driver_->cuOccupancyMaxActiveClusters == nullptr) return absent("cuOccupancyMaxActiveClusters");
  if (auto prepared = prepare(function, shape); !prepared) return prepared.error();
  const LaunchRequest request(shape, stream_, LaunchRequest::ClusterAttribute::always);
  int clusters = 0;
  auto asked = driver_->check(driver_->cuOccupancyMaxActiveClusters(&clusters, handle(function), request.config()),
                              "cuOccupancyMaxActiveClusters", "asking for resident clusters");
  if (!asked) return asked.error();
  return clusters;
}

Result<MemoryInfo> DriverDevice::memory_info() {
  std::size_t free_bytes = 0, total_bytes = 0;
  auto asked =
      driver_->check(driver_->cuMemGetInfo_v2(&free_bytes, &total_bytes), "cuMemGetInfo_v2", "asking for memory");
  if (!asked) return asked.error();
  return MemoryInfo{.free_bytes = free_bytes, .total_bytes = total_bytes};
}

Error cannot(const char* what) { return {.message = fmt::format("this device cannot {}", what)}; }

}  // namespace

Status Device::fill(Address, std::byte, std::size_t) { return cannot("fill memory"); }
Status Device::copy(Address, Address, std::size_t) { return cannot("copy memory"); }
Status Device::enqueue(const Work&) { return cannot("enqueue work"); }
Result<Graph> Device::capture(std::span<const Work>) { return cannot("capture a graph"); }
Result<std::int64_t> Device::replay(Graph) { return cannot("replay a graph"); }

Result<std::unique_ptr<Device>> open_device(std::shared_ptr<const DriverTable> driver, int ordinal) {
  CUdevice device = 0;
  auto got = driver->check(driver->cuDeviceGet(&device, ordinal), "cuDeviceGet", fmt::format("device {}", ordinal));
  if (!got) return got.error();
  auto opened = std::make_unique<DriverDevice>(std::move(driver), device);
  if (auto ready = opened->open(); !ready) return ready.error();
  return std::unique_ptr<Device>(std::move(opened));
}

}  // namespace assay::cuda
