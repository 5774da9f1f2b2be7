// The layers of an artifact as products: which matrices a kernel takes at once, and what it is given.
//
// A layer is a quantised module by itself, and, where a gate and an up matrix of one shape stand beside each other
// (gate_proj and up_proj, or w1 and w3), the two once more as a gated pair, since that is how they run. Codes and
// scales are the artifact's bytes as they lie in the file: nothing of them is drawn, so that what a run says of a
// layer it says of this file. The activations are drawn from the run's challenge.
//
// How far a right kernel may be from the product says kernels/w4a16_reference.h, which knows nothing of where a weight
// came from. Of a layer some rows of the weight are compared, for all tokens: decoding a row costs more than
// multiplying it, and a kernel that mixes up tokens or rows is wrong in all of a row. One row is drawn from each of so
// many stretches of equal length, so that no stretch of the weight goes unseen. Tested by tests/kernels/layers_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/gate/challenge_stream.h"
#include "kernels/artifact/artifact.h"
#include "kernels/inputs.h"
#include "kernels/kernel.h"
#include "kernels/w4a16_reference.h"

namespace assay::kernels {

struct Layer {
  std::string name;  ///< "model.layers.0.mlp.up_proj"; of a pair "model.layers.0.mlp.gate_proj+up_proj".
  std::vector<const artifact::QuantizedModule*> members;  ///< One, or gate and up.
  bool in_pair = false;                                   ///< A single one that is also part of a pair.

  bool gated() const { return members.size() == 2; }
  /// The product of so many tokens, in BF16.
  Problem problem(std::int64_t m) const;
};

/// In the order of the modules; a pair behind its gate. The artifact must outlive them.
std::vector<Layer> layers_of(const artifact::Artifact&);

/// Codes, scales and tensor scales from the files, activations from the challenge. Error: a file that cannot be read.
Result<Inputs> layer_inputs(const artifact::Checkpoint&, const Layer&, std::int64_t m, const gate::Seed&);

/// The seed of a layer's activations and of the rows that are compared.
gate::Seed layer_seed(std::span<const std::byte> nonce, const Layer&, std::int64_t m);

/// Rows of the weight that are compared: one of so many.
inline constexpr std::int64_t kRowsOfOneCompared = 32;
/// Elements that are compared at least, where there are as many.
inline constexpr std::int64_t kFewestCompared = 1024;

/// The elements that are compared, in order of their columns: all tokens of one in 32 outputs, or of more where that
/// makes fewer than 1024 elements.
std::vector<Element> layer_elements(const Problem&, const gate::Seed&);

}  // namespace assay::kernels
