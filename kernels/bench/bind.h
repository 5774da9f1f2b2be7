// A row of the catalogue as a workload: roles become arrays with inputs in them, texts become images.
// Tested by tests/bench/bind_test.cc.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "kernels/bench/inputs.h"
#include "kernels/bench/workload.h"
#include "kernels/kernel.h"

namespace assay::kernels::bench {

/// CUDA C++ to an image that the device's driver loads; `name` for logs. Error: the compiler's refusal.
using Compile = std::function<Result<std::vector<std::byte>>(std::string_view source, std::string_view name)>;

/// `prepare` makes the weights that the plan reads, if it reads any in fragment order; else it may be null.
/// Error: a parameter of a role that a product does not have, or a text that does not compile.
Result<Workload> product_workload(const Plan& plan, const Plan* prepare, const Problem&, const Inputs&, const Compile&);

/// The preparation itself as what is timed: canonical weights are read, those in fragment order written and judged.
Result<Workload> prepare_workload(const Plan& prepare, const Problem&, const Inputs&, const Compile&);

/// Whether any launch of the plan takes the role.
bool takes(const Plan&, Role);

/// Bytes of the weights in fragment order: kernels/fragment_order.h.
std::int64_t fragment_bytes(const Problem&);
/// Codes and scales alone, as an artifact has them.
std::int64_t canonical_bytes(const Problem&);
/// Codes and scales, activations, outputs and bias, each once.
std::int64_t product_bytes(const Problem&);
/// Multiplications and additions.
std::int64_t product_operations(const Problem&);

}  // namespace assay::kernels::bench
