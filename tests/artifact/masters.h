// Masters for tests of conversions: small checkpoints of known weights, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/artifact/checkpoint.h"
#include "kernels/artifact/plan.h"
#include "kernels/artifact/safetensors_writer.h"

namespace assay::artifact {

/// A checkpoint in memory: each tensor's bytes as its file holds them.
class Master {
 public:
  /// Bell-shaped values of about this magnitude in F32, F16 or BF16; in any other type bytes that count up.
  void add(const std::string& name, Dtype, std::vector<std::uint64_t> shape, float magnitude = 1);
  void set(std::string_view name, std::size_t element, float value);

  const std::vector<TensorSpec>& specs() const { return specs_; }
  const TensorSpec& spec(std::string_view name) const;
  const std::vector<std::byte>& bytes(std::string_view name) const { return bytes_.find(name)->second; }
  /// The values as they are stored.
  std::vector<float> values(std::string_view name) const;

  /// Files of at most `limit` bytes of payload, and their index.
  void write(const std::filesystem::path& folder, std::uint64_t limit = 1u << 30) const;

 private:
  std::vector<TensorSpec> specs_;
  std::map<std::string, std::vector<std::byte>, std::less<>> bytes_;
};

/// Every dtype and layout that a conversion reads, of hidden size 128: q, k, v of unequal magnitudes, experts both ways
/// round, a matrix of zeros, a matrix that is read in two pieces, and tensors that are copied.
Master small_master();
inline constexpr std::int64_t kHiddenOfSmallMaster = 128;

/// A checkpoint's tensors as a plan takes them.
std::vector<MasterTensor> tensors_of(const Checkpoint&);

/// Paths below a folder and what the files hold.
std::map<std::string, std::string> files_below(const std::filesystem::path& folder);

}  // namespace assay::artifact
