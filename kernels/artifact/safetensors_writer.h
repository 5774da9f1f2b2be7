// Writing safetensors files: laid out before the first byte, streamed, there whole or not at all.
//
// The layout is decided from the list of tensors alone, so it is the same for every number of threads and every run.
// The header is padded with spaces until the data begins at a multiple of 256, and tensors of a multiple of 16 bytes
// come first, the packed U8 and F8 ones before others: then each of these begins at a multiple of 16 wherever the file
// is mapped or read. What is left (scalars, odd sizes) follows by falling element size, so that every tensor is aligned
// for its own element, as readers that view the bytes in place need.
// The bytes go to NAME.part; finish() makes them durable and renames. A .part left by a killed process is overwritten.
// Tested by tests/artifact/safetensors_writer_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/descriptor.h"
#include "harness/base/result.h"
#include "kernels/artifact/safetensors.h"

namespace assay::artifact {

/// A tensor that is to be written.
struct TensorSpec {
  std::string name;
  Dtype dtype = Dtype::U8;
  std::vector<std::uint64_t> shape;
};

/// A file before its payload.
struct Layout {
  std::string head;                 ///< The length, the header and its padding.
  std::vector<TensorInfo> tensors;  ///< In the order of their bytes; head.size() is where they begin.
};

/// Error: a name twice, reserved, or one that JSON cannot spell; a size that overflows; a limit of safetensors.h.
Result<Layout> lay_out(std::span<const TensorSpec>, const Metadata&);

/// One file being written. Calls for different tensors may come from different threads; the bytes of one tensor come in
/// order. Without finish() nothing is left behind.
class SafetensorsWriter {
 public:
  /// Error: as lay_out, or the file system's; another process is writing the same file.
  static Result<SafetensorsWriter> create(const std::filesystem::path&, std::span<const TensorSpec>, const Metadata&);
  SafetensorsWriter(SafetensorsWriter&&) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&&) noexcept;
  ~SafetensorsWriter();

  const std::vector<TensorInfo>& tensors() const;
  /// The next bytes of the tensor. Error: no such tensor, more bytes than it has, or the file system's.
  Status append(std::string_view name, std::span<const std::byte> bytes);
  /// Syncs and renames. Error: a tensor is not complete, or the file system's.
  Status finish();

 private:
  struct State;
  explicit SafetensorsWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One file of a checkpoint that is to be written.
struct Shard {
  std::string file;  ///< "model.safetensors", or "model-00002-of-00017.safetensors".
  std::vector<TensorSpec> tensors;
};

/// Cuts the list, in its order, into files of at most `limit` payload bytes each; a larger tensor has a file of its
/// own. Tensors of one module (the same name up to the last '.') stay together as long as the limit lets them.
Result<std::vector<Shard>> plan_shards(std::span<const TensorSpec>, std::uint64_t limit);

/// The text of model.safetensors.index.json: total_size and which file holds which tensor.
Result<std::string> index_json(std::span<const Shard>);
/// Writes it into the folder, where there is more than one file; a single one needs none.
Status write_index(const std::filesystem::path& folder, std::span<const Shard>);

/// Appends a tensor of another file as it is, in pieces of bounded size.
Status copy_tensor(const SafetensorsFile& from, const TensorInfo&, SafetensorsWriter&);

}  // namespace assay::artifact
