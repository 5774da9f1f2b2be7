#include "kernels/bench/product_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace assay::kernels::bench {
namespace {

constexpr std::int64_t kOutputsAStretch = std::int64_t{1} << 22;
constexpr std::int64_t kThreads = 128;
/// Outputs of a stretch that the host computes too.
constexpr std::int64_t kSample = 16;

template <class T>
cuda::Parameter parameter(T value) {
  cuda::Parameter bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// Device and host add in the same order, so that they differ by contractions alone.
bool agrees(const Expected& host, double value, double slack) {
  const double allowed = 1e-11 * host.slack;
  return std::abs(host.value - value) <= allowed && std::abs(host.slack - slack) <= allowed;
}

}  // namespace

Result<std::unique_ptr<ProductOracle>> ProductOracle::make(cuda::Device& device, std::span<const std::byte> image,
                                                           const Inputs& inputs, const Problem& problem,
                                                           const Bounds& bounds) {
  std::unique_ptr<ProductOracle> oracle(new ProductOracle(device, inputs, problem, bounds));
  if (Status s = oracle->place(image); !s) return s.error();
  return oracle;
}

ProductOracle::~ProductOracle() {
  if (module_ != cuda::Module{}) device_.unload(module_);
}

Status ProductOracle::put(Block& block, std::span<const std::byte> content) {
  if (content.empty()) return ok();
  Result<Block> allocated = Block::allocate(device_, static_cast<std::int64_t>(content.size()));
  if (!allocated) return allocated.error();
  block = *std::move(allocated);
  return device_.write(block.address(), content);
}

std::int64_t ProductOracle::tokens_a_stretch() const {
  return std::clamp<std::int64_t>(kOutputsAStretch / problem_.n, 1, problem_.m);
}

Status ProductOracle::place(std::span<const std::byte> image) {
  const Result<cuda::Module> module = device_.load(image);
  if (!module) return module.error();
  module_ = *module;
  const Result<cuda::Function> function = device_.resolve(module_, "assay_reference");
  if (!function) return function.error();
  function_ = *function;
  if (Status s = put(codes_, inputs_.codes); !s) return s;
  if (Status s = put(scales_, inputs_.scales); !s) return s;
  if (Status s = put(x_, inputs_.x); !s) return s;
  if (Status s = put(bias_, inputs_.bias); !s) return s;
  for (Block* block : {&values_block_, &slacks_block_}) {
    Result<Block> allocated = Block::allocate(device_, 8 * tokens_a_stretch() * problem_.n);
    if (!allocated) return allocated.error();
    *block = *std::move(allocated);
  }
  return ok();
}

Status ProductOracle::compute(std::int64_t first_token, std::int64_t tokens) {
  const std::int64_t outputs = tokens * problem_.n;
  const auto x = x_.address() + static_cast<cuda::Address>(2 * first_token * problem_.k);
  const std::vector<cuda::Parameter> parameters{
      parameter(codes_.address()),
      parameter(scales_.address()),
      parameter(x),
      parameter(bias_.address()),
      parameter(values_block_.address()),
      parameter(slacks_block_.address()),
      parameter(tokens),
      parameter(problem_.n),
      parameter(problem_.k),
      parameter(static_cast<double>(inputs_.tensor_scales[0])),
      parameter(static_cast<double>(inputs_.tensor_scales[1])),
      parameter(static_cast<std::int32_t>(problem_.activation == Activation::f16)),
      parameter(static_cast<std::int32_t>(problem_.gated))};
  cuda::LaunchShape shape;
  shape.grid.x = static_cast<std::uint32_t>((outputs + kThreads - 1) / kThreads);
  shape.block.x = kThreads;
  if (Status s = device_.launch(function_, shape, parameters); !s) return s;
  if (Status s = device_.synchronize(); !s) return s;
  values_.resize(static_cast<std::size_t>(outputs));
  slacks_.resize(values_.size());
  if (Status s = device_.read(values_block_.address(), std::as_writable_bytes(std::span(values_))); !s) return s;
  return device_.read(slacks_block_.address(), std::as_writable_bytes(std::span(slacks_)));
}

Status ProductOracle::check_sample(std::int64_t first_token, std::int64_t tokens) const {
  const std::int64_t outputs = tokens * problem_.n, step = std::max<std::int64_t>(1, outputs / kSample);
  for (std::int64_t at = step / 2; at < outputs; at += step) {
    const Expected host = expected_output(inputs_, problem_, first_token + at / problem_.n, at % problem_.n);
    const double value = values_[static_cast<std::size_t>(at)], slack = slacks_[static_cast<std::size_t>(at)];
    if (!agrees(host, value, slack))
      return Error{
          fmt::format("the reference on the device is wrong: token {}, output {} is {:.17g}, the host has {:.17g}",
                      first_token + at / problem_.n, at % problem_.n, value, host.value)};
  }
  return ok();
}

Result<Opinion> ProductOracle::judge(std::span<const std::byte> output) {
  Judgement judgement;
  std::vector<std::uint16_t> codes(output.size() / 2);
  std::memcpy(codes.data(), output.data(), 2 * codes.size());
  for (std::int64_t token = 0; token < problem_.m; token += tokens_a_stretch()) {
    const std::int64_t tokens = std::min(tokens_a_stretch(), problem_.m - token), first = token * problem_.n;
    if (Status s = compute(token, tokens); !s) return s.error();
    if (Status s = check_sample(token, tokens); !s) return s.error();
    const auto from = std::min(static_cast<std::size_t>(first), codes.size());
    const auto count = std::min(values_.size(), codes.size() - from);
    const std::vector<double> observed = values_of(std::span(codes).subspan(from, count), problem_.activation);
    bench::judge(observed, values_, slacks_, bounds_, first, judgement);
  }
  return Opinion{.complaint = bench::complaint(judgement, problem_.m * problem_.n, bounds_),
                 .relative_error = judgement.relative_error(),
                 .worst = judgement.worst};
}

}  // namespace assay::kernels::bench
