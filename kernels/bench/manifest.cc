#include "kernels/bench/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"

namespace assay::kernels::bench {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"cuda", "ptx", "cubin"};
constexpr std::array<std::string_view, 12> kGenerators{
    "zeros", "poison", "uniform_bf16", "gaussian_bf16", "random_bytes", "e4m3_scales", "file", "codes", "scales",
    "x",     "y",      "bias"};
constexpr std::array<std::string_view, 4> kElements{"bytes", "bf16", "f16", "f32"};
constexpr std::int64_t kMostBytes = std::int64_t{1} << 36;

/// The position of a word in a list, with a fault that lists them all.
template <std::size_t kCount>
std::size_t choose(ObjectReader& reader, std::string_view key, const std::array<std::string_view, kCount>& words) {
  const std::string word = reader.string(key);
  const auto found = std::ranges::find(words, word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const std::string_view one : words) all += fmt::format("{}{}", all.empty() ? "" : ", ", one);
  reader.fault(key, fmt::format("unknown word '{}'; one of {}", word, all));
  return 0;
}

/// A file beside the manifest.
std::string local_file(ObjectReader& reader, std::string_view key) {
  std::string file = reader.string(key);
  const std::filesystem::path path(file);
  const bool leaves = path.is_absolute() || std::ranges::find(path, "..") != path.end();
  if (file.empty() || leaves) reader.fault(key, "expected a path below the manifest's folder");
  return file;
}

bool of_product(Generator generator) { return generator > Generator::file; }

class ManifestReader {
 public:
  explicit ManifestReader(std::string_view where) : where_(where) {}

  Result<Manifest> read(const Json& json) {
    ObjectReader reader(json, where_);
    if (const std::string schema = reader.string("schema"); schema != "kernel/1")
      reader.fault("schema", fmt::format("'{}' is not kernel/1", schema));
    manifest_.name = reader.string("name");
    if (manifest_.name.empty()) reader.fault("name", "empty");
    manifest_.version = reader.integer("version", 1, 1'000'000);
    manifest_.summary = reader.string_or("summary", "");
    manifest_.entry = reader.string("entry");
    const Json &source = reader.object("source"), &launch = reader.object("launch"),
               &operation = reader.object("operation");
    const Json &needs = reader.array("needs"), &buffers = reader.array("buffers"),
               &parameters = reader.array("parameters");
    const Json* tolerance = reader.has("tolerance") ? &reader.object("tolerance") : nullptr;
    if (Status s = reader.finish(); !s) return s.error();

    if (Status s = read_source(source); !s) return s.error();
    if (Status s = read_needs(needs); !s) return s.error();
    if (Status s = read_launch(launch); !s) return s.error();
    if (Status s = read_buffers(buffers); !s) return s.error();
    if (Status s = read_operation(operation); !s) return s.error();
    if (Status s = read_parameters(parameters); !s) return s.error();
    if (tolerance != nullptr)
      if (Status s = read_tolerance(*tolerance); !s) return s.error();
    if (Status s = check_whole(); !s) return s.error();
    return std::move(manifest_);
  }

 private:
  std::string inner(std::string_view field) const { return fmt::format("{}: {}", where_, field); }
  std::string inner(std::string_view field, std::size_t index) const {
    return fmt::format("{}: {}[{}]", where_, field, index);
  }
  Error wrong(std::string_view field, std::string_view rule) const {
    return Error{fmt::format("{}: {}: {}", where_, field, rule)};
  }

  Status read_source(const Json& json) {
    ObjectReader reader(json, inner("source"));
    manifest_.kind = static_cast<SourceKind>(choose(reader, "kind", kKinds));
    manifest_.source = local_file(reader, "file");
    return reader.finish();
  }

  Status read_needs(const Json& json) {
    for (const Json& one : json) {
      if (!one.is_string()) return wrong("needs", "expected gate ids");
      manifest_.needs.push_back(one.get<std::string>());
    }
    return ok();
  }

  Status read_launch(const Json& json) {
    ObjectReader reader(json, inner("launch"));
    read_extent(reader, "grid", INT32_MAX, manifest_.shape.grid);
    read_extent(reader, "block", 1024, manifest_.shape.block);
    if (reader.has("cluster")) read_extent(reader, "cluster", 16, manifest_.shape.cluster);
    if (reader.has("dynamic_shared_bytes"))
      manifest_.shape.dynamic_shared_bytes =
          static_cast<std::uint32_t>(reader.integer("dynamic_shared_bytes", 0, 1 << 20));
    if (reader.has("non_portable_cluster"))
      manifest_.shape.non_portable_cluster = reader.boolean("non_portable_cluster");
    return reader.finish();
  }
  static void read_extent(ObjectReader& reader, std::string_view key, std::int64_t most, cuda::Extent& extent) {
    const Json& json = reader.array(key);
    const std::array<std::uint32_t*, 3> places{&extent.x, &extent.y, &extent.z};
    if (json.size() != places.size()) return reader.fault(key, "expected three extents");
    for (std::size_t i = 0; i < places.size(); ++i) {
      const bool in_range = json[i].is_number_integer() && json[i] >= 1 && json[i] <= most;
      if (!in_range) return reader.fault(key, fmt::format("expected integers from 1 to {}", most));
      *places[i] = json[i].get<std::uint32_t>();
    }
  }

  Status read_buffers(const Json& json) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      ObjectReader reader(json[i], inner("buffers", i));
      BufferSpec buffer;
      buffer.name = reader.string("name");
      if (find_buffer(buffer.name)) reader.fault("name", fmt::format("a second '{}'", buffer.name));
      buffer.generator = static_cast<Generator>(choose(reader, "generator", kGenerators));
      const bool sized = !of_product(buffer.generator) && buffer.generator != Generator::file;
      if (sized) buffer.bytes = reader.integer("bytes", 1, kMostBytes);
      if (buffer.generator == Generator::file) buffer.file = local_file(reader, "file");
      if (Status s = reader.finish(); !s) return s;
      manifest_.buffers.push_back(std::move(buffer));
    }
    return ok();
  }
  std::optional<std::size_t> find_buffer(std::string_view name) const {
    const auto found = std::ranges::find(manifest_.buffers, name, &BufferSpec::name);
    if (found == manifest_.buffers.end()) return std::nullopt;
    return static_cast<std::size_t>(found - manifest_.buffers.begin());
  }
  std::size_t buffer_named(ObjectReader& reader, std::string_view key) const {
    const std::string name = reader.string(key);
    const auto found = find_buffer(name);
    if (!found) reader.fault(key, fmt::format("no buffer is called '{}'", name));
    return found.value_or(0);
  }

  Status read_operation(const Json& json) {
    ObjectReader reader(json, inner("operation"));
    constexpr std::array<std::string_view, 2> kNames{"w4a16_product", "expected_file"};
    if (choose(reader, "name", kNames) == 0)
      read_product(reader);
    else
      read_expected(reader);
    return reader.finish();
  }
  void read_product(ObjectReader& reader) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 20;
    Problem problem;
    problem.m = reader.integer("m", 1, kLargest);
    problem.n = reader.integer("n", 1, kLargest);
    problem.k = reader.integer("k", 16, kLargest);
    if (problem.k % 16 != 0) reader.fault("k", "no multiple of 16, the block");
    if (reader.has("activation")) {
      constexpr std::array<std::string_view, 2> kTypes{"bf16", "f16"};
      problem.activation = static_cast<Activation>(choose(reader, "activation", kTypes));
    }
    if (reader.has("bias")) problem.bias = reader.boolean("bias");
    if (reader.has("gated")) problem.gated = reader.boolean("gated");
    if (problem.bias && problem.gated) reader.fault("bias", "a gated pair has none");
    manifest_.operation = ProductClaim{problem};
  }
  void read_expected(ObjectReader& reader) {
    ExpectedFile expected;
    expected.output = buffer_named(reader, "output");
    expected.file = local_file(reader, "file");
    expected.elements = static_cast<ElementKind>(choose(reader, "elements", kElements));
    manifest_.operation = std::move(expected);
  }

  Status read_parameters(const Json& json) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      ObjectReader reader(json[i], inner("parameters", i));
      if (Status s = read_parameter(reader); !s) return s;
    }
    return ok();
  }
  Status read_parameter(ObjectReader& reader) {
    if (reader.has("buffer")) {
      manifest_.parameters.push_back(BufferAddress{buffer_named(reader, "buffer")});
    } else if (reader.has("tensor_scale")) {
      manifest_.parameters.push_back(TensorScale{static_cast<int>(reader.integer("tensor_scale", 0, 1))});
    } else if (reader.has("f32_bits")) {
      add_value(static_cast<std::uint32_t>(bits_of(reader)));
    } else if (reader.has("i64")) {
      add_value(reader.integer("i64"));
    } else {
      // Either sign of 32 bits: a kernel that takes unsigned is given the same bytes.
      add_value(static_cast<std::uint32_t>(reader.integer("i32", INT32_MIN, UINT32_MAX)));
    }
    return reader.finish();
  }
  template <class T>
  void add_value(T value) {
    Value bytes;
    bytes.bytes.resize(sizeof value);
    std::memcpy(bytes.bytes.data(), &value, sizeof value);
    manifest_.parameters.emplace_back(std::move(bytes));
  }
  static std::uint64_t bits_of(ObjectReader& reader) {
    const std::string text = reader.string("f32_bits");
    std::uint32_t bits = 0;
    const bool prefixed = text.size() == 10 && text.starts_with("0x");
    const char* end = text.data() + text.size();
    const auto read = prefixed ? std::from_chars(text.data() + 2, end, bits, 16) : std::from_chars_result{nullptr, {}};
    if (read.ptr != end) reader.fault("f32_bits", "expected the float's bits, \"0x3f800000\"");
    return bits;
  }

  Status read_tolerance(const Json& json) {
    ObjectReader reader(json, inner("tolerance"));
    constexpr std::int64_t kAll = 1'000'000;
    manifest_.tolerance = Tolerance{.relative_ppm = reader.integer("relative_ppm", 0, kAll),
                                    .absolute_ppm = reader.integer("absolute_ppm", 0, 1000 * kAll),
                                    .frobenius_ppm = reader.integer("frobenius_ppm", 0, kAll)};
    return reader.finish();
  }

  /// What no single field shows.
  Status check_whole() const {
    if (manifest_.entry.empty()) return wrong("entry", "empty");
    return std::holds_alternative<ProductClaim>(manifest_.operation) ? check_product() : check_expected();
  }
  bool has(Generator generator) const {
    return std::ranges::find(manifest_.buffers, generator, &BufferSpec::generator) != manifest_.buffers.end();
  }
  Status check_product() const {
    const Problem& problem = std::get<ProductClaim>(manifest_.operation).problem;
    for (const Generator generator : {Generator::codes, Generator::scales, Generator::x, Generator::y})
      if (!has(generator)) return wrong("buffers", fmt::format("w4a16_product needs one of '{}'", word(generator)));
    std::set<Generator> seen;
    for (const BufferSpec& buffer : manifest_.buffers)
      if (of_product(buffer.generator) && !seen.insert(buffer.generator).second)
        return wrong("buffers", fmt::format("a second buffer of '{}'", word(buffer.generator)));
    if (has(Generator::bias) != problem.bias)
      return wrong("buffers", problem.bias ? "no buffer of 'bias', which the operation has"
                                           : "a buffer of 'bias', which the operation does not have");
    for (const ParameterSpec& parameter : manifest_.parameters) {
      const auto* scale = std::get_if<TensorScale>(&parameter);
      if (scale != nullptr && scale->matrix == 1 && !problem.gated)
        return wrong("parameters", "tensor_scale 1 is of a gated pair");
    }
    return ok();
  }
  Status check_expected() const {
    for (const BufferSpec& buffer : manifest_.buffers)
      if (of_product(buffer.generator))
        return wrong("buffers", fmt::format("generator '{}' belongs to w4a16_product", word(buffer.generator)));
    for (const ParameterSpec& parameter : manifest_.parameters)
      if (std::holds_alternative<TensorScale>(parameter))
        return wrong("parameters", "tensor_scale belongs to w4a16_product");
    const auto& expected = std::get<ExpectedFile>(manifest_.operation);
    if (manifest_.buffers[expected.output].generator != Generator::poison)
      return wrong("operation", "output must be a buffer of 'poison', so that nothing is right before it is written");
    if (expected.elements == ElementKind::bytes && manifest_.tolerance)
      return wrong("tolerance", "bytes are compared bit for bit");
    return ok();
  }

  std::string where_;
  Manifest manifest_;
};

}  // namespace

std::string_view word(SourceKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view word(Generator generator) { return kGenerators[static_cast<std::size_t>(generator)]; }
std::string_view word(ElementKind elements) { return kElements[static_cast<std::size_t>(elements)]; }

Result<Manifest> manifest_from_json(const Json& json, std::string_view where) {
  return ManifestReader(where).read(json);
}

Result<Manifest> read_manifest(const std::filesystem::path& file) {
  constexpr std::size_t kLongest = 1u << 20;
  const Result<std::string> text = read_file(file, kLongest);
  if (!text) return text.error();
  const Result<Json> json = parse_json(*text, file.string(), {.bytes = kLongest});
  if (!json) return json.error();
  Result<Manifest> manifest = manifest_from_json(*json, file.string());
  if (manifest) manifest->folder = file.parent_path();
  return manifest;
}

}  // namespace assay::kernels::bench
