#include "kernels/bench/own_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "kernels/bench/judge.h"
#include "kernels/nvfp4/formats.h"

namespace assay::kernels::bench {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kLargestFile = std::size_t{1} << 33;

template <class Draw>
Bytes bf16_of(std::int64_t bytes, Draw draw) {
  Bytes content(static_cast<std::size_t>(bytes));
  for (std::size_t at = 0; at + 2 <= content.size(); at += 2) {
    const std::uint16_t code = nvfp4::bf16_nearest(draw());
    std::memcpy(content.data() + at, &code, 2);
  }
  return content;
}

template <class Draw>
Bytes bytes_of(std::int64_t bytes, Draw draw) {
  Bytes content(static_cast<std::size_t>(bytes));
  for (std::byte& one : content) one = static_cast<std::byte>(draw());
  return content;
}

/// What a buffer holds that is neither a file nor the operation's: drawn from its position.
Bytes drawn(const BufferSpec& buffer, std::size_t position) {
  std::mt19937_64 engine(100 + position);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform(-1, 1);
  switch (buffer.generator) {
    case Generator::uniform_bf16:
      return bf16_of(buffer.bytes, [&] { return uniform(engine); });
    case Generator::gaussian_bf16:
      return bf16_of(buffer.bytes, [&] { return normal(engine); });
    case Generator::random_bytes:
      return bytes_of(buffer.bytes, [&] { return engine() >> 56; });
    case Generator::e4m3_scales:
      return bytes_of(buffer.bytes, [&] { return 0x18 + (engine() >> 32) % 0x48; });
    default:
      return {};
  }
}

Use use_of(Generator generator) {
  if (generator == Generator::zeros) return Use::kept;
  const bool small = generator == Generator::poison || generator == Generator::x || generator == Generator::y ||
                     generator == Generator::bias;
  return small ? Use::operand : Use::streamed;
}

const Bytes* of_product(Generator generator, const Inputs& inputs) {
  switch (generator) {
    case Generator::codes:
      return &inputs.codes;
    case Generator::scales:
      return &inputs.scales;
    case Generator::x:
      return &inputs.x;
    case Generator::bias:
      return &inputs.bias;
    default:
      return nullptr;
  }
}

const Problem* problem_of(const Manifest& manifest) {
  const auto* claim = std::get_if<ProductClaim>(&manifest.operation);
  return claim == nullptr ? nullptr : &claim->problem;
}

class Making {
 public:
  explicit Making(const Manifest& manifest) : manifest_(manifest) {}

  Result<OwnKernel> run(const MakeImage& make_image) {
    if (const Problem* problem = problem_of(manifest_)) kernel_.inputs = draw_inputs(*problem);
    for (std::size_t i = 0; i < manifest_.buffers.size(); ++i)
      if (Status s = add_array(manifest_.buffers[i], i); !s) return s.error();
    if (Status s = add_image(make_image); !s) return s.error();
    add_step();
    count_work();
    return std::move(kernel_);
  }

 private:
  Status add_array(const BufferSpec& buffer, std::size_t position) {
    Array array{.name = buffer.name, .bytes = static_cast<std::size_t>(buffer.bytes), .use = use_of(buffer.generator)};
    if (const Bytes* content = of_product(buffer.generator, kernel_.inputs)) array.content = *content;
    if (buffer.generator == Generator::file) {
      Result<Bytes> content = read_bytes(manifest_.folder / buffer.file, kLargestFile);
      if (!content) return content.error();
      array.content = *std::move(content);
    }
    if (array.content.empty()) array.content = drawn(buffer, position);
    if (!array.content.empty()) array.bytes = array.content.size();
    if (buffer.generator == Generator::y) {
      const Problem& problem = *problem_of(manifest_);
      array.bytes = static_cast<std::size_t>(2 * problem.m * problem.n);
      work().output = position;
    }
    if (array.bytes == 0) return Error{fmt::format("buffer '{}' has no byte", buffer.name)};
    const bool written = buffer.generator == Generator::y || buffer.generator == Generator::poison;
    if (written) array.filler = std::byte{0xff};
    work().arrays.push_back(std::move(array));
    return ok();
  }

  Status add_image(const MakeImage& make_image) {
    const Result<std::string> content = read_file(manifest_.folder / manifest_.source);
    if (!content) return content.error();
    Result<Bytes> image = make_image(manifest_, *content);
    if (!image) return image.error();
    work().images.push_back(*std::move(image));
    return ok();
  }

  void add_step() {
    Step step{.image = 0, .entry = manifest_.entry, .shape = manifest_.shape, .slots = {}};
    for (const ParameterSpec& parameter : manifest_.parameters) step.slots.push_back(slot_of(parameter));
    work().steps.push_back(std::move(step));
  }
  Slot slot_of(const ParameterSpec& parameter) const {
    if (const auto* address = std::get_if<BufferAddress>(&parameter)) return ArrayAddress{address->buffer};
    if (const auto* value = std::get_if<Value>(&parameter)) return value->bytes;
    cuda::Parameter bytes(4);
    const auto matrix = static_cast<std::size_t>(std::get<TensorScale>(parameter).matrix);
    std::memcpy(bytes.data(), &kernel_.inputs.tensor_scales[matrix], 4);
    return bytes;
  }

  /// Of a file's operation all that is known is how many bytes there are.
  void count_work() {
    if (const Problem* problem = problem_of(manifest_)) {
      work().bytes = product_bytes(*problem);
      work().operations = product_operations(*problem);
      return;
    }
    work().output = std::get<ExpectedFile>(manifest_.operation).output;
    for (const Array& array : work().arrays)
      if (array.use != Use::kept) work().bytes += static_cast<std::int64_t>(array.bytes);
  }

  Workload& work() { return kernel_.workload; }

  const Manifest& manifest_;
  OwnKernel kernel_;
};

std::vector<double> values_of(std::span<const std::byte> bytes, ElementKind kind) {
  const std::size_t size = kind == ElementKind::f32 ? 4 : 2;
  std::vector<double> values(bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    float single = 0;
    std::uint16_t half = 0;
    std::memcpy(size == 4 ? static_cast<void*>(&single) : &half, bytes.data() + i * size, size);
    if (kind == ElementKind::bf16) single = nvfp4::bf16_value(half);
    if (kind == ElementKind::f16) single = nvfp4::f16_value(half);
    values[i] = single;
  }
  return values;
}

double millionths(std::int64_t parts) { return static_cast<double>(parts) * 1e-6; }

class FileOracle final : public Oracle {
 public:
  FileOracle(Bytes expected, ElementKind kind, const std::optional<Tolerance>& tolerance)
      : expected_(std::move(expected)), kind_(kind), tolerance_(tolerance) {}

  Result<Opinion> judge(std::span<const std::byte> output) override {
    if (output.size() != expected_.size())
      return Error{fmt::format("the output has {} bytes, the expected file {}", output.size(), expected_.size())};
    return tolerance_ ? judge_values(output) : judge_bits(output);
  }

 private:
  Opinion judge_bits(std::span<const std::byte> output) const {
    const auto [observed, expected] = std::ranges::mismatch(output, expected_);
    if (observed == output.end()) return {};
    return {.complaint = fmt::format("byte {} is {:#04x}, the file has {:#04x}", observed - output.begin(),
                                     std::to_integer<unsigned>(*observed), std::to_integer<unsigned>(*expected))};
  }
  Opinion judge_values(std::span<const std::byte> output) const {
    const Bounds bounds{.relative = millionths(tolerance_->relative_ppm),
                        .of_slack = 0,
                        .absolute = millionths(tolerance_->absolute_ppm),
                        .frobenius = millionths(tolerance_->frobenius_ppm)};
    const std::vector<double> values = values_of(expected_, kind_);
    Judgement judgement;
    bench::judge(values_of(output, kind_), values, {}, bounds, 0, judgement);
    return {.complaint = bench::complaint(judgement, static_cast<std::int64_t>(values.size()), bounds),
            .relative_error = judgement.relative_error(),
            .worst = judgement.worst};
  }

  Bytes expected_;
  ElementKind kind_;
  std::optional<Tolerance> tolerance_;
};

/// The operation's bounds, or the manifest's in their place. What float32 sums may lose stays allowed.
Bounds bounds_for(const Manifest& manifest, const Problem& problem) {
  Bounds bounds = bounds_of(problem);
  if (!manifest.tolerance) return bounds;
  bounds.relative = millionths(manifest.tolerance->relative_ppm);
  bounds.absolute = millionths(manifest.tolerance->absolute_ppm);
  bounds.frobenius = millionths(manifest.tolerance->frobenius_ppm);
  return bounds;
}

}  // namespace

Result<OwnKernel> own_kernel(const Manifest& manifest, const MakeImage& make_image) {
  return Making(manifest).run(make_image);
}

Result<std::unique_ptr<Oracle>> file_oracle(const Manifest& manifest) {
  const auto& expected = std::get<ExpectedFile>(manifest.operation);
  const std::int64_t bytes = manifest.buffers[expected.output].bytes;
  Result<Bytes> content = read_bytes(manifest.folder / expected.file, kLargestFile);
  if (!content) return content.error();
  if (static_cast<std::int64_t>(content->size()) != bytes)
    return Error{fmt::format("{}: {} bytes, the output '{}' has {}", expected.file, content->size(),
                             manifest.buffers[expected.output].name, bytes)};
  return std::unique_ptr<Oracle>(
      std::make_unique<FileOracle>(*std::move(content), expected.elements, manifest.tolerance));
}

Result<Measured> measure_own(const Manifest& manifest, const MakeImage& make_image, const BenchTools& tools,
                             const TurnOptions& options) {
  const Result<OwnKernel> kernel = own_kernel(manifest, make_image);
  if (!kernel) return kernel.error();
  if (const Problem* problem = problem_of(manifest))
    return measure_product(kernel->workload, kernel->inputs, *problem, bounds_for(manifest, *problem), tools, options);
  const auto oracle = file_oracle(manifest);
  if (!oracle) return oracle.error();
  return measure_alone(kernel->workload, **oracle, tools, options);
}

}  // namespace assay::kernels::bench
