#include "kernels/artifact/safetensors.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

#include "harness/base/json.h"
#include "harness/base/json_events.h"

namespace assay::artifact {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  unsigned bits;
};
constexpr std::array kDtypes = {
    DtypeRow{Dtype::BOOL, "BOOL", 8},
    DtypeRow{Dtype::F4, "F4", 4},
    DtypeRow{Dtype::F6_E2M3, "F6_E2M3", 6},
    DtypeRow{Dtype::F6_E3M2, "F6_E3M2", 6},
    DtypeRow{Dtype::U8, "U8", 8},
    DtypeRow{Dtype::I8, "I8", 8},
    DtypeRow{Dtype::F8_E5M2, "F8_E5M2", 8},
    DtypeRow{Dtype::F8_E4M3, "F8_E4M3", 8},
    DtypeRow{Dtype::F8_E8M0, "F8_E8M0", 8},
    DtypeRow{Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
    DtypeRow{Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
    DtypeRow{Dtype::I16, "I16", 16},
    DtypeRow{Dtype::U16, "U16", 16},
    DtypeRow{Dtype::F16, "F16", 16},
    DtypeRow{Dtype::BF16, "BF16", 16},
    DtypeRow{Dtype::I32, "I32", 32},
    DtypeRow{Dtype::U32, "U32", 32},
    DtypeRow{Dtype::F32, "F32", 32},
    DtypeRow{Dtype::C64, "C64", 64},
    DtypeRow{Dtype::F64, "F64", 64},
    DtypeRow{Dtype::I64, "I64", 64},
    DtypeRow{Dtype::U64, "U64", 64},
};
constexpr bool rows_stand_at_their_number() {
  for (std::size_t i = 0; i < kDtypes.size(); ++i)
    if (static_cast<std::size_t>(kDtypes[i].dtype) != i) return false;
  return true;
}
static_assert(rows_stand_at_their_number());

const DtypeRow& row_of(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)]; }

constexpr std::size_t kLengthBytes = 8;  ///< Before the header.

Error refusal(std::string_view file, std::uint64_t offset, std::string_view rule) {
  return {fmt::format("{} (offset {}): {}", file, offset, rule)};
}

// --- Header ---

/// An entry as it was written, and where.
struct Entry {
  TensorInfo info;
  std::size_t at = 0;  ///< Of its name in the header.
};

/// Reads the one form that a header may have. What is due next is a state; every other event is a fault.
class HeaderReader : public JsonEvents {
 public:
  std::vector<Entry> entries;
  Metadata metadata;

  Rule null(std::size_t) override { return unexpected("null"); }
  Rule boolean(bool, std::size_t) override { return unexpected("a boolean"); }
  Rule negative(std::int64_t, std::size_t) override { return unexpected("a negative number"); }
  Rule floating(double, std::size_t) override { return unexpected("a fraction, an exponent or a number over 64 bits"); }
  Rule natural(std::uint64_t value, std::size_t) override;
  Rule string(std::string& value, std::size_t) override;
  Rule key(std::string& name, std::size_t at) override;
  Rule start_object(std::size_t) override;
  Rule end_object(std::size_t) override;
  Rule start_array(std::size_t) override;
  Rule end_array(std::size_t) override;

 private:
  enum class Due {
    kHeader,
    kName,
    kMetadata,
    kMetadataKey,
    kMetadataValue,
    kEntry,
    kField,
    kDtype,
    kShape,
    kDimension,
    kOffsets,
    kOffset,
  };
  enum Field : unsigned { kHasDtype = 1, kHasShape = 2, kHasOffsets = 4 };

  Rule unexpected(std::string_view found) const;
  Rule name(std::string& name, std::size_t at);
  Rule field(std::string_view name);
  Rule once(Field field, std::string_view name, Due next);
  Rule end_entry();
  Rule in_entry(std::string_view rule) const {
    return fmt::format("tensor {}: {}", in_quotes(entries.back().info.name), rule);
  }
  Rule go(Due next) {
    due_ = next;
    return std::nullopt;
  }

  Due due_ = Due::kHeader;
  unsigned fields_ = 0;  ///< Of the entry being read.
  bool has_metadata_ = false;
  std::string metadata_key_;
  std::size_t offsets_ = 0;
};

JsonEvents::Rule HeaderReader::unexpected(std::string_view found) const {
  const auto expected = [&](std::string_view what) { return fmt::format("expected {}, found {}", what, found); };
  switch (due_) {
    case Due::kHeader:
      return expected("an object, the header");
    case Due::kName:
      return expected("a name");
    case Due::kMetadata:
      return "__metadata__: " + expected("an object");
    case Due::kMetadataKey:
      return "__metadata__: " + expected("a key");
    case Due::kMetadataValue:
      return fmt::format("__metadata__ {}: {}", in_quotes(metadata_key_), expected("a string"));
    case Due::kEntry:
      return in_entry(expected("an object with dtype, shape and data_offsets"));
    case Due::kField:
      return in_entry(expected("a field"));
    case Due::kDtype:
      return in_entry("dtype: " + expected("a string"));
    case Due::kShape:
      return in_entry("shape: " + expected("an array"));
    case Due::kDimension:
      return in_entry("shape: " + expected("an unsigned integer"));
    case Due::kOffsets:
      return in_entry("data_offsets: " + expected("an array"));
    case Due::kOffset:
      return in_entry("data_offsets: " + expected("an unsigned integer"));
  }
  return "unexpected";
}

JsonEvents::Rule HeaderReader::natural(std::uint64_t value, std::size_t) {
  TensorInfo* tensor = entries.empty() ? nullptr : &entries.back().info;
  if (due_ == Due::kDimension) {
    if (tensor->shape.size() == kRank) return in_entry(fmt::format("shape: more than {} dimensions", kRank));
    tensor->shape.push_back(value);
    return std::nullopt;
  }
  if (due_ != Due::kOffset) return unexpected("a number");
  if (offsets_ == 2) return in_entry("data_offsets: expected two numbers, found more");
  (offsets_++ == 0 ? tensor->begin : tensor->end) = value;
  return std::nullopt;
}

JsonEvents::Rule HeaderReader::string(std::string& value, std::size_t) {
  if (due_ == Due::kMetadataValue) {
    metadata[metadata_key_] = std::move(value);
    return go(Due::kMetadataKey);
  }
  if (due_ != Due::kDtype) return unexpected("a string");
  const std::optional<Dtype> dtype = dtype_from(value);
  if (!dtype) return in_entry(fmt::format("unknown dtype {}", in_quotes(value)));
  entries.back().info.dtype = *dtype;
  return go(Due::kField);
}

JsonEvents::Rule HeaderReader::key(std::string& text, std::size_t at) {
  if (due_ == Due::kName) return name(text, at);
  if (due_ == Due::kField) return field(text);
  // The parser gives a key only inside an object, and only the metadata is left.
  if (!is_plain_text(text)) return fmt::format("__metadata__: control character in key {}", in_quotes(text));
  if (metadata.contains(text)) return fmt::format("__metadata__: key {} twice", in_quotes(text));
  metadata_key_ = std::move(text);
  return go(Due::kMetadataValue);
}

JsonEvents::Rule HeaderReader::name(std::string& name, std::size_t at) {
  if (name == "__metadata__") {
    if (std::exchange(has_metadata_, true)) return Rule("__metadata__ twice");
    return go(Due::kMetadata);
  }
  if (!is_plain_text(name)) return fmt::format("tensor {}: control character in the name", in_quotes(name));
  if (entries.size() == kTensorsOfAFile) return fmt::format("more than {} tensors", kTensorsOfAFile);
  entries.push_back({.info = {.name = std::move(name)}, .at = at});
  fields_ = 0;
  return go(Due::kEntry);
}

JsonEvents::Rule HeaderReader::field(std::string_view name) {
  if (name == "dtype") return once(kHasDtype, name, Due::kDtype);
  if (name == "shape") return once(kHasShape, name, Due::kShape);
  if (name == "data_offsets") return once(kHasOffsets, name, Due::kOffsets);
  return in_entry(fmt::format("unknown field {}", in_quotes(name)));
}

JsonEvents::Rule HeaderReader::once(Field field, std::string_view name, Due next) {
  if ((fields_ & field) != 0) return in_entry(fmt::format("{} twice", name));
  fields_ |= field;
  return go(next);
}

JsonEvents::Rule HeaderReader::start_object(std::size_t) {
  if (due_ == Due::kHeader) return go(Due::kName);
  if (due_ == Due::kMetadata) return go(Due::kMetadataKey);
  if (due_ == Due::kEntry) return go(Due::kField);
  return unexpected("an object");
}

JsonEvents::Rule HeaderReader::end_object(std::size_t) {
  if (due_ == Due::kField) return end_entry();
  return go(Due::kName);  // Of the metadata, or of the header, after which the parser lets nothing follow.
}

JsonEvents::Rule HeaderReader::start_array(std::size_t) {
  if (due_ == Due::kShape) return go(Due::kDimension);
  if (due_ != Due::kOffsets) return unexpected("an array");
  offsets_ = 0;
  return go(Due::kOffset);
}

JsonEvents::Rule HeaderReader::end_array(std::size_t) {
  if (due_ == Due::kOffset && offsets_ != 2)
    return in_entry(fmt::format("data_offsets: expected two numbers, found {}", offsets_));
  return go(Due::kField);
}

JsonEvents::Rule HeaderReader::end_entry() {
  for (const auto& [field, name] : {std::pair{kHasDtype, "dtype"}, {kHasShape, "shape"}, {kHasOffsets, "data_offsets"}})
    if ((fields_ & field) == 0) return in_entry(fmt::format("{} is missing", name));
  const TensorInfo& tensor = entries.back().info;
  if (tensor.end < tensor.begin)
    return in_entry(fmt::format("data_offsets [{}, {}]: the end is before the begin", tensor.begin, tensor.end));
  const auto bytes = bytes_of(tensor.dtype, tensor.shape);
  const std::string what = fmt::format("{} {}", to_string(tensor.dtype), shape_text(tensor.shape));
  if (!bytes) return in_entry(fmt::format("{}: the size is over 64 bits, or not of whole bytes", what));
  if (*bytes != tensor.bytes())
    return in_entry(fmt::format("{} takes {} bytes, data_offsets span {}", what, *bytes, tensor.bytes()));
  return go(Due::kName);
}

std::optional<JsonFault> find_name_twice(const std::vector<Entry>& entries) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::ranges::sort(sorted, [](const Entry* a, const Entry* b) {
    return std::tie(a->info.name, a->at) < std::tie(b->info.name, b->at);
  });
  const auto same =
      std::ranges::adjacent_find(sorted, {}, [](const Entry* e) { return std::string_view(e->info.name); });
  if (same == sorted.end()) return std::nullopt;
  return JsonFault{same[1]->at, fmt::format("tensor {} twice", in_quotes(same[1]->info.name))};
}

/// Entries in the order of their bytes must fill the data, each beginning where the one before ends.
std::optional<JsonFault> find_gap(const std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    const TensorInfo& tensor = entry.info;
    const std::string who = fmt::format("tensor {}", in_quotes(tensor.name));
    if (tensor.begin > end)
      return JsonFault{entry.at,
                       fmt::format("{}: begins at byte {}, but the tensors before it end at {}: holes are refused", who,
                                   tensor.begin, end)};
    if (tensor.begin < end)
      return JsonFault{entry.at, fmt::format("{}: begins at byte {}, inside of what ends at {}: tensors overlap", who,
                                             tensor.begin, end)};
    if (tensor.end > data_bytes)
      return JsonFault{entry.at,
                       fmt::format("{}: ends at byte {}, but the file has {} bytes of data: it has been cut; fetch "
                                   "it again",
                                   who, tensor.end, data_bytes)};
    end = tensor.end;
  }
  return std::nullopt;
}

std::optional<JsonFault> find_bad_frame(std::string_view text) {
  if (!text.starts_with('{')) return JsonFault{0, "the header does not begin with '{'; is this a safetensors file?"};
  const std::size_t last = text.find_last_not_of(' ');
  if (text[last] == '}') return std::nullopt;
  return JsonFault{last, fmt::format("the header ends in byte {:#04x}; only spaces may follow its '}}'",
                                     static_cast<unsigned char>(text[last]))};
}

}  // namespace

// --- Dtypes and shapes ---

std::string_view to_string(Dtype dtype) { return row_of(dtype).name; }
unsigned bits_of(Dtype dtype) { return row_of(dtype).bits; }

std::optional<Dtype> dtype_from(std::string_view name) {
  const auto* row = std::ranges::find(kDtypes, name, &DtypeRow::name);
  if (row == kDtypes.end()) return std::nullopt;
  return row->dtype;
}

std::uint64_t TensorInfo::elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

std::optional<std::uint64_t> bytes_of(Dtype dtype, std::span<const std::uint64_t> shape) {
  std::uint64_t bits = bits_of(dtype);
  for (const std::uint64_t dimension : shape)
    if (__builtin_mul_overflow(bits, dimension, &bits)) return std::nullopt;
  if (bits % 8 != 0) return std::nullopt;
  return bits / 8;
}

std::string shape_text(std::span<const std::uint64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

bool is_plain_text(std::string_view name) {
  const auto obeyed = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return std::ranges::none_of(name, obeyed) && clean_utf8(name) == name;
}

// --- Parser ---

Result<std::uint64_t> header_bytes(std::span<const std::byte> start, std::uint64_t file_bytes, std::string_view file) {
  if (file_bytes < kLengthBytes || start.size() < kLengthBytes)
    return refusal(file, 0, fmt::format("{} bytes, too short for the 8-byte length of the header", file_bytes));
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<std::uint64_t>(start[i]) << (8 * i);
  if (length > kHeaderBytes)
    return refusal(
        file, 0,
        fmt::format("header of {} bytes, over the limit of {}; is this a safetensors file?", length, kHeaderBytes));
  if (length > file_bytes - kLengthBytes)
    return refusal(
        file, 0,
        fmt::format("header of {} bytes in a file of {}: it has been cut; fetch it again", length, file_bytes));
  return length;
}

Result<Header> parse_header(std::string_view text, std::uint64_t file_bytes, std::string_view file) {
  const auto refuse = [&](const JsonFault& fault) { return refusal(file, kLengthBytes + fault.offset, fault.rule); };
  if (const auto fault = find_bad_frame(text)) return refuse(*fault);
  HeaderReader reader;
  if (const auto fault = read_json_events(text, reader, "number beyond every range")) return refuse(*fault);
  if (const auto fault = find_name_twice(reader.entries)) return refuse(*fault);
  std::ranges::stable_sort(reader.entries, {}, [](const Entry& e) { return std::pair(e.info.begin, e.info.end); });
  const std::uint64_t data = kLengthBytes + text.size(), data_bytes = file_bytes - data;
  if (const auto fault = find_gap(reader.entries, data_bytes)) return refuse(*fault);
  const std::uint64_t end = reader.entries.empty() ? 0 : reader.entries.back().info.end;
  if (end != data_bytes)
    return refusal(file, data + end, fmt::format("{} bytes behind the last tensor", data_bytes - end));
  Header header{.metadata = std::move(reader.metadata), .data = data};
  header.tensors.reserve(reader.entries.size());
  for (Entry& entry : reader.entries) header.tensors.push_back(std::move(entry.info));
  return header;
}

// --- File ---

namespace {

/// All of `out` from `offset` on.
Status read_at(const Descriptor& file, const std::string& path, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(path, "read", "pread", errno);
    if (count == 0) return refusal(path, offset, "the file ends here; it has been cut since it was opened");
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return ok();
}

Result<Header> read_header(const Descriptor& file, const std::string& path, std::uint64_t file_bytes) {
  std::array<std::byte, kLengthBytes> start{};
  if (file_bytes >= kLengthBytes)
    if (Status s = read_at(file, path, 0, start); !s) return s.error();
  const Result<std::uint64_t> length = header_bytes(start, file_bytes, path);
  if (!length) return length.error();
  std::string text(*length, '\0');
  if (Status s = read_at(file, path, kLengthBytes, std::as_writable_bytes(std::span(text))); !s) return s.error();
  return parse_header(text, file_bytes, path);
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::string path, Descriptor file, Header header, Stamp stamp)
    : path_(std::move(path)),
      file_(std::move(file)),
      header_(std::move(header)),
      stamp_(stamp),
      by_name_(header_.tensors.size()) {
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::ranges::sort(by_name_, {}, [&](std::uint32_t i) { return std::string_view(header_.tensors[i].name); });
}

Result<SafetensorsFile::Stamp> SafetensorsFile::stamp_of(const Descriptor& file, const std::string& path) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return errno_error(path, "stat", "fstat", errno);
  return Stamp{facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path, std::string_view shown) {
  std::string name = shown.empty() ? path.string() : std::string(shown);
  Result<Descriptor> file = open_regular(path.string(), Links::kFollow);
  if (!file) return std::move(file).error();
  const Result<Stamp> stamp = stamp_of(*file, name);
  if (!stamp) return stamp.error();
  Result<Header> header = read_header(*file, name, static_cast<std::uint64_t>(stamp->bytes));
  if (!header) return std::move(header).error();
  return SafetensorsFile(std::move(name), *std::move(file), *std::move(header), *stamp);
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto by = [&](std::uint32_t i) { return std::string_view(header_.tensors[i].name); };
  const auto at = std::ranges::lower_bound(by_name_, name, {}, by);
  return at != by_name_.end() && by(*at) == name ? &header_.tensors[*at] : nullptr;
}

Status SafetensorsFile::read(const TensorInfo& tensor, std::uint64_t first, std::span<std::byte> out) const {
  if (first > tensor.bytes() || out.size() > tensor.bytes() - first)
    return Error{fmt::format("{}: tensor {}: bytes {} to {} of {} asked for", path_, in_quotes(tensor.name), first,
                             first + out.size(), tensor.bytes())};
  return read_at(file_, path_, header_.data + tensor.begin + first, out);
}

Status SafetensorsFile::check_unchanged() const {
  const Result<Stamp> now = stamp_of(file_, path_);
  if (!now) return now.error();
  if (*now == stamp_) return ok();
  return Error{path_ + ": has changed since it was opened; let the other program finish, then start again"};
}

}  // namespace assay::artifact
