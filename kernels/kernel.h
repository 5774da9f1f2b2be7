// A kernel: one row of the catalogue, as plain data and pure functions.
//
// A row says which gates must be proven before it may run, which problems it takes, and how: the CUDA C++ text that
// NVRTC compiles for the device's own target, the launches, and what each parameter is. It says nothing of drivers,
// processes or records, so the same row runs on a GPU, on an emulated device or on a fake in a test, and a test can
// read every number that a launch is made with. To add a kernel: one row in kernels/catalogue.cc, one file with its
// device text and one with its plan; tests/kernels/catalogue_test.cc says what is missing.
//
// The operation of all W4A16 rows, with W the NVFP4 matrix [N][K] of an artifact:
//
//     y[m][n] = round( s2 * sum_k x[m][k] * e2m1(code[n][k]) * e4m3(scale[n][k / 16])  + bias[n] )
//
// and of a gated pair, whose W is two matrices of N rows each:  y = silu(gate) * up,  rounded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/target.h"
#include "harness/cuda/launch.h"
#include "harness/gate/gate.h"
#include "harness/gate/probe.h"

namespace assay::kernels {

/// The family of kernels that a target can run; docs/design.md.
enum class Lane { portable, wgmma, block_scaled_mma, tcgen05 };

/// What a row computes.
enum class Operation {
  w4a16_product,        ///< The product above.
  prepare_weights,      ///< Canonical codes and scales to the order that products read: kernels/fragment_order.h.
  quantize_activations  ///< BF16 to NVFP4 codes and 128x4 tiles of scales: kernels/nvfp4/layout.h.
};

enum class Activation { bf16, f16 };

/// One product. `n` counts outputs: a gated pair has 2 n rows of weights.
struct Problem {
  std::int64_t m = 1, n = 0, k = 0;
  Activation activation = Activation::bf16;
  bool bias = false;   ///< One float32 an output; never with a gated pair.
  bool gated = false;  ///< silu(gate) * up.
};

/// What a plan may depend on: limits that device.query and device.limits found, never a name.
struct DeviceLimits {
  Target target;
  std::int64_t multiprocessors = 0;
  std::int64_t shared_block_bytes = 0;  ///< Dynamic shared memory of a block after opting in.
  std::int64_t l2_bytes = 0;
};

/// An array in device memory, by what it holds.
enum class Role {
  codes,          ///< Canonical: U8 [rows][K / 2], low nibble first; of a gated pair the gate's rows, then up's.
  scales,         ///< Canonical: E4M3 [rows][K / 16].
  weights,        ///< In fragment order, codes and scales together.
  x,              ///< [M][K] of the activation's type.
  y,              ///< [M][N] of the activation's type.
  bias,           ///< float32 [N].
  packed,         ///< Of quantize_activations: codes [M][K / 2].
  packed_scales,  ///< Of quantize_activations: tiled_size(M, K / 16) bytes.
  workspace,      ///< Zeroed once, before the first launch; every launch leaves it zeroed.
  scratch         ///< Of no content before and after a launch.
};

/// A parameter: the address of an array, a value of 4 or 8 bytes, the tensor scale(s), or a tensor map over an array.
struct AddressOf {
  Role role;
};
struct Value {
  std::vector<std::byte> bytes;
};
/// float32 s2 of the weight, or of the gate or up matrix of a pair (index 0, 1), or of the activations.
struct TensorScale {
  int matrix = 0;
};
struct MapOf {
  Role role;
  cuda::TiledMap map;
};
using Parameter = std::variant<AddressOf, Value, TensorScale, MapOf>;

/// A value of 4 or 8 bytes as a parameter.
template <class T>
requires(sizeof(T) == 4 || sizeof(T) == 8) Value value(T number) { return {gate::bytes_of(number)}; }

/// Parameters in a row. Not a braced list, of which g++ 12 warns.
template <class... P>
std::vector<Parameter> parameters(P... each) {
  std::vector<Parameter> all;
  (all.emplace_back(std::move(each)), ...);
  return all;
}

/// One launch: a complete CUDA C++ text without an #include, and what it is launched with.
struct Launch {
  std::string source;  ///< Shared text, the kernel's text, and one line that instantiates it; the same in a whole plan.
  std::string entry;
  cuda::LaunchShape shape;
  std::vector<Parameter> parameters;  ///< In kernel-parameter order.
};

/// How a row does a problem.
struct Plan {
  std::vector<Launch> launches;  ///< Normally one; in order, on one stream.
  std::int64_t workspace_bytes = 0;
  std::int64_t scratch_bytes = 0;
  std::string choice;  ///< For people: "4 CTAs a cluster, 32 rows, 8 tokens, 6 stages of 18 KB".
};

/// The instruction that a row's machine code must hold, and how it is found there: kernels/forms.h.
struct Form {
  std::string_view instruction;  ///< In the manual's spelling.
  std::string_view stem;         ///< kernels/forms/STEM.cu: a text with the instruction and, for comparison, without.
  std::string_view mnemonic;     ///< What a disassembler calls it; alternatives are joined by '|'.
};

struct Kernel {
  std::string_view id;  ///< "kernel.nvfp4_decode_wgmma"; never renamed, never reused.
  int version = 1;      ///< Rises when text, inputs or comparison change.
  Lane lane;
  Operation operation;
  std::string_view summary;  ///< One line for `assay kernels`.
  std::string_view source;   ///< Manual sections and papers that it was written from.
  std::span<const gate::Prerequisite> needs;
  Target home;  ///< A target for which the text must compile.
  Form form;
  std::span<const Problem> problems;  ///< What `assay run` asks, small ones first: kernels/problems.h.
  /// Why the row does not take a problem on such a device; nothing if it does.
  std::optional<std::string> (*refuses)(const Problem&, const DeviceLimits&);
  /// For problems that are not refused. Pure.
  Plan (*plan)(const Problem&, const DeviceLimits&);
};

}  // namespace assay::kernels
