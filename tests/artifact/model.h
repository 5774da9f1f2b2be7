// A small good artifact in memory, which a test may damage before it writes it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/file_system.h"
#include "kernels/artifact/modelopt.h"
#include "kernels/artifact/safetensors_writer.h"

namespace assay::artifact {

/// A tensor's bytes as its file holds them.
struct Tensor {
  Dtype dtype;
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> bytes;
};
/// Tensors by name, and what the configuration says.
struct Model {
  std::map<std::string, Tensor> tensors;
  Quantization quantization;

  void add(std::string name, Dtype dtype, std::vector<std::uint64_t> shape, std::byte fill = std::byte{0x38}) {
    const std::uint64_t bytes = *bytes_of(dtype, shape);
    tensors[std::move(name)] = {dtype, std::move(shape), std::vector<std::byte>(bytes, fill)};
  }
  void add_scale(const std::string& name, float value) {
    add(name, Dtype::F32, scalar_shape(quantization.dialect));
    std::memcpy(tensors[name].bytes.data(), &value, sizeof value);
  }
  void add_module(const std::string& module, std::uint64_t rows, std::uint64_t columns) {
    const Dialect dialect = quantization.dialect;
    add(tensor_name(dialect, module, Part::codes), Dtype::U8, {rows, columns / 2});
    add(tensor_name(dialect, module, Part::block_scale), Dtype::F8_E4M3, {rows, columns / 16});
    add_scale(tensor_name(dialect, module, Part::tensor_scale), stored_scale(dialect, 0.25f));
    if (quantization.algo == Algo::w4a4)
      add_scale(tensor_name(dialect, module, Part::input_scale), stored_scale(dialect, 0.0625f));
  }
};

/// Attention, an MLP, two experts, and what is left alone.
inline Model good(Dialect dialect = Dialect::modelopt, Algo algo = Algo::w4a4) {
  Model model{.quantization = {.dialect = dialect, .algo = algo, .excluded = {"lm_head", "l.mlp.gate"}}};
  for (const char* name : {"q_proj", "k_proj", "v_proj"}) model.add_module(std::string("l.attn.") + name, 4, 32);
  for (int expert = 0; expert < 3; ++expert)
    for (const char* name : {"gate_proj", "up_proj", "down_proj"})
      model.add_module(fmt::format("l.mlp.experts.{}.{}", expert, name), 16, 48);
  model.add("lm_head.weight", Dtype::BF16, {8, 32});
  model.add("l.mlp.gate.weight", Dtype::BF16, {3, 32});
  model.add("l.norm", Dtype::F32, {32});
  return model;
}

inline void write(const Model& model, const std::filesystem::path& folder) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : model.tensors) specs.push_back({name, tensor.dtype, tensor.shape});
  Result<SafetensorsWriter> writer = SafetensorsWriter::create(folder / "model.safetensors", specs, {{"format", "pt"}});
  ASSERT_TRUE(writer) << writer.error().message;
  for (const auto& [name, tensor] : model.tensors) ASSERT_TRUE(writer->append(name, tensor.bytes));
  ASSERT_TRUE(writer->finish());
  const Result<JsonFile> config = parse_config("{}", "f");
  const Json value = quantization_config(model.quantization, "v");
  ASSERT_TRUE(write_file(folder / "config.json", *with_quantization_config(*config, "f", value)));
}

}  // namespace assay::artifact
