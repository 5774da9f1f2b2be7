#include "kernels/artifact/safetensors_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/base/json_events.h"

namespace assay::artifact {
namespace {

constexpr std::size_t kLengthBytes = 8, kDataAlignment = 256, kTensorAlignment = 16;

// --- Layout ---

/// Smaller comes first: whole multiples of 16 bytes, the packed formats before others; then by falling element size.
std::tuple<bool, bool, unsigned> rank(const TensorInfo& tensor) {
  if (tensor.bytes() % kTensorAlignment != 0) return {true, false, 64 - bits_of(tensor.dtype)};
  return {false, tensor.dtype != Dtype::U8 && tensor.dtype != Dtype::F8_E4M3, 0};
}

/// Each tensor with its size as `end`; `begin` is 0.
Result<std::vector<TensorInfo>> size_all(std::span<const TensorSpec> specs) {
  std::vector<TensorInfo> tensors;
  for (const TensorSpec& spec : specs) {
    const std::string who = fmt::format("tensor {}", in_quotes(spec.name));
    if (!is_plain_text(spec.name) || spec.name == "__metadata__") return Error{who + ": not a name for a tensor"};
    if (spec.shape.size() > kRank) return Error{fmt::format("{}: more than {} dimensions", who, kRank)};
    const auto bytes = bytes_of(spec.dtype, spec.shape);
    if (!bytes)
      return Error{fmt::format("{}: {} {}: the size is over 64 bits, or not of whole bytes", who, to_string(spec.dtype),
                               shape_text(spec.shape))};
    tensors.push_back({spec.name, spec.dtype, spec.shape, 0, *bytes});
  }
  return tensors;
}

Status check_unique(std::span<const TensorInfo> tensors) {
  std::vector<std::string_view> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  const auto same = std::ranges::adjacent_find(names);
  if (same == names.end()) return ok();
  return Error{fmt::format("tensor {} twice", in_quotes(*same))};
}

Status place(std::vector<TensorInfo>& tensors) {
  std::ranges::stable_sort(tensors, {}, rank);
  std::uint64_t at = 0;
  for (TensorInfo& tensor : tensors) {
    tensor.begin = at;
    if (__builtin_add_overflow(at, tensor.end, &at))
      return Error{fmt::format("tensor {}: the file's size is over 64 bits", in_quotes(tensor.name))};
    tensor.end = at;
  }
  return ok();
}

/// Field by field: an object of the JSON library would sort the tensors by name.
Result<std::string> header_text(std::span<const TensorInfo> tensors, const Metadata& metadata) {
  std::string text = "{";
  if (!metadata.empty()) {
    const Result<std::string> values = canonical_json(Json(metadata));
    if (!values) return Error{"__metadata__: " + values.error().message};
    text += fmt::format("\"__metadata__\":{}", *values);
  }
  for (const TensorInfo& tensor : tensors) {
    const Result<std::string> name = canonical_json(Json(tensor.name));
    if (!name) return name.error();
    fmt::format_to(std::back_inserter(text), R"({}{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                   text.size() > 1 ? "," : "", *name, to_string(tensor.dtype), fmt::join(tensor.shape, ","),
                   tensor.begin, tensor.end);
  }
  text += '}';
  text.append((kDataAlignment - (kLengthBytes + text.size()) % kDataAlignment) % kDataAlignment, ' ');
  if (text.size() > kHeaderBytes)
    return Error{fmt::format("header of {} bytes, over the limit of {}; use more files", text.size(), kHeaderBytes)};
  return text;
}

std::string length_bytes(std::uint64_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

}  // namespace

Result<Layout> lay_out(std::span<const TensorSpec> specs, const Metadata& metadata) {
  if (specs.size() > kTensorsOfAFile)
    return Error{
        fmt::format("{} tensors in one file, over the limit of {}; use more files", specs.size(), kTensorsOfAFile)};
  Result<std::vector<TensorInfo>> tensors = size_all(specs);
  if (!tensors) return std::move(tensors).error();
  if (Status s = check_unique(*tensors); !s) return s.error();
  if (Status s = place(*tensors); !s) return s.error();
  const Result<std::string> text = header_text(*tensors, metadata);
  if (!text) return text.error();
  return Layout{length_bytes(text->size()) + *text, *std::move(tensors)};
}

// --- File ---

struct SafetensorsWriter::State {
  std::string path, part;
  Descriptor file;  ///< Of the part, locked.
  Layout layout;
  std::unordered_map<std::string_view, std::size_t> by_name;
  std::vector<std::uint64_t> written;  ///< Bytes of each tensor; each is touched by one thread at a time.

  ~State() {
    if (file) ::unlink(part.c_str());
  }
};

namespace {

Status write_at(const Descriptor& file, const std::string& path, std::uint64_t offset,
                std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(path, "write", "pwrite", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return ok();
}

/// Whether the open file is still the one that the path names: between open and lock another writer may have finished
/// and given it its final name.
bool is_named(const Descriptor& file, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(file.get(), &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

Result<Descriptor> open_part(const std::string& part, const std::string& path) {
  Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file) return errno_error(path, "create", "open", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !is_named(file, part))
    return Error{path + ": another process is writing this file; wait until it ends"};
  if (::ftruncate(file.get(), 0) != 0) return errno_error(path, "empty", "ftruncate", errno);
  return file;
}

/// Makes the new name survive a power loss, where the file system can.
void sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Descriptor handle(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle) ::fsync(handle.get());
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&&) noexcept = default;
SafetensorsWriter::~SafetensorsWriter() = default;

Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path,
                                                    std::span<const TensorSpec> specs, const Metadata& metadata) {
  Result<Layout> layout = lay_out(specs, metadata);
  if (!layout) return Error{fmt::format("{}: {}", path.string(), layout.error().message)};
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->part = state->path + ".part";
  state->layout = *std::move(layout);
  state->written.resize(state->layout.tensors.size());
  for (std::size_t i = 0; i < state->layout.tensors.size(); ++i) state->by_name[state->layout.tensors[i].name] = i;
  Result<Descriptor> file = open_part(state->part, state->path);
  if (!file) return std::move(file).error();
  state->file = *std::move(file);
  if (Status s = write_at(state->file, state->path, 0, std::as_bytes(std::span(state->layout.head))); !s)
    return s.error();
  return SafetensorsWriter(std::move(state));
}

const std::vector<TensorInfo>& SafetensorsWriter::tensors() const { return state_->layout.tensors; }

Status SafetensorsWriter::append(std::string_view name, std::span<const std::byte> bytes) {
  const auto found = state_->by_name.find(name);
  if (found == state_->by_name.end())
    return Error{fmt::format("{}: tensor {} is not in the file's list", state_->path, in_quotes(name))};
  const TensorInfo& tensor = state_->layout.tensors[found->second];
  std::uint64_t& written = state_->written[found->second];
  if (bytes.size() > tensor.bytes() - written)
    return Error{fmt::format("{}: tensor {}: {} bytes after {} of {}", state_->path, in_quotes(name), bytes.size(),
                             written, tensor.bytes())};
  const std::uint64_t offset = state_->layout.head.size() + tensor.begin + written;
  if (Status s = write_at(state_->file, state_->path, offset, bytes); !s) return s;
  written += bytes.size();
  return ok();
}

Status SafetensorsWriter::finish() {
  for (std::size_t i = 0; i < state_->written.size(); ++i) {
    const TensorInfo& tensor = state_->layout.tensors[i];
    if (state_->written[i] != tensor.bytes())
      return Error{fmt::format("{}: tensor {}: {} bytes of {} were written", state_->path, in_quotes(tensor.name),
                               state_->written[i], tensor.bytes())};
  }
  if (::fsync(state_->file.get()) != 0) return errno_error(state_->path, "sync", "fsync", errno);
  if (::rename(state_->part.c_str(), state_->path.c_str()) != 0)
    return errno_error(state_->path, "replace", "rename", errno);
  state_->file.close();
  sync_folder_of(state_->path);
  return ok();
}

// --- Shards ---

namespace {

std::string_view module_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == name.npos ? name : name.substr(0, dot);
}

/// Bytes of each tensor, which all have a size.
Result<std::vector<std::uint64_t>> sizes_of(std::span<const TensorSpec> specs) {
  Result<std::vector<TensorInfo>> sized = size_all(specs);
  if (!sized) return std::move(sized).error();
  if (Status s = check_unique(*sized); !s) return s.error();
  std::vector<std::uint64_t> sizes;
  for (const TensorInfo& tensor : *sized) sizes.push_back(tensor.bytes());
  return sizes;
}

/// The end of the run of tensors of one module that begins at `first`.
std::size_t end_of_module(std::span<const TensorSpec> specs, std::size_t first) {
  std::size_t end = first + 1;
  while (end < specs.size() && module_of(specs[end].name) == module_of(specs[first].name)) ++end;
  return end;
}

/// Fills one file after the other.
class Cutter {
 public:
  explicit Cutter(std::uint64_t limit) : limit_(limit), files_(1) {}

  /// Opens the next file if the current one, unless it is empty, has no room for so much more.
  void make_room(std::uint64_t bytes, std::size_t count) {
    const bool fits = bytes <= limit_ - std::min(limit_, used_) && files_.back().size() + count <= kTensorsOfAFile;
    if (fits || files_.back().empty()) return;
    files_.emplace_back();
    used_ = 0;
  }
  void add(const TensorSpec& spec, std::uint64_t bytes) {
    files_.back().push_back(spec);
    used_ += bytes;
  }
  std::vector<std::vector<TensorSpec>> take() { return std::move(files_); }

 private:
  std::uint64_t limit_, used_ = 0;
  std::vector<std::vector<TensorSpec>> files_;
};

}  // namespace

Result<std::vector<Shard>> plan_shards(std::span<const TensorSpec> specs, std::uint64_t limit) {
  const Result<std::vector<std::uint64_t>> sizes = sizes_of(specs);
  if (!sizes) return sizes.error();
  Cutter cutter(limit);
  for (std::size_t first = 0; first < specs.size();) {
    const std::size_t end = end_of_module(specs, first);
    std::uint64_t whole = 0;
    for (std::size_t i = first; i < end; ++i) whole += (*sizes)[i];
    cutter.make_room(whole, end - first);
    for (; first < end; ++first) {
      cutter.make_room((*sizes)[first], 1);
      cutter.add(specs[first], (*sizes)[first]);
    }
  }
  std::vector<std::vector<TensorSpec>> files = cutter.take();
  std::vector<Shard> shards;
  for (std::size_t i = 0; i < files.size(); ++i)
    shards.push_back(
        {files.size() == 1 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, files.size()),
         std::move(files[i])});
  return shards;
}

Result<std::string> index_json(std::span<const Shard> shards) {
  Json weight_map = Json::object();
  std::uint64_t total = 0;
  for (const Shard& shard : shards)
    for (const TensorSpec& spec : shard.tensors) {
      if (!weight_map.emplace(spec.name, shard.file).second)
        return Error{fmt::format("tensor {} twice", in_quotes(spec.name))};
      const auto bytes = bytes_of(spec.dtype, spec.shape);
      if (!bytes || __builtin_add_overflow(total, *bytes, &total))
        return Error{fmt::format("tensor {}: the size is over 64 bits, or not of whole bytes", in_quotes(spec.name))};
    }
  return pretty_json({{"metadata", {{"total_size", total}}}, {"weight_map", std::move(weight_map)}});
}

Status write_index(const std::filesystem::path& folder, std::span<const Shard> shards) {
  if (shards.size() < 2) return ok();
  const auto index = index_json(shards);
  if (!index) return index.error();
  return write_file(folder / "model.safetensors.index.json", *index);
}

Status copy_tensor(const SafetensorsFile& from, const TensorInfo& tensor, SafetensorsWriter& writer) {
  constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;
  std::vector<std::byte> piece;
  for (std::uint64_t at = 0; at < tensor.bytes(); at += piece.size()) {
    piece.resize(std::min(kPiece, tensor.bytes() - at));
    if (Status s = from.read(tensor, at, piece); !s) return s;
    if (Status s = writer.append(tensor.name, piece); !s) return s;
  }
  return ok();
}

}  // namespace assay::artifact
