// The container in which nvcc and the CUDA libraries keep images for several targets: reader only.
//
// A container is {u32 magic, u16 version 1, u16 header 16, u64 size} and entries that fill that size; an entry is a
// header of 64 bytes or more (name and options follow in it) and a payload that is padded to 8: PTX, a cubin or LTO IR,
// stored as it is or packed with LZ4 or zstd. A host library holds containers, one after another, in its `.nv_fatbin`
// section, and one wrapper for each in `.nvFatBinSegment`. All of it is untrusted: ranges are checked by subtraction,
// and nothing is inflated beyond `kInflatedLimit`, whatever a header claims. Tested by tests/cubin/fatbin_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace assay::cubin {

/// Values that the format gives them; others occur in no file of CUDA 13.0 and are listed as they are.
enum class EntryKind : std::uint16_t { ptx = 1, cubin = 2, lto_ir = 8 };
enum class Packing { stored, lz4, zstd };

/// The largest payload that is inflated.
constexpr std::uint64_t kInflatedLimit = std::uint64_t{256} << 20;

/// One entry; the views are parts of the file.
struct FatbinEntry {
  std::uint64_t offset = 0;     ///< Of its header, in the file.
  std::uint64_t container = 0;  ///< Offset of the container that holds it.
  EntryKind kind{};
  Packing packing = Packing::stored;
  int major = 0, minor = 0;  ///< PTX ISA version; for a cubin 1.8 (ABI 8) or 1.7 (ABI 7).
  int sm = 0;                ///< What the driver picks by; it compares the image's own number afterwards.
  std::uint64_t flags = 0;
  std::uint64_t size = 0;  ///< Of the payload once inflated, with its padding where it is stored.
  std::string_view name;
  std::span<const std::byte> options;  ///< Compiler options as text; or, for a cubin, a copy of its `.nv.compat`.
  std::span<const std::byte> payload;  ///< As in the file; without padding where it is packed.
};

/// 'a', 'f' or ' ', from the flags.
char suffix_of(const FatbinEntry&);
bool has_debug(const FatbinEntry&);
/// Whether the options are a copy of `.nv.compat` rather than text.
bool has_compat_options(const FatbinEntry&);

/// Whether a file starts as a container does.
bool is_fatbin(std::span<const std::byte> file);
/// Whether a file starts as any ELF image does.
bool is_elf(std::span<const std::byte> file);
/// Whether a file starts as an ELF image for some other machine than a GPU does.
bool is_host_elf(std::span<const std::byte> file);

/// The entries of the containers that fill a file, zeros between them apart. Error: offset and rule.
Result<std::vector<FatbinEntry>> read_fatbin(std::span<const std::byte> file);

/// What a host library, object or program holds.
struct HostFatbins {
  std::vector<FatbinEntry> entries;
  std::size_t wrappers = 0;  ///< Rows of `.nvFatBinSegment`: what the program registers with the driver.
};
/// Reads `.nv_fatbin` and `__nv_relfatbin` of a host ELF file; no entries where it has neither.
Result<HostFatbins> find_fatbins(std::span<const std::byte> file);

/// The payload, inflated where it is packed. Error: a claim over the limit, a stream that is damaged or of another
/// size.
Result<std::vector<std::byte>> inflate(const FatbinEntry&);

}  // namespace assay::cubin
