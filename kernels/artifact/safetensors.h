// safetensors: the file format of checkpoints, read as if a stranger had made the file to harm its reader.
//
// A file is eight bytes with the length N of the header (little endian), N bytes of JSON, then the tensors' bytes. The
// format is simple enough that its readers trust it; their published flaws are a list of what this one refuses:
//   - N is bounded and compared with the file by subtraction: N + 8 may wrap (ztxz16/fastllm#712).
//   - Shapes are multiplied with overflow checks: a product that wraps to 0 has passed every later check
//     (google-ai-edge/LiteRT#9254). Sizes, offsets and the file's end must agree to the byte, so that there are no
//     holes to hide data in, no overlaps, nothing behind the last tensor.
//   - Only natural numbers: -1, 1e3 and 2^64 are read by many parsers as something else.
//   - No name twice, however spelled: readers differ on which one counts.
//   - Counts and ranks have limits: 100 MB of header hold two million entries.
// Only the header is kept in memory. Payloads are read by range with pread, not mapped: a file that is truncated while
// it is mapped kills the process that touches it, and no check before the touch can exclude that.
// Source: the format's description and reference reader, huggingface/safetensors (README.md,
// safetensors/src/tensor.rs). Tested by tests/artifact/safetensors_test.cc, tests/artifact/malformed_test.cc and
// scripts/fuzz.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/descriptor.h"
#include "harness/base/result.h"

namespace assay::artifact {

/// The element types of the format. All are known, so that a file that holds them can be read past and copied; those of
/// less than a byte an element too.
enum class Dtype : std::uint8_t {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
};

/// The name in a header, such as "F8_E4M3".
std::string_view to_string(Dtype);
std::optional<Dtype> dtype_from(std::string_view name);
/// Bits of one element.
unsigned bits_of(Dtype);

struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::U8;
  std::vector<std::uint64_t> shape;  ///< Empty for a scalar.
  std::uint64_t begin = 0, end = 0;  ///< Bytes, counted from the end of the header.

  std::uint64_t bytes() const { return end - begin; }
  std::uint64_t elements() const;  ///< 1 for a scalar.
};

/// Bytes of a tensor; nothing if the product overflows 64 bits or does not fill whole bytes.
std::optional<std::uint64_t> bytes_of(Dtype, std::span<const std::uint64_t> shape);

/// "[3584, 448]"; "[]" for a scalar.
std::string shape_text(std::span<const std::uint64_t> shape);

/// Names and values under "__metadata__"; transformers wants {"format": "pt"}.
using Metadata = std::map<std::string, std::string>;

struct Header {
  std::vector<TensorInfo> tensors;  ///< In the order of their bytes.
  Metadata metadata;
  std::uint64_t data = 0;  ///< Offset in the file at which the tensors' bytes begin.
};

/// What one file may hold. The reference reader has the first limit too; the others bound our memory.
inline constexpr std::uint64_t kHeaderBytes = 100'000'000;
inline constexpr std::size_t kTensorsOfAFile = 1u << 18;
inline constexpr std::size_t kRank = 64;

/// UTF-8 without control characters: what a name may be.
bool is_plain_text(std::string_view);

/// The length of the header that the first eight bytes state, compared with the file's.
Result<std::uint64_t> header_bytes(std::span<const std::byte> start, std::uint64_t file_bytes, std::string_view file);

/// Reads the header's text, of a file of `file_bytes` (at least 8 + text) named `file`. An error reads "FILE (offset
/// N): rule", the offset counted from the start of the file.
Result<Header> parse_header(std::string_view text, std::uint64_t file_bytes, std::string_view file);

/// One open file. Reading is thread-safe.
class SafetensorsFile {
 public:
  /// Follows a link: the owner of a folder that a stranger may have filled resolves links before (checkpoint.h).
  /// Messages call the file `shown`; by its path, if that is empty.
  static Result<SafetensorsFile> open(const std::filesystem::path&, std::string_view shown = {});

  const std::vector<TensorInfo>& tensors() const { return header_.tensors; }
  const Metadata& metadata() const { return header_.metadata; }
  const std::string& path() const { return path_; }
  /// Null if no tensor has this name.
  const TensorInfo* find(std::string_view name) const;

  /// Fills `out` with the tensor's bytes from `first` on. Error: beyond the tensor's end, or the file has been cut
  /// since it was opened.
  Status read(const TensorInfo&, std::uint64_t first, std::span<std::byte> out) const;
  /// Fills `out` with the tensor's elements from `first` on, each converted exactly: F32, F16, BF16, F8_E4M3, F8_E5M2,
  /// and U8 and BOOL as 0 to 255. Error: as above, or another dtype.
  Status read_floats(const TensorInfo&, std::uint64_t first, std::span<float> out) const;
  /// Error: the file's size or time of change is no longer what it was when it was opened.
  Status check_unchanged() const;

 private:
  struct Stamp {
    std::int64_t bytes = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  SafetensorsFile(std::string path, Descriptor file, Header header, Stamp stamp);
  static Result<Stamp> stamp_of(const Descriptor&, const std::string& path);

  std::string path_;
  Descriptor file_;
  Header header_;
  Stamp stamp_;
  std::vector<std::uint32_t> by_name_;  ///< Indices of the tensors, sorted by name.
};

}  // namespace assay::artifact
