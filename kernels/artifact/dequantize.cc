#include "kernels/artifact/dequantize.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "kernels/artifact/finish.h"
#include "kernels/artifact/parallel.h"
#include "kernels/artifact/safetensors_writer.h"
#include "kernels/nvfp4/rows.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

/// Elements that a thread holds at a time.
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;

class Dequantizer {
 public:
  Dequantizer(const Checkpoint& from, const Artifact& artifact, const DequantizeOptions& options, fs::path part,
              const OnProgress& progress)
      : from_(from), artifact_(artifact), options_(options), part_(std::move(part)), progress_(progress) {
    for (const QuantizedModule& one : artifact.modules) progress_.expect(one.rows * one.columns);
    for (const TensorPlace place : artifact.others) progress_.expect(from.info(place).elements());
  }

  Status run() {
    std::vector<TensorSpec> specs;
    for (const QuantizedModule& one : artifact_.modules)
      specs.push_back({one.name + ".weight", options_.dtype, {one.rows, one.columns}});
    for (const TensorPlace place : artifact_.others)
      specs.push_back({from_.info(place).name, from_.info(place).dtype, from_.info(place).shape});
    const auto shards = plan_shards(specs, options_.file_bytes);
    if (!shards) return shards.error();
    if (Status s = make_folder(part_); !s) return s;
    for (const Shard& shard : *shards)
      if (Status s = write(shard); !s) return s;
    return write_index(part_, *shards);
  }

 private:
  Status write(const Shard& shard) {
    auto writer = SafetensorsWriter::create(part_ / shard.file, shard.tensors, {{"format", "pt"}});
    if (!writer) return writer.error();
    std::set<std::string_view> names;
    for (const TensorSpec& spec : shard.tensors) names.insert(spec.name);
    std::vector<const QuantizedModule*> modules;
    std::vector<TensorPlace> others;
    for (const QuantizedModule& one : artifact_.modules)
      if (names.contains(one.name + ".weight")) modules.push_back(&one);
    for (const TensorPlace place : artifact_.others)
      if (names.contains(from_.info(place).name)) others.push_back(place);
    const auto work = [&](std::size_t i) {
      return i < modules.size() ? decode(*modules[i], *writer) : copy(others[i - modules.size()], *writer);
    };
    if (Status s = for_each_unit(modules.size() + others.size(), options_.threads, work); !s) return s;
    return writer->finish();
  }

  Status decode(const QuantizedModule& one, SafetensorsWriter& writer) {
    const std::string name = one.name + ".weight";
    const std::uint64_t rows = std::max<std::uint64_t>(1, kPiece / one.columns);
    std::vector<std::uint8_t> codes, scales;
    std::vector<float> weights;
    std::vector<std::uint16_t> halves;
    for (std::uint64_t row = 0; row < one.rows; row += rows) {
      const std::uint64_t count = std::min(rows, one.rows - row) * one.columns, first = row * one.columns;
      codes.resize(count / 2), scales.resize(count / nvfp4::kBlock), weights.resize(count);
      if (Status s = read(one.codes, first / 2, codes); !s) return s;
      if (Status s = read(one.block_scale, first / nvfp4::kBlock, scales); !s) return s;
      nvfp4::dequantize_rows(codes, scales, one.tensor_scale, weights);
      std::span<const std::byte> bytes = std::as_bytes(std::span(weights));
      if (options_.dtype == Dtype::BF16) {
        halves.resize(count);
        nvfp4::float_to_bf16(weights, halves);
        bytes = std::as_bytes(std::span(halves));
      }
      if (Status s = writer.append(name, bytes); !s) return s;
      progress_.done(count);
    }
    return ok();
  }

  Status read(TensorPlace place, std::uint64_t first, std::vector<std::uint8_t>& into) const {
    return from_.file(place).read(from_.info(place), first, std::as_writable_bytes(std::span(into)));
  }

  Status copy(TensorPlace place, SafetensorsWriter& writer) {
    const TensorInfo& info = from_.info(place);
    if (Status s = copy_tensor(from_.file(place), info, writer); !s) return s;
    progress_.done(info.elements());
    return ok();
  }

  const Checkpoint& from_;
  const Artifact& artifact_;
  const DequantizeOptions& options_;
  const fs::path part_;
  Progress progress_;
};

// --- The configuration ---

constexpr std::string_view kQuantization = "quantization_config";

/// One behind the closing quote of the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

/// The comma or brace behind the value that begins at or behind `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == '"') at = end_of_string(text, at) - 1;
    if (depth == 0 && (text[at] == ',' || text[at] == '}')) return at;
    if (text[at] == '{' || text[at] == '[') ++depth;
    if (text[at] == '}' || text[at] == ']') --depth;
  }
  return at;
}

/// The text of an object, which has been parsed before, without one of its members. All else stays as it is spelled:
/// there are numbers that no parser gives back, and Python's Infinity, which JSON does not have.
std::string without_member(std::string_view text, std::string_view name) {
  for (std::size_t before = text.find('{'); before < text.size() && text[before] != '}';) {
    const std::size_t key = text.find('"', before);
    if (key == text.npos) break;
    const std::size_t end = end_of_value(text, end_of_string(text, key));
    if (Json::parse(text.substr(key, end_of_string(text, key) - key), nullptr, false) != name) {
      before = end;
      continue;
    }
    // With the comma before it; the first member has one behind it. The brace keeps its line.
    const std::size_t last = text[end] == ',' ? end : text.find_last_not_of(" \t\r\n", end - 1) + 1;
    if (text[before] == ',') return fmt::format("{}{}", text.substr(0, before), text.substr(last));
    return fmt::format("{}{}", text.substr(0, before + 1), text.substr(text[end] == ',' ? end + 1 : end));
  }
  return std::string(text);
}

/// config.json without what it says of quantisation.
Status write_config(const Checkpoint& from, const fs::path& part) {
  if (!from.config()) return ok();
  const Json& value = from.config()->value;
  if (value.size() == value.count(kQuantization)) return ok();
  return write_file(part / "config.json", without_member(from.config()->text, kQuantization));
}

}  // namespace

Status dequantize(const Checkpoint& from, const Artifact& artifact, const DequantizeOptions& options,
                  const fs::path& out, const OnProgress& progress) {
  const fs::path part = part_of(out);
  std::error_code ignored;
  fs::remove_all(part, ignored);
  Status done = Dequantizer(from, artifact, options, part, progress).run();
  if (done) done = write_config(from, part);
  if (done) done = finish_folder(from, {}, out);
  if (!done) fs::remove_all(part, ignored);
  return done;
}

}  // namespace assay::artifact
