// A kernel of the user's own, as a file: kernel/1.
//
// Strict JSON, read once into plain data: the image and how to come by it, the launch, its buffers with what they hold,
// its parameters, the operation that it claims to be, what it may miss by, and the gates that it needs. An unknown
// field, a missing one or a name that nothing has is an error that names it. Paths are relative to the manifest and may
// not leave its folder, so that a manifest and what it names travel together. docs/ci/kernel has a worked example.
// Tested by tests/bench/manifest_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/cuda/launch.h"
#include "kernels/kernel.h"

namespace assay::kernels::bench {

enum class SourceKind { cuda, ptx, cubin };

/// What a buffer holds at first. Those after `file` belong to w4a16_product and have their sizes from its problem.
enum class Generator {
  zeros,          ///< One buffer for all launches: a workspace.
  poison,         ///< Every byte 0xff, NaN in every float type: an output.
  uniform_bf16,   ///< Uniform in [-1, 1).
  gaussian_bf16,  ///< Mean 0, deviation 1.
  random_bytes,
  e4m3_scales,  ///< Positive, finite, over nine octaves.
  file,
  codes,
  scales,
  x,
  y,
  bias
};

struct BufferSpec {
  std::string name;
  Generator generator = Generator::zeros;
  std::int64_t bytes = 0;  ///< 0: from the problem, or the file's own.
  std::string file;        ///< Of Generator::file.
};

/// A parameter: a buffer's address by its position among the buffers, bytes by value, or a tensor scale.
struct BufferAddress {
  std::size_t buffer = 0;
};
using ParameterSpec = std::variant<BufferAddress, Value, TensorScale>;

enum class ElementKind { bytes, bf16, f16, f32 };

/// Compared with a file.
struct ExpectedFile {
  std::size_t output = 0;  ///< Position among the buffers.
  std::string file;
  ElementKind elements = ElementKind::bytes;
};
/// kernels/kernel.h's product, on inputs that this program draws.
struct ProductClaim {
  Problem problem;
};

/// Parts in a million; absent: the operation's own bounds (kernels/bench/judge.h), of a file bit for bit.
struct Tolerance {
  std::int64_t relative_ppm = 0;   ///< Of each expected value.
  std::int64_t absolute_ppm = 0;   ///< Beside that, in millionths.
  std::int64_t frobenius_ppm = 0;  ///< Of all together.
};

struct Manifest {
  std::string name;
  std::int64_t version = 1;
  std::string summary;
  SourceKind kind = SourceKind::cuda;
  std::string source;  ///< File with the text or the image.
  std::string entry;
  std::vector<std::string> needs;  ///< Gate ids.
  std::variant<ProductClaim, ExpectedFile> operation;
  std::optional<Tolerance> tolerance;
  cuda::LaunchShape shape;
  std::vector<BufferSpec> buffers;
  std::vector<ParameterSpec> parameters;
  std::filesystem::path folder;  ///< Of the manifest; the files lie in it.
};

/// `where` starts every message.
Result<Manifest> manifest_from_json(const Json&, std::string_view where);
/// Reads the file; its folder is where the other files are looked for.
Result<Manifest> read_manifest(const std::filesystem::path&);

std::string_view word(SourceKind);
std::string_view word(Generator);
std::string_view word(ElementKind);

}  // namespace assay::kernels::bench
