// A conversion's plan: which matrix of the master becomes which module of the artifact, and what is copied. Pure:
// names, shapes and a policy in, a plan out; no byte of a weight is looked at.
//
// Most matrices are tensors of their own. Mixture-of-experts masters may instead hold the matrices of all experts in
// one tensor of three dimensions, some of them as [inputs, outputs]; serving programs read one set of tensors an expert
// and projection, [outputs, inputs] (docs/quantize.md). A matrix is therefore a view into a tensor.
//
// A server fuses some modules into one product (q, k and v; gate and up) and takes one tensor scale for it, and it runs
// all experts of a layer with one kernel. So a fused group, and the experts of a layer, are quantised together or not
// at all: where one member has to stay, all stay, and the reason names that member. Tested by
// tests/artifact/plan_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "kernels/artifact/policy.h"

namespace assay::artifact {

/// A tensor of the master, as far as a plan needs it.
struct MasterTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  bool is_float = false;  ///< F32, F16 or BF16: only these are quantised.
};

/// A matrix inside a tensor, in elements. Stored row r begins at `offset + r * stride`.
struct MatrixView {
  std::string tensor;
  std::int64_t offset = 0, rows = 0, columns = 0, stride = 0;
  bool transposed = false;  ///< Stored as [inputs, outputs].

  std::int64_t outputs() const { return transposed ? columns : rows; }
  std::int64_t inputs() const { return transposed ? rows : columns; }
};

struct PlannedModule {
  std::string module;  ///< Its name in the artifact, without ".weight".
  MatrixView source;
  std::string group;  ///< fusion_group(): modules with the same one share a tensor scale.
};

struct KeptTensor {
  std::string name;
  Reason reason;
  bool linear = false;  ///< The weight of a Linear, which the artifact's exclusion list must name.
};

struct Plan {
  std::vector<PlannedModule> modules;  ///< Sorted by group, then name: a group is one after the other.
  std::vector<KeptTensor> kept;        ///< Sorted by name.
};

/// `hidden_size` is config.json's; it tells the two orientations of expert tensors apart. Error: an expert tensor whose
/// orientation it does not settle, or whose gate and up are no halves; two matrices of one name; nothing left to
/// quantise (with the commonest reason); modules that loaders fuse and the policy does not; a name for the exclusion
/// list that loaders would find in that of a quantised module.
Result<Plan> plan_conversion(const Policy&, std::span<const MasterTensor>, std::optional<std::int64_t> hidden_size);

/// Full names of the Linears that were left alone: what an artifact's exclusion list holds.
std::vector<std::string> excluded_modules(const Plan&);

}  // namespace assay::artifact
