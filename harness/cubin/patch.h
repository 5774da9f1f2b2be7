// Single edits of a cubin, on a copy, with the bytes that changed.
//
// An edited image answers one question: what does a loader read? So each function makes one edit, starts from an image
// of which every rule was checked (`check_patchable`), refuses an old value that is not the expected one, and returns
// the edited copy with its byte diff. Nothing here writes in place. From sm_100 on an image holds its code and its
// metadata twice (`.text.K` and `.nv.capmerc.text.K`, `.nv.info.K` and `.nv.merc.nv.info.K`), so an edit names the
// section that it touches; `compare_code` says which copies two images share. Tested by tests/cubin/patch_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/cubin/elf.h"

namespace assay::cubin {

/// Where the SM byte of an ABI 8 image lies: bits 8-15 of e_flags.
constexpr std::size_t kSmOffset = 0x31;

struct ByteEdit {
  std::uint64_t offset = 0;  ///< In the file.
  std::uint8_t was = 0, is = 0;
  bool operator==(const ByteEdit&) const = default;
};

/// An edited copy; `edits` holds each byte that differs from the source, in order, and is never empty.
struct Patched {
  std::vector<std::byte> image;
  std::vector<ByteEdit> edits;
};

/// Every rule that an image must keep before a byte of it is edited: ABI 8, known e_flags, whole metadata records.
Status check_patchable(const Elf&);

/// Whether images of ABI 8 carry this SM number.
bool is_known_sm(int sm);

/// The SM byte, from `expected_sm` to `new_sm`; both must be SM numbers that ABI 8 images carry.
Result<Patched> patch_sm(std::span<const std::byte> image, int expected_sm, int new_sm);

/// What becomes of a record's head; its length stays. PAD is attribute::kPad with the format as it was.
struct Relabel {
  std::optional<std::uint8_t> format, attribute;
};
/// The only record with this attribute in one section, such as ".nv.merc.nv.info.kernel".
Result<Patched> patch_info_record(std::span<const std::byte> image, std::string_view section, std::uint8_t attribute,
                                  Relabel);
/// The same in `.nv.info.K` and in its Mercury copy, both of which must hold the record.
Result<Patched> patch_info_record_twice(std::span<const std::byte> image, std::string_view kernel,
                                        std::uint8_t attribute, Relabel);
/// One byte of the value of the only record with this attribute: of its half word, or with format SVAL of its payload.
Result<Patched> patch_info_value(std::span<const std::byte> image, std::string_view section, std::uint8_t attribute,
                                 std::size_t index, std::uint8_t was, std::uint8_t is);

/// The only occurrence of a 32-bit word (little-endian, at any byte) in one section, such as a constant in the code.
Result<Patched> patch_word(std::span<const std::byte> image, std::string_view section, std::uint32_t was,
                           std::uint32_t is);

/// One byte anywhere.
Result<Patched> patch_byte(std::span<const std::byte> image, std::uint64_t offset, std::uint8_t was, std::uint8_t is);

/// What becomes of a symbol; what is not named stays.
struct SymbolEdit {
  std::optional<std::uint8_t> info;      ///< Binding and type.
  std::optional<std::uint16_t> section;  ///< 0 undefines it, 0xfff1 makes it absolute.
  std::optional<std::uint64_t> value;
};
/// The only symbol of this name in `.symtab` or `.nv.merc.symtab`.
Result<Patched> patch_symbol(std::span<const std::byte> image, std::string_view table, std::string_view symbol,
                             const SymbolEdit&);
/// Renames it in the string table; the new name has as many bytes as the old one. Refuses bytes of which another name
/// begins inside; `.symtab` and `.nv.merc.symtab` read the same string, so both see the new name.
Result<Patched> rename_symbol(std::span<const std::byte> image, std::string_view symbol, std::string_view new_name);

// --- Comparing two images ---

enum class Match { identical, different, only_in_first, only_in_second };

/// One `.text.K` or `.nv.capmerc.text.K`, by name.
struct CodeMatch {
  std::string section;
  Match match = Match::identical;
};

/// Bytes outside of the code that differ; offsets are those of the first image.
struct Difference {
  std::string section;  ///< Empty: header, tables or padding.
  std::uint64_t offset = 0, size = 0;
};

struct CodeComparison {
  std::vector<CodeMatch> code;
  std::vector<Difference> other;  ///< Images of one size byte for byte, others section for section.

  /// Whether both hold the same `.text.*` sections with the same bytes: a run of one then says nothing of the other's
  /// instructions.
  bool text_identical() const;
  /// The same of `.nv.capmerc.text.*`; true where neither has any.
  bool capmerc_identical() const;
};

Result<CodeComparison> compare_code(std::span<const std::byte> first, std::span<const std::byte> second);

}  // namespace assay::cubin
