// A device that hands everything on to another one; what a test wants to see or to change is overridden.
#pragma once

#include "harness/cuda/device.h"

namespace assay::test {

class ForwardingDevice : public cuda::Device {
 public:
  explicit ForwardingDevice(cuda::Device& real) : real_(real) {}

  Result<cuda::Module> load(std::span<const std::byte> image) override { return real_.load(image); }
  std::string load_log(cuda::Module module) const override { return real_.load_log(module); }
  void unload(cuda::Module module) override { real_.unload(module); }
  Result<cuda::Function> resolve(cuda::Module module, std::string_view entry) override {
    return real_.resolve(module, entry);
  }
  Result<cuda::Address> allocate(std::size_t bytes) override { return real_.allocate(bytes); }
  Status release(cuda::Address base) override { return real_.release(base); }
  Status write(cuda::Address to, std::span<const std::byte> bytes) override { return real_.write(to, bytes); }
  Status read(cuda::Address from, std::span<std::byte> out) override { return real_.read(from, out); }
  Result<cuda::TensorMap> encode(const cuda::TiledMap& map, cuda::Address base) override {
    return real_.encode(map, base);
  }
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    return real_.launch(function, shape, parameters);
  }
  Status synchronize() override { return real_.synchronize(); }
  Result<std::int64_t> time(cuda::Function function, const cuda::LaunchShape& shape,
                            std::span<const cuda::Parameter> parameters, int repeats) override {
    return real_.time(function, shape, parameters, repeats);
  }
  Result<std::int64_t> time_copy(cuda::Address to, cuda::Address from, std::size_t bytes, int repeats) override {
    return real_.time_copy(to, from, bytes, repeats);
  }
  Status fill(cuda::Address to, std::byte value, std::size_t bytes) override { return real_.fill(to, value, bytes); }
  Status copy(cuda::Address to, cuda::Address from, std::size_t bytes) override { return real_.copy(to, from, bytes); }
  Status enqueue(const cuda::Work& work) override { return real_.enqueue(work); }
  Result<cuda::Graph> capture(std::span<const cuda::Work> sequence) override { return real_.capture(sequence); }
  Result<std::int64_t> replay(cuda::Graph graph) override { return real_.replay(graph); }
  void forget(cuda::Graph graph) override { real_.forget(graph); }
  Result<int> max_active_clusters(cuda::Function function, const cuda::LaunchShape& shape) override {
    return real_.max_active_clusters(function, shape);
  }
  Result<cuda::MemoryInfo> memory_info() override { return real_.memory_info(); }

 private:
  cuda::Device& real_;
};

}  // namespace assay::test
