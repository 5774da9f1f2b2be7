#include "kernels/bench/plain_read.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assay::kernels::bench {
namespace {

template <class T>
cuda::Parameter parameter(T value) {
  cuda::Parameter bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// Of a handful of replays the shortest: enough to choose by.
Result<std::int64_t> quickest(cuda::Device& device, std::span<const cuda::Work> pass) {
  const Result<cuda::Graph> graph = device.capture(pass);
  if (!graph) return graph.error();
  Result<std::int64_t> least = device.replay(*graph);
  for (int i = 0; least && i < 5; ++i) {
    const Result<std::int64_t> took = device.replay(*graph);
    least = took ? Result<std::int64_t>(std::min(*least, *took)) : took;
  }
  device.forget(*graph);
  return least;
}

}  // namespace

std::span<const ReadForm> read_forms() {
  static const std::array<ReadForm, 4> kForms{{{"assay_plain_read_2", 2, 256},
                                               {"assay_plain_read_2", 2, 512},
                                               {"assay_plain_read_2", 2, 1024},
                                               {"assay_plain_read_4", 4, 256}}};
  return kForms;
}

Result<PlainRead> PlainRead::load(cuda::Device& device, std::span<const std::byte> image) {
  PlainRead read(device);
  const Result<cuda::Module> module = device.load(image);
  if (!module) return module.error();
  read.module_ = *module;
  Result<Block> sink = Block::allocate(device, 256);
  if (!sink) return sink.error();
  read.sink_ = *std::move(sink);
  return read;
}

PlainRead::PlainRead(PlainRead&& other) noexcept
    : device_(other.device_), module_(std::exchange(other.module_, cuda::Module{})), sink_(std::move(other.sink_)) {}

PlainRead::~PlainRead() {
  if (module_ != cuda::Module{}) device_->unload(module_);
}

Result<cuda::Work> PlainRead::read(const ReadForm& form, cuda::Address from, std::int64_t bytes) const {
  const Result<cuda::Function> function = device_->resolve(module_, form.entry);
  if (!function) return function.error();
  const auto words = static_cast<std::uint64_t>(bytes / 16), a_block = std::uint64_t{form.loads} * form.threads;
  cuda::KernelLaunch launch{.function = *function, .shape = {}, .parameters = {}};
  launch.shape.grid.x = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (words + a_block - 1) / a_block));
  launch.shape.block.x = form.threads;
  launch.parameters = {parameter(from), parameter(words), parameter(std::uint32_t{0}), parameter(sink_.address())};
  return cuda::Work(std::move(launch));
}

Result<std::vector<cuda::Work>> PlainRead::pass(const ReadForm& form, cuda::Address from, std::int64_t bytes,
                                                std::int64_t copies) const {
  std::vector<cuda::Work> launches;
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    Result<cuda::Work> one = read(form, from + static_cast<cuda::Address>(copy * bytes), bytes);
    if (!one) return one.error();
    launches.push_back(*std::move(one));
  }
  return launches;
}

Result<Contestant> PlainRead::fastest(std::string name, cuda::Address from, std::int64_t bytes,
                                      std::int64_t copies) const {
  Contestant best{.name = std::move(name), .pass = {}, .launches = copies};
  std::int64_t least = 0;
  for (const ReadForm& form : read_forms()) {
    Result<std::vector<cuda::Work>> candidate = pass(form, from, bytes, copies);
    if (!candidate) return candidate.error();
    const Result<std::int64_t> took = quickest(*device_, *candidate);
    if (!took) return took.error();
    if (!best.pass.empty() && *took >= least) continue;
    least = *took;
    best.pass = *std::move(candidate);
  }
  return best;
}

Result<Contestant> PlainRead::of_copies(const Placement& placement) const {
  return fastest("plain read", placement.streamed(), placement.stride(), placement.copies());
}

Result<Contestant> PlainRead::of_all(const Placement& placement) const {
  return fastest("plain read of everything", placement.streamed(), placement.stride() * placement.copies(), 1);
}

Result<std::int64_t> copy_bandwidth(cuda::Device& device, const Placement& placement) {
  constexpr std::int64_t kMost = std::int64_t{256} << 20;
  constexpr int kRepeats = 8;
  const std::int64_t bytes = std::min(kMost, placement.stride() * placement.copies());
  const Result<Block> to = Block::allocate(device, bytes);
  if (!to) return to.error();
  std::int64_t least = 0;
  for (int i = 0; i < 5; ++i) {
    const Result<std::int64_t> took =
        device.time_copy(to->address(), placement.streamed(), static_cast<std::size_t>(bytes), kRepeats);
    if (!took) return took.error();
    if (least == 0 || *took < least) least = *took;
  }
  if (least <= 0) return Error{"copies took no time at all"};
  return static_cast<std::int64_t>(2.0 * static_cast<double>(bytes) * kRepeats * 1e9 / static_cast<double>(least));
}

}  // namespace assay::kernels::bench
