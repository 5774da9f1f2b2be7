#include "kernels/bench/product.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "kernels/bench/product_oracle.h"
#include "kernels/bench/texts.h"

namespace assay::kernels::bench {
namespace {

using Image = std::vector<std::byte>;

Result<Image> compile_own(const Compile& compile, std::string_view stem) {
  const auto texts = bench_texts();
  const auto found = std::ranges::find(texts, stem, &EmbeddedText::stem);
  return compile(found->text, std::string(stem) + ".cu");
}

// The peer's arrays, in order.
enum PeerArray : std::size_t { kCodes, kScales, kWeights, kX, kY };

template <class T>
cuda::Parameter parameter(T value) {
  cuda::Parameter bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Step expand_step(std::size_t code_bytes) {
  constexpr std::size_t kThreads = 256;
  Step step{.image = 0,
            .entry = "assay_expand",
            .shape = {},
            .slots = {ArrayAddress{kCodes}, ArrayAddress{kScales}, ArrayAddress{kWeights},
                      parameter(static_cast<std::uint64_t>(code_bytes))}};
  step.shape.grid.x = static_cast<std::uint32_t>((code_bytes + kThreads - 1) / kThreads);
  step.shape.block.x = kThreads;
  return step;
}

/// What multiplies BF16 by BF16 and nothing else.
bool has_peer(const Problem& problem) {
  return problem.activation == Activation::bf16 && !problem.bias && !problem.gated;
}

/// cuBLAS with the workspace that it needs for as long.
struct OpenBlas {
  Block workspace;
  std::unique_ptr<cuda::Blas> blas;
};

Result<OpenBlas> open_with_workspace(cuda::Device& device) {
  OpenBlas opened;
  Result<Block> workspace = Block::allocate(device, cuda::kBlasWorkspaceBytes);
  if (!workspace) return workspace.error();
  opened.workspace = *std::move(workspace);
  Result<std::unique_ptr<cuda::Blas>> blas = cuda::open_blas(opened.workspace.address());
  if (!blas) return blas.error();
  opened.blas = *std::move(blas);
  return opened;
}

Peer blas_peer(cuda::Blas& blas, cuda::Reductions reductions, const Workload& workload, const Inputs& inputs,
               const Problem& problem) {
  return {.name = fmt::format("cuBLAS {} BF16{}", blas.identity().version,
                              reductions == cuda::Reductions::any ? "" : ", float32 reductions"),
          .workload = &workload,
          .work = [&blas, &problem, reductions, alpha = inputs.tensor_scales[0]](const Placement& placement,
                                                                                 std::int64_t copy) {
            return cuda::Work(blas.product({.m = problem.m,
                                            .n = problem.n,
                                            .k = problem.k,
                                            .x = placement.at(kX, copy),
                                            .w = placement.at(kWeights, copy),
                                            .y = placement.at(kY, copy),
                                            .alpha = alpha},
                                           reductions));
          }};
}

MeasureTools measure_tools(const BenchTools& tools, const Image& plain_read) {
  return {.device = tools.device, .nvml = tools.nvml, .rotate_bytes = tools.rotate_bytes, .plain_read = plain_read};
}

Result<Measured> beside_blas(const Workload& workload, const Inputs& inputs, const Problem& problem, Oracle& oracle,
                             const BenchTools& tools, const MeasureTools& measuring, const TurnOptions& options) {
  const Result<OpenBlas> opened = open_with_workspace(tools.device);
  const Result<Workload> arrays = peer_workload(inputs, problem, tools.compile);
  if (!arrays) return arrays.error();
  if (!opened) {
    Result<Measured> alone = measure(workload, oracle, {}, measuring, options);
    if (alone) alone->peer = Beside{.name = "cuBLAS", .spread = {}, .timed = {}, .why_not = opened.error().message};
    return alone;
  }
  // As people run it; where that misses the bounds that the kernel is held to, with sums that meet them.
  const std::array peers{blas_peer(*opened->blas, cuda::Reductions::any, *arrays, inputs, problem),
                         blas_peer(*opened->blas, cuda::Reductions::float32, *arrays, inputs, problem)};
  return measure(workload, oracle, peers, measuring, options);
}

}  // namespace

Result<Workload> peer_workload(const Inputs& inputs, const Problem& problem, const Compile& compile) {
  Result<Image> image = compile_own(compile, "expand");
  if (!image) return image.error();
  const auto outputs = static_cast<std::size_t>(problem.m * problem.n);
  Workload work;
  work.arrays = {{.name = "codes", .bytes = inputs.codes.size(), .use = Use::kept, .content = inputs.codes},
                 {.name = "scales", .bytes = inputs.scales.size(), .use = Use::kept, .content = inputs.scales},
                 {.name = "weights", .bytes = 4 * inputs.codes.size(), .use = Use::streamed, .content = {}},
                 {.name = "x", .bytes = inputs.x.size(), .use = Use::operand, .content = inputs.x},
                 {.name = "y", .bytes = 2 * outputs, .use = Use::operand, .content = {}, .filler = std::byte{0xff}}};
  work.images.push_back(*std::move(image));
  work.once.push_back(expand_step(inputs.codes.size()));
  work.output = kY;
  return work;
}

Result<Measured> measure_product(const Workload& workload, const Inputs& inputs, const Problem& problem,
                                 const Bounds& bounds, const BenchTools& tools, const TurnOptions& options) {
  const Result<Image> reference = compile_own(tools.compile, "reference");
  if (!reference) return reference.error();
  const Result<Image> plain_read = compile_own(tools.compile, "plain_read");
  if (!plain_read) return plain_read.error();
  const auto oracle = ProductOracle::make(tools.device, *reference, inputs, problem, bounds);
  if (!oracle) return oracle.error();
  const MeasureTools measuring = measure_tools(tools, *plain_read);
  if (tools.with_peer && has_peer(problem))
    return beside_blas(workload, inputs, problem, **oracle, tools, measuring, options);
  return measure(workload, **oracle, {}, measuring, options);
}

Result<Measured> measure_alone(const Workload& workload, Oracle& oracle, const BenchTools& tools,
                               const TurnOptions& options) {
  const Result<Image> plain_read = compile_own(tools.compile, "plain_read");
  if (!plain_read) return plain_read.error();
  return measure(workload, oracle, {}, measure_tools(tools, *plain_read), options);
}

}  // namespace assay::kernels::bench
