// Problems by name, and those that `assay run` asks of every row: a few small ones with ragged edges, whose every
// element is compared, and a few of real models' sizes, of which a sample is. Tested by tests/kernels/problems_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernels/kernel.h"

namespace assay::kernels {

/// "m8 n4096 k4096 bf16", then " bias" or " gated": the variant in records. Without what the operation does not have:
/// "n4096 k4096", "m8 k4096 bf16".
std::string name_of(Operation, const Problem&);

/// The row's problem of that name.
std::optional<Problem> problem_named(const Kernel&, std::string_view name);

/// Words for people: "y = x W^T, W in NVFP4".
std::string_view words(Operation);
/// What a row is held against, and how far from it an output may be; one line each.
std::string_view reference_of(Operation);
std::string_view bound_of(Operation);
std::string_view word(Lane);
std::string_view word(Activation);
/// "codes", "packed_scales".
std::string_view word(Role);

/// Why no product row takes such sizes: M beyond what the row takes, no N or K, K no multiple of 16, a bias beside a
/// gated pair.
std::optional<std::string> refused_product(const Problem&, std::int64_t most_tokens);

/// For products of few rows, of many, and for the two operations around them.
std::span<const Problem> decode_problems();
std::span<const Problem> gemm_problems();
std::span<const Problem> prepare_problems();
std::span<const Problem> quantize_problems();

/// Outputs up to which every element of a product is compared.
inline constexpr std::int64_t kSmallOutput = 8192;

/// Whether every element is compared, or a sample.
inline bool is_small(const Problem& problem) {
  return problem.m * problem.n <= kSmallOutput && problem.m * problem.n * problem.k <= (std::int64_t{1} << 24);
}

}  // namespace assay::kernels
