#include "tests/artifact/masters.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include "harness/base/file_system.h"
#include "kernels/nvfp4/formats.h"
#include "tests/artifact/malformed.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

/// Uniform in 0 to 1 (xorshift64*).
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : state_(seed) {}
  float next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<float>((state_ * 0x2545F4914F6CDD1D) >> 40) * 0x1p-24f;
  }

 private:
  std::uint64_t state_;
};

void store(Dtype dtype, std::byte* at, std::size_t element, float value) {
  if (dtype == Dtype::F32) std::memcpy(at + 4 * element, &value, sizeof value);
  if (dtype != Dtype::BF16 && dtype != Dtype::F16) return;
  const std::uint16_t half = dtype == Dtype::BF16 ? nvfp4::bf16_nearest(value) : nvfp4::f16_nearest(value);
  std::memcpy(at + 2 * element, &half, sizeof half);
}

float stored(Dtype dtype, const std::byte* at, std::size_t element) {
  if (dtype == Dtype::F32) {
    float value = 0;
    std::memcpy(&value, at + 4 * element, sizeof value);
    return value;
  }
  std::uint16_t half = 0;
  std::memcpy(&half, at + 2 * element, sizeof half);
  return dtype == Dtype::BF16 ? nvfp4::bf16_value(half) : nvfp4::f16_value(half);
}

bool is_float(Dtype dtype) { return dtype == Dtype::F32 || dtype == Dtype::F16 || dtype == Dtype::BF16; }

/// A test whose master is not there must fail by itself.
void must(const Status& done) {
  if (!done) std::abort();
}

}  // namespace

void Master::add(const std::string& name, Dtype dtype, std::vector<std::uint64_t> shape, float magnitude) {
  std::vector<std::byte> bytes(*bytes_of(dtype, shape));
  if (is_float(dtype)) {
    Uniform uniform(specs_.size() + 1);
    for (std::size_t i = 0; i < bytes.size() / (bits_of(dtype) / 8); ++i) {
      const float bell = uniform.next() + uniform.next() + uniform.next() + uniform.next() - 2;
      store(dtype, bytes.data(), i, bell * magnitude);
    }
  } else {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  }
  specs_.push_back({name, dtype, std::move(shape)});
  bytes_.emplace(name, std::move(bytes));
}

void Master::set(std::string_view name, std::size_t element, float value) {
  store(spec(name).dtype, bytes_.find(name)->second.data(), element, value);
}

const TensorSpec& Master::spec(std::string_view name) const {
  return *std::ranges::find(specs_, name, &TensorSpec::name);
}

std::vector<float> Master::values(std::string_view name) const {
  const Dtype dtype = spec(name).dtype;
  std::vector<float> values(bytes(name).size() / (bits_of(dtype) / 8));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = stored(dtype, bytes(name).data(), i);
  return values;
}

void Master::write(const fs::path& folder, std::uint64_t limit) const {
  must(make_folder(folder));
  const auto shards = plan_shards(specs_, limit);
  if (!shards) std::abort();
  for (const Shard& shard : *shards) {
    auto writer = SafetensorsWriter::create(folder / shard.file, shard.tensors, {{"format", "pt"}});
    if (!writer) std::abort();
    for (const TensorSpec& one : shard.tensors) must(writer->append(one.name, bytes(one.name)));
    must(writer->finish());
  }
  if (shards->size() > 1) put(folder / "model.safetensors.index.json", *index_json(*shards));
}

Master small_master() {
  Master master;
  master.add("m.embed_tokens.weight", Dtype::BF16, {160, 128});
  master.add("m.0.self_attn.q_proj.weight", Dtype::BF16, {128, 128});
  master.add("m.0.self_attn.k_proj.weight", Dtype::F16, {128, 128}, 100);
  master.add("m.0.self_attn.v_proj.weight", Dtype::F32, {160, 128}, 0.01f);
  master.add("m.0.self_attn.q_proj.bias", Dtype::BF16, {128});
  master.add("m.0.self_attn.o_proj.weight", Dtype::F32, {128, 192}, 3e-6f);
  master.add("m.0.mlp.experts.gate_up_proj", Dtype::BF16, {2, 128, 512});
  master.add("m.0.mlp.experts.down_proj", Dtype::F16, {2, 256, 128});
  master.add("m.1.mlp.experts.gate_up_proj", Dtype::F32, {2, 512, 128}, 1e20f);
  master.add("m.1.mlp.experts.down_proj", Dtype::BF16, {2, 128, 256}, 1e-20f);
  master.add("m.1.self_attn.o_proj.weight", Dtype::BF16, {128, 128}, 0);
  master.add("m.2.mlp.down_proj.weight", Dtype::BF16, {8224, 128});  // more than a piece of 2^20 elements
  master.add("m.norm.weight", Dtype::F32, {128});
  master.add("m.position_ids", Dtype::I64, {1, 64});
  master.add("m.scalar", Dtype::F32, {});
  master.add("m.none", Dtype::BF16, {0, 4});
  master.add("lm_head.weight", Dtype::F16, {160, 128});
  return master;
}

std::vector<MasterTensor> tensors_of(const Checkpoint& master) {
  std::vector<MasterTensor> tensors;
  for (const TensorPlace place : master.tensors()) {
    const TensorInfo& info = master.info(place);
    tensors.push_back({info.name, {info.shape.begin(), info.shape.end()}, is_float(info.dtype)});
  }
  return tensors;
}

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().lexically_relative(folder).string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

}  // namespace assay::artifact
