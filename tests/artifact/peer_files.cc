// The half of peer_test.py that is ours: writes a checkpoint for the Python package to read, and says what is in a file
// that the package wrote.
//
//   assay_peer_files write FOLDER    a sharded checkpoint with a tensor of every dtype
//   assay_peer_files read FILE       one JSON object: each tensor's dtype, shape and bytes in hex
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "kernels/artifact/safetensors_writer.h"

namespace assay::artifact {
namespace {

const std::vector<TensorSpec> kSpecs = {{"model.norm.weight", Dtype::BF16, {48}},
                                        {"model.l.weight", Dtype::U8, {31, 32}},
                                        {"model.l.weight_scale", Dtype::F8_E4M3, {31, 4}},
                                        {"model.l.weight_scale_2", Dtype::F32, {}},
                                        {"model.l.input_scale", Dtype::F32, {}},
                                        {"half", Dtype::F16, {2, 3}},
                                        {"double", Dtype::F64, {5}},
                                        {"steps", Dtype::I64, {1}},
                                        {"mask", Dtype::BOOL, {7}},
                                        {"e5m2", Dtype::F8_E5M2, {3}},
                                        {"e8m0", Dtype::F8_E8M0, {3}},
                                        {"packed", Dtype::F4, {3, 4}},
                                        {"empty", Dtype::F32, {0, 4}},
                                        {"n\u00e4me \"quoted\" \\", Dtype::U8, {2}}};

/// Byte i of a tensor; peer_test.py has the same formula.
std::vector<std::byte> payload(const TensorInfo& tensor) {
  std::vector<std::byte> bytes(tensor.bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] =
        tensor.dtype == Dtype::BOOL ? static_cast<std::byte>(i % 2) : static_cast<std::byte>(i * 7 + bytes.size());
  return bytes;
}

Status write_shard(const std::filesystem::path& path, std::span<const TensorSpec> specs) {
  Result<SafetensorsWriter> writer = SafetensorsWriter::create(path, specs, {{"format", "pt"}});
  if (!writer) return std::move(writer).error();
  for (const TensorInfo& tensor : writer->tensors())
    if (Status s = writer->append(tensor.name, payload(tensor)); !s) return s;
  return writer->finish();
}

Status write(const std::filesystem::path& folder) {
  const Result<std::vector<Shard>> shards = plan_shards(kSpecs, 1200);
  if (!shards) return shards.error();
  for (const Shard& shard : *shards)
    if (Status s = write_shard(folder / shard.file, shard.tensors); !s) return s;
  const Result<std::string> index = index_json(*shards);
  if (!index) return index.error();
  return write_file(folder / "model.safetensors.index.json", *index);
}

Status read(const std::filesystem::path& path) {
  const Result<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file) return file.error();
  Json tensors = Json::object();
  for (const TensorInfo& tensor : file->tensors()) {
    std::vector<std::byte> bytes(tensor.bytes());
    if (Status s = file->read(tensor, 0, bytes); !s) return s;
    tensors[tensor.name] = {{"dtype", to_string(tensor.dtype)}, {"shape", tensor.shape}, {"hex", hex(bytes)}};
  }
  const Result<std::string> text = canonical_json({{"metadata", file->metadata()}, {"tensors", tensors}});
  if (!text) return text.error();
  fmt::print("{}\n", *text);
  return ok();
}

}  // namespace
}  // namespace assay::artifact

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 2 || (words[0] != "write" && words[0] != "read")) {
    fmt::print(stderr, "usage: assay_peer_files write FOLDER | read FILE\n");
    return 2;
  }
  const assay::Status done = words[0] == "write" ? assay::artifact::write(words[1]) : assay::artifact::read(words[1]);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 4;
}
