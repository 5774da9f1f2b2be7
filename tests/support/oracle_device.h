// A device that answers as a right GPU would: it recognises a launch by entry and inputs, and writes what the probe's
// own oracle expects. What a test wants to go wrong is overridden.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "harness/cuda/device.h"
#include "harness/gate/probe.h"

namespace assay::test {

class OracleDevice : public cuda::Device {
 public:
  /// The cases that it can answer, usually those of the probe and of the copy control.
  explicit OracleDevice(std::vector<gate::Case> known) : known_(std::move(known)) {}

  static std::vector<gate::Case> all_cases(const gate::Probe& probe, const gate::Probe& copy) {
    std::vector<gate::Case> cases = probe.cases;
    cases.push_back(probe.negative);
    cases.insert(cases.end(), copy.cases.begin(), copy.cases.end());
    return cases;
  }

  Result<cuda::Module> load(std::span<const std::byte>) override { return cuda::Module{1}; }
  void unload(cuda::Module) override {}
  Result<cuda::Function> resolve(cuda::Module, std::string_view entry) override {
    entries_.emplace_back(entry);
    return static_cast<cuda::Function>(entries_.size());
  }

  Result<cuda::Address> allocate(std::size_t bytes) override {
    const cuda::Address base = next_;
    next_ += (bytes + 511) / 256 * 256;
    memory_[base].resize(bytes);
    return base;
  }
  Status release(cuda::Address base) override {
    memory_.erase(base);
    return ok();
  }
  Status write(cuda::Address to, std::span<const std::byte> bytes) override {
    std::ranges::copy(bytes, at(to));
    return ok();
  }
  Status read(cuda::Address from, std::span<std::byte> out) override {
    std::copy_n(at(from), out.size(), out.begin());
    return ok();
  }
  Result<cuda::TensorMap> encode(const cuda::TiledMap&, cuda::Address base) override {
    cuda::TensorMap map;
    std::memcpy(map.bytes.data(), &base, sizeof base);
    return map;
  }

  Status launch(cuda::Function function, const cuda::LaunchShape&,
                std::span<const cuda::Parameter> parameters) override {
    const std::string& entry = entries_[static_cast<std::size_t>(function) - 1];
    for (const gate::Case& one : known_)
      if (one.entry == entry && answer(one, parameters)) return ok();
    return Error{"the test's device does not know this launch of " + entry};
  }
  Status synchronize() override { return ok(); }
  Result<std::int64_t> time(cuda::Function, const cuda::LaunchShape&, std::span<const cuda::Parameter>, int) override {
    return 1000;
  }
  Result<std::int64_t> time_copy(cuda::Address, cuda::Address, std::size_t, int) override { return 1000; }
  Result<int> max_active_clusters(cuda::Function, const cuda::LaunchShape&) override { return 1; }
  Result<cuda::MemoryInfo> memory_info() override { return cuda::MemoryInfo{1u << 30, 1u << 30}; }

 protected:
  /// Where the bytes of an address lie; the address may point into a block.
  std::vector<std::byte>::iterator at(cuda::Address address) {
    auto block = std::prev(memory_.upper_bound(address));
    return block->second.begin() + static_cast<std::ptrdiff_t>(address - block->first);
  }

 private:
  static cuda::Address address_in(const cuda::Parameter& parameter) {
    cuda::Address address = 0;
    std::memcpy(&address, parameter.data(), sizeof address);
    return address;
  }

  /// Addresses of the case's buffers by argument position; empty if the parameters are not this case's.
  std::map<std::size_t, cuda::Address> match(const gate::Case& one, std::span<const cuda::Parameter> parameters) {
    std::map<std::size_t, cuda::Address> places;
    std::size_t next = 0;
    for (std::size_t i = 0; i < one.arguments.size(); ++i) {
      if (std::ranges::find(one.hidden, i) != one.hidden.end()) continue;
      if (next == parameters.size()) return {};
      const cuda::Parameter& parameter = parameters[next++];
      if (const auto* scalar = std::get_if<gate::Scalar>(&one.arguments[i])) {
        if (scalar->bytes != parameter) return {};
      } else if (const auto* map = std::get_if<gate::MapArgument>(&one.arguments[i])) {
        places[map->buffer] = address_in(parameter);
      } else {
        places[i] = address_in(parameter);
      }
    }
    for (const auto& [position, address] : places) {
      const auto* input = std::get_if<gate::Input>(&one.arguments[position]);
      if (input != nullptr && !std::equal(input->bytes.begin(), input->bytes.end(), at(address))) return {};
    }
    return next == parameters.size() ? places : std::map<std::size_t, cuda::Address>{};
  }

  bool answer(const gate::Case& one, std::span<const cuda::Parameter> parameters) {
    const auto places = match(one, parameters);
    for (const auto& [position, address] : places)
      if (const auto* output = std::get_if<gate::Output>(&one.arguments[position]))
        std::ranges::copy(output->expected, at(address));
    return !places.empty();
  }

  std::vector<gate::Case> known_;
  std::vector<std::string> entries_;
  std::map<cuda::Address, std::vector<std::byte>> memory_;
  cuda::Address next_ = 1u << 20;
};

}  // namespace assay::test
