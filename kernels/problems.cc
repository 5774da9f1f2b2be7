#include "kernels/problems.h"

#include <array>

#include <fmt/format.h>

namespace assay::kernels {
namespace {

constexpr Problem kDecode[] = {
    {.m = 1, .n = 48, .k = 80},
    {.m = 3, .n = 72, .k = 208, .activation = Activation::f16, .bias = true},
    {.m = 5, .n = 40, .k = 336, .gated = true},
    {.m = 16, .n = 160, .k = 512, .bias = true},
    {.m = 1, .n = 4096, .k = 4096},
    {.m = 8, .n = 4096, .k = 4096, .activation = Activation::f16},
    {.m = 4, .n = 7168, .k = 2048, .gated = true},
};

constexpr Problem kGemm[] = {
    {.m = 17, .n = 72, .k = 80},
    {.m = 65, .n = 104, .k = 208, .activation = Activation::f16, .bias = true},
    {.m = 33, .n = 136, .k = 336, .gated = true},
    {.m = 128, .n = 64, .k = 512, .bias = true},
    {.m = 128, .n = 4096, .k = 4096},
    {.m = 512, .n = 2048, .k = 4096, .activation = Activation::f16},
    {.m = 200, .n = 3584, .k = 2048, .gated = true},
};

constexpr Problem kPrepare[] = {
    {.n = 16, .k = 16}, {.n = 40, .k = 80}, {.n = 72, .k = 336, .gated = true}, {.n = 4096, .k = 4096}};

constexpr Problem kQuantize[] = {{.m = 1, .k = 16}, {.m = 37, .k = 208}, {.m = 130, .k = 1040}, {.m = 512, .k = 4096}};

}  // namespace

std::string_view word(Lane lane) {
  switch (lane) {
    case Lane::portable:
      return "portable";
    case Lane::wgmma:
      return "wgmma";
    case Lane::block_scaled_mma:
      return "block-scaled-mma";
    case Lane::tcgen05:
      break;
  }
  return "tcgen05";
}

std::string_view word(Activation type) { return type == Activation::bf16 ? "bf16" : "f16"; }

std::string_view word(Role role) {
  constexpr std::array<std::string_view, 10> kWords = {"codes", "scales", "weights",       "x",         "y",
                                                       "bias",  "packed", "packed_scales", "workspace", "scratch"};
  return kWords.at(static_cast<std::size_t>(role));
}

std::string_view words(Operation operation) {
  switch (operation) {
    case Operation::w4a16_product:
      return "y = x W^T + bias, or silu(gate) * up; x in BF16 or FP16, W in NVFP4";
    case Operation::prepare_weights:
      return "NVFP4 weights to the order that products read";
    case Operation::quantize_activations:
      break;
  }
  return "x in BF16 to NVFP4 codes and tiled scales";
}

std::string_view reference_of(Operation operation) {
  switch (operation) {
    case Operation::w4a16_product:
      return "the product in float64 (kernels/w4a16_reference.h)";
    case Operation::prepare_weights:
      return "the fragment order by the host (kernels/fragment_order.h)";
    case Operation::quantize_activations:
      break;
  }
  return "NVFP4's formulas in float32 by the host (kernels/nvfp4/block.h)";
}

std::string_view bound_of(Operation operation) {
  if (operation == Operation::w4a16_product)
    return "|y' - y| <= u |y| + K 2^-23 sum|terms| for every compared element, u = 2^-8 (BF16) or 2^-11 (FP16); "
           "relative "
           "Frobenius error at most 2e-3; inputs of exact range bit for bit; a second launch bit for bit";
  return "every byte equal; a second launch bit for bit";
}

std::string name_of(Operation operation, const Problem& problem) {
  const std::string_view gated = problem.gated ? " gated" : "";
  switch (operation) {
    case Operation::w4a16_product:
      return fmt::format("m{} n{} k{} {}{}{}", problem.m, problem.n, problem.k, word(problem.activation),
                         problem.bias ? " bias" : "", gated);
    case Operation::prepare_weights:
      return fmt::format("n{} k{}{}", problem.n, problem.k, gated);
    case Operation::quantize_activations:
      break;
  }
  return fmt::format("m{} k{} {}", problem.m, problem.k, word(problem.activation));
}

std::optional<Problem> problem_named(const Kernel& kernel, std::string_view name) {
  for (const Problem& problem : kernel.problems)
    if (name_of(kernel.operation, problem) == name) return problem;
  return std::nullopt;
}

std::optional<std::string> refused_product(const Problem& problem, std::int64_t most_tokens) {
  constexpr std::int64_t kMost = 1 << 24;
  if (problem.m < 1 || problem.m > most_tokens)
    return fmt::format("M is {}; it must be 1 to {}", problem.m, most_tokens);
  if (problem.n < 1 || problem.n > kMost) return fmt::format("N is {}; it must be 1 to 2^24", problem.n);
  if (problem.k < 16 || problem.k % 16 != 0 || problem.k > kMost)
    return fmt::format("K is {}; it must be a multiple of 16, at most 2^24", problem.k);
  if (problem.bias && problem.gated) return "a gated pair takes no bias";
  return std::nullopt;
}

std::span<const Problem> decode_problems() { return kDecode; }
std::span<const Problem> gemm_problems() { return kGemm; }
std::span<const Problem> prepare_problems() { return kPrepare; }
std::span<const Problem> quantize_problems() { return kQuantize; }

}  // namespace assay::kernels
