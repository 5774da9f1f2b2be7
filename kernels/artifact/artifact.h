// An NVFP4 checkpoint, read and held against every rule that a loader relies on.
//
// What is wrong in a quantised checkpoint is rarely a crash: a divisor read as a multiplier, swizzled scales under a
// linear name, one expert without its input scale, a NaN among the block scales, unequal tensor scales in a matrix that
// loaders fuse. Each of these has been shipped, loads, and answers nonsense; so each is a refusal here that names the
// module. Headers, configuration and the scales of one element are checked on reading; the block scales, which are a
// ninth of the bytes, by check_block_scales.
// Source: reports NVIDIA/Model-Optimizer#1397 and #1633 (NaN scales), modular/modular#6600 (reciprocal, swizzled
// scales), vllm-project/vllm#45212 (expert without input scale), #45102 (exclusions), ggml-org/llama.cpp#21095
// (reciprocal). Tested by tests/artifact/artifact_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "kernels/artifact/checkpoint.h"
#include "kernels/artifact/modelopt.h"

namespace assay::artifact {

/// A matrix of codes and scales; a value is e2m1(code) * (e4m3(block scale) * tensor_scale).
struct QuantizedModule {
  std::string name;
  std::uint64_t rows = 0, columns = 0;  ///< N and K of the weight, in elements.
  TensorPlace codes;                    ///< U8 [N, K/2]; the even column is the low nibble.
  TensorPlace block_scale;              ///< F8_E4M3 [N, K/16], linear.
  float tensor_scale = 1;               ///< A multiplier, whatever the dialect stores.
  std::optional<float> input_scale;     ///< Likewise.
};

struct Artifact {
  Quantization quantization;
  std::vector<QuantizedModule> modules;  ///< Sorted by name.
  std::vector<TensorPlace> others;       ///< Every tensor of no module above, in the checkpoint's order.
};

/// Whether members of one fused matrix may differ in their scales: only a reader that quantises them again may allow
/// it.
enum class FusedScales { must_be_equal, may_differ };

/// An error reads "FILE: module 'NAME': rule".
Result<Artifact> read_artifact(const Checkpoint&, FusedScales = FusedScales::must_be_equal);

/// Reads the module's block scales: no NaN (0x7f) and no sign; 0x00 is a block of zeros.
Status check_block_scales(const Checkpoint&, const QuantizedModule&);

/// Both.
Result<Artifact> check_artifact(const Checkpoint&, FusedScales = FusedScales::must_be_equal);

/// Reads a tensor of a master: no NaN, no infinity. The error names the tensor and the first such element.
Status check_finite(const SafetensorsFile&, const TensorInfo&);

}  // namespace assay::artifact
